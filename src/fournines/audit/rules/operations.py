"""Pacemaker: how it starts, stops and watches a resource, and with which agent."""

from __future__ import annotations

from fournines.audit.change import Swap, new_value, without_word
from fournines.audit.cloud import Cloud
from fournines.audit.knowledge.agents import exists, unknown_parameters
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.goal import detection_s
from fournines.audit.systems.pacemaker import clusters
from fournines.audit.systems.resources import PROMOTED, UNPROMOTED, Cluster, Operation, Primitive
from fournines.findings import Severity

EXPLAINED = "Pacemaker Explained"


@rule("PCM005", Severity.ERROR, Effect.OUTAGE, "A resource that nobody watches",
      consequence="Pacemaker never notices that the service has died.",
      fix="op monitor interval=10s timeout=20s", source=f"{EXPLAINED}, Monitoring resources for failure")
def unwatched(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.primitives:
            if not each.agent:
                continue   # its template may have one
            off = [monitor for monitor in each.monitors
                   if (enabled := monitor.settings.get("enabled")) is not None and enabled.off]
            if len(off) == len(each.monitors):
                yield Hit(off[0].at if off else each.at, f"{each.id} has no monitor"
                          f"{' that is enabled' if off else ''}", Severity.WARNING if each.fences else None)


@rule("PCM006", Severity.ERROR, Effect.OUTAGE, "A promotable resource that is not watched in both roles",
      consequence="A dead primary is not noticed, or a stale secondary is found only when it is needed.",
      fix="two monitors with different intervals: 29s role=Promoted and 31s role=Unpromoted",
      source=f"{EXPLAINED}, Monitoring promotable clone resources")
def one_role_watched(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for container in cluster.containers:
            each = cluster.resources.get(container.members[0].text) if container.members else None
            if not container.promotable or each is None or not each.monitors:
                continue
            roles = {monitor.role for monitor in each.monitors}
            if not roles & PROMOTED:
                yield Hit(each.monitors[0].at, f"{each.id} is not watched where it is promoted")
            if not roles & {*UNPROMOTED, "", "Started"}:
                yield Hit(each.monitors[0].at, f"{each.id} is not watched where it is not promoted")
            seen: dict[float, Operation] = {}
            for monitor in each.monitors:
                if seen.setdefault(monitor.interval_s, monitor) is not monitor:
                    yield Hit(monitor.at, f"two monitors of {each.id} have the interval "
                                          f"{monitor.interval_s:g} s: one is ignored")


_STARTING = ("start", "stop", "promote", "demote", "notify")


@rule("PCM007", Severity.ERROR, Effect.OUTAGE, "An operation may take less time than its agent asks for",
      consequence="A slow but normal recovery counts as failed: a start bans the node, a stop has it fenced, "
                  "a monitor restarts a loaded service.",
      fix="at least what the agent advises; see crm ra info AGENT", source="the agents' meta-data",
      errata=("E063", "E064", "E069", "E086"))
def impatient(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.primitives:
            known = cluster.knowledge(each)
            if known is None:
                continue
            promotable = any(container.promotable for container in cluster.around(each.id))
            used = [name for name in _STARTING if name in ("start", "stop") or promotable]
            short = [(name, each.operation(name)) for name in used]
            yield from _impatient(cluster, each, short)
            yield from _impatient(cluster, each, [("monitor", monitor) for monitor in each.monitors])


def _impatient(cluster: Cluster, each: Primitive, operations: list[tuple[str, Operation | None]]) -> Hits:
    known = cluster.knowledge(each)
    unset = []
    for name, operation in operations:
        advised_s = known.timeouts_s.get(name, 0.0) if known else 0.0
        given_s = cluster.timeout_s(operation)
        if given_s >= advised_s:
            continue
        if operation is None:
            unset.append(f"{name} ({given_s:g} s by default, advised {advised_s:g} s)")
        else:
            yield Hit(operation.at, f"{name} of {each.id} may take {given_s:g} s, and its agent advises "
                                    f"{advised_s:g} s", Severity.WARNING if name == "monitor" else None,
                      change=_patient(operation, advised_s))
    if unset:
        yield Hit(each.at, f"{each.id} sets no timeout for {', '.join(unset)}")


def _patient(operation: Operation, advised_s: float) -> Swap | None:
    limit = operation.settings.get("timeout")
    if limit is None or limit.at.line != operation.at.line:
        return None
    return new_value("timeout", limit.text, f"{advised_s:g}s", limit.at.column)


@rule("PCM008", Severity.ERROR, Effect.DATA, "A failure that is to be passed over",
      consequence="A stop that failed is taken for done: the resource is started elsewhere while it still "
                  "runs here.",
      fix="remove on-fail: Pacemaker then fences after a failed stop, and restarts after anything else",
      source=f"{EXPLAINED}, on-fail")
def passed_over(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.primitives:
            for operation in each.operations:
                policy = operation.settings.get("on-fail")
                if policy is None:
                    continue
                wrong = (policy.text == "ignore" or (operation.name == "stop" and policy.text == "block")
                         or (operation.name == "monitor" and policy.text in ("stop", "block")))
                if wrong:
                    yield Hit(policy.at, f"{operation.name} of {each.id} has on-fail={policy.text}",
                              None if operation.name == "stop" else Severity.WARNING,
                              change=without_word("on-fail", policy.text, policy.at.column))


_ROLES = {"Master": "Promoted", "Slave": "Unpromoted"}


@rule("PCM020", Severity.WARNING, Effect.BLIND, "Syntax that newer versions drop",
      consequence="After an upgrade to Pacemaker 3 resources and constraints are gone.",
      fix="clone with meta promotable=true promoted-max=1; roles Promoted and Unpromoted",
      source="Pacemaker ChangeLog, 3.0.0", errata=("E064", "E070"), versions="removed in Pacemaker 3.0")
def old_syntax(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for container in cluster.containers:
            if container.kind in ("ms", "master"):
                yield Hit(container.at, f"{container.kind} {container.id} is a promotable clone now")
            for name in ("master-max", "master-node-max"):
                if name in container.meta:
                    yield Hit(container.meta[name].at, f"{name} is called "
                                                       f"{name.replace('master', 'promoted')}",
                              change=Swap(rf"\b{name}=", name.replace("master", "promoted") + "="))
        for each in cluster.primitives:
            for operation in each.operations:
                if operation.role in ("Master", "Slave"):
                    yield Hit(operation.at, f"the role {operation.role} of {each.id} is called "
                                            f"{_ROLES[operation.role]}",
                              change=new_value("role", operation.role, _ROLES[operation.role]))
        for colocation in cluster.colocations:
            if {colocation.role, colocation.with_role} & {"Master", "Slave"}:
                yield Hit(colocation.at,
                          f"{colocation.id} names a role that is called Promoted or Unpromoted",
                          change=Swap(r":Master\b", ":Promoted"))


@rule("PCM021", Severity.ERROR, Effect.OUTAGE, "An agent or parameter that does not exist",
      consequence="The resource does not start on any node, or ignores what was meant.",
      fix="the name as in: crm ra list ocf PROVIDER, crm ra info AGENT",
      source="the agents' meta-data (Debian 12), and the repository of OpenStack's agents",
      errata=("E092", "E127", "E129"))
def no_such_agent(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.primitives:
            known = cluster.knowledge(each)
            if not exists(each.agent):
                yield Hit(each.at, f"there is no agent {each.agent}")
            if known is None:
                continue
            for name in sorted(unknown_parameters(each.agent, frozenset(each.parameters))):
                yield Hit(each.parameters[name].at, f"{each.type} has no parameter {name}")
            for name in sorted(known.required - each.parameters.keys()):
                yield Hit(each.at, f"{each.id} does not set {name}, which its agent needs")


@rule("PCM028", Severity.WARNING, Effect.SLOW, "A failure that is noticed late",
      consequence="A service that has died is down for this long before anybody does anything about it.",
      fix="the interval that the agent advises", source="the agents' meta-data", errata=("E083",))
def rarely_watched(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        if cluster.ours:
            continue   # its intervals are derived from the promise of its cluster file
        for each in cluster.primitives:
            known = cluster.knowledge(each)
            promotable = any(container.promotable for container in cluster.around(each.id))
            for monitor in each.monitors:
                slow = monitor.interval_s > detection_s(cloud) and known is not None and not promotable
                if slow and known is not None and 0 < known.interval_s < monitor.interval_s:
                    yield Hit(monitor.at, f"{each.id} is looked at every {monitor.interval_s:g} s, and its "
                                          f"agent advises {known.interval_s:g} s",
                              change=_sooner(monitor, known.interval_s))


def _sooner(monitor: Operation, advised_s: float) -> Swap | None:
    interval = monitor.settings.get("interval")
    return new_value("interval", interval.text, f"{advised_s:g}s", interval.at.column) if interval else None


@rule("FSY001", Severity.WARNING, Effect.OUTAGE, "A file system of which only the mount is checked",
      consequence="A dead disc, or one that the kernel has made read-only, is not noticed.",
      fix="op monitor interval=20s timeout=40s OCF_CHECK_LEVEL=20", source="ocf_heartbeat_Filesystem(7)",
      errata=("E066",))
def shallow_check(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.of_type("Filesystem"):
            levels = [monitor.settings.get("OCF_CHECK_LEVEL") for monitor in each.monitors]
            watched = any(cluster.resources[name].monitors for name in cluster.beside(each.id)
                          if name in cluster.resources and name != each.id
                          and cluster.resources[name].type not in ("IPaddr2", "IPaddr", "drbd", "Filesystem"))
            if levels and not any(level is not None and level.text in ("10", "20") for level in levels):
                yield Hit(each.monitors[0].at, f"{each.id} is checked for being mounted, not for working",
                          Severity.INFO if watched else None,
                          change=Swap(r"(\bmonitor\b)", r"\1 OCF_CHECK_LEVEL=20"))
