"""Pacemaker: what a cluster does when nodes are lost, and what of it somebody has switched off."""

from __future__ import annotations

from fournines.audit.change import Below, Change, new_value, without_word
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.pacemaker import clusters
from fournines.audit.systems.resources import Value, seconds
from fournines.findings import Severity

EXPLAINED = "Pacemaker Explained"


@rule("PCM001", Severity.ERROR, Effect.DATA, "Fencing is switched off",
      consequence="A node that does not answer is taken for dead: its services start a second time, and "
                  "shared or replicated data diverges.",
      fix="configure a fencing device for each node, then set stonith-enabled=true",
      source=f"{EXPLAINED}, fencing-enabled", errata=("E046",),
      versions="called fencing-enabled since Pacemaker 3.0.2")
def fencing_off(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for name in ("stonith-enabled", "fencing-enabled"):
            given = cluster.properties.get(name)
            if given is not None and given.off:
                yield Hit(given.at, f"{name} is {given.text}")


@rule("PCM002", Severity.ERROR, Effect.OUTAGE, "No fencing device",
      consequence="Pacemaker starts nothing; and after the loss of a node nothing fails over, because nobody "
                  "can make sure that the node is off.",
      fix="one tested device (or topology) for each node: primitive fence_n1 stonith:fence_redfish ...",
      source=f"crm_verify; {EXPLAINED}, Fencing", errata=("E045", "E016"))
def no_device(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        if not cluster.primitives or cluster.fences or (cluster.fencing is not None and cluster.fencing.off):
            continue
        watchdog = cluster.setting("stonith-watchdog-timeout", "fencing-watchdog-timeout")
        if watchdog is None or seconds(watchdog) == 0:
            yield Hit(cluster.at, "there is no fencing device, and fencing is on")


@rule("PCM003", Severity.ERROR, Effect.DATA, "Loss of quorum is ignored",
      consequence="Both halves of a partition run all resources: two databases, two holders of each address.",
      fix="remove it; with two nodes, two_node: 1 in corosync.conf keeps quorum, together with fencing",
      source=f"{EXPLAINED}, no-quorum-policy; votequorum(5)", errata=("E044", "E007"))
def quorum_ignored(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        policy = cluster.setting("no-quorum-policy")
        if policy is not None and policy.text == "ignore":
            fenced = "" if cluster.fences else ", and nothing fences the other half"
            yield Hit(policy.at, f"no-quorum-policy is ignore{fenced}",
                      change=without_word("no-quorum-policy", policy.text, policy.at.column))


@rule("PCM004", Severity.ERROR, Effect.PERSON, "Management was switched off and left so",
      consequence="The next failure is not noticed, or noticed and not repaired.",
      fix="switch it on again: crm node ready, crm resource manage, crm configure property "
          "maintenance-mode=false",
      source=f"{EXPLAINED}, maintenance-mode")
def management_off(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for name in ("maintenance-mode", "stop-all-resources"):
            given = cluster.properties.get(name)
            if given is not None and given.on:
                yield Hit(given.at, f"{name} is on")
        managed = cluster.properties.get("is-managed-default")
        if managed is not None and managed.off:
            yield Hit(managed.at, "is-managed-default is off")
        yield from (Hit(each.at, each.text) for each in cluster.standby)
        for id, meta in (*((each.id, each.meta) for each in cluster.primitives),
                         *((each.id, each.meta) for each in cluster.containers)):
            yield from _left_off(id, meta.get("is-managed"), meta.get("maintenance"), meta.get("target-role"))


def _left_off(id: str, managed: Value | None, maintenance: Value | None, target: Value | None) -> Hits:
    if managed is not None and managed.off:
        yield Hit(managed.at, f"{id} is not managed")
    if maintenance is not None and maintenance.on:
        yield Hit(maintenance.at, f"{id} is in maintenance")
    if target is not None and target.text.lower() in ("stopped", "slave", "unpromoted"):
        yield Hit(target.at, f"{id} is held {target.text}")


@rule("PCM013", Severity.WARNING, Effect.SLOW, "No resource stickiness",
      consequence="A node that was repaired pulls its services back: a second outage for every failure.",
      fix="rsc_defaults resource-stickiness=100", source=f"{EXPLAINED}, resource-stickiness",
      errata=("E049",))
def no_stickiness(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        kept = [each for each in cluster.primitives if not each.fences
                and not any(container.kind != "group" for container in cluster.around(each.id))]
        loose = [each.id for each in kept
                 if (option := cluster.option(each, "resource-stickiness")) is None
                 or option.text in ("0", "-0")]
        if loose and len(loose) == len(kept):
            at = cluster.resource_defaults.get("resource-stickiness")
            yield Hit(at.at if at else cluster.at, "resource-stickiness is 0 for every resource",
                      change=new_value("resource-stickiness", at.text, "100", at.at.column) if at
                      else Below(("rsc_defaults resource-stickiness=100",), at_end=True))


_DEFAULTS = {"migration-threshold": "3", "failure-timeout": "2h"}


@rule("PCM014", Severity.WARNING, Effect.PERSON, "A failure is retried for ever, or bans for ever",
      consequence="A monitor that fails restarts its resource on the same bad node again and again; one "
                  "failed start on each node leaves the service down until somebody cleans up.",
      fix="rsc_defaults migration-threshold=3 failure-timeout=2h", source=f"{EXPLAINED}, migration-threshold",
      errata=("E050",))
def failures_kept(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        resources = [each for each in cluster.primitives if not each.fences]
        for name in ("migration-threshold", "failure-timeout"):
            if resources and not any(cluster.option(each, name) for each in resources):
                yield Hit(cluster.at, f"{name} is set nowhere",
                          change=Below((f"rsc_defaults {name}={_DEFAULTS[name]}",), at_end=True))


@rule("PCM015", Severity.ERROR, Effect.BLIND, "Failures are forgotten before they are handled",
      consequence="A failure can be ignored completely, and the resource is never recovered.",
      fix="a failure-timeout of hours, well above every timeout of an operation",
      source=f"{EXPLAINED}, failure-timeout")
def forgotten_failures(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.primitives:
            option = cluster.option(each, "failure-timeout")
            longest_s = max((cluster.timeout_s(operation) for operation in each.operations), default=0.0)
            if option is not None and 0 < seconds(option) <= longest_s:
                yield Hit(option.at, f"failure-timeout is {option.text}, and an operation of {each.id} may "
                                     f"take {longest_s:g} s")


@rule("PCM016", Severity.ERROR, Effect.OUTAGE, "A move or ban that was left behind",
      consequence="The resource cannot run there even if it is the last node, or goes back at once.",
      fix="crm resource clear RESOURCE", source="Pacemaker Administration, moving resources")
def left_behind(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.locations:
            if each.id.startswith(("cli-ban-", "cli-prefer-", "cli-standby-")) and not each.ruled:
                yield Hit(each.at, f"{each.id} keeps {each.resource} {'off' if 'ban' in each.id else 'on'} "
                                   f"{each.node or 'a node'}")


@rule("PCM017", Severity.ERROR, Effect.OUTAGE, "A resource that only one node may run",
      consequence="It is in a cluster for nothing: with its node it is gone.",
      fix="allow it on a second node", source=f"{EXPLAINED}, symmetric-cluster")
def pinned(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        symmetric = cluster.setting("symmetric-cluster")
        opt_in = symmetric is not None and symmetric.off
        for each in cluster.primitives:
            names = {each.id, *(around.id for around in cluster.around(each.id))}
            own = [location for location in cluster.locations if location.resource in names
                   and not location.ruled]
            infinite = [location for location in own
                        if location.score.lower().lstrip("+") in ("inf", "infinity")]
            banned = {location.node for location in own if location.score.lower() in ("-inf", "-infinity")}
            allowed = {location.node for location in own if not location.score.startswith("-")}
            if each.fences or not own:
                continue
            left = allowed if opt_in else {*cluster.nodes} - banned
            if (opt_in and len(allowed) == 1) or (not opt_in and len(cluster.nodes) > 1 and len(left) == 1):
                yield Hit((infinite or own)[0].at, f"{each.id} may run on {', '.join(sorted(left))} alone")


@rule("PCM023", Severity.WARNING, Effect.SLOW, "A property that takes from the cluster's safety",
      consequence="Nodes that were never seen are trusted, a clean shutdown does not fail over, or recovery "
                  "is slower than it has to be.",
      fix="leave it at its default", source=f"{EXPLAINED}, cluster options", errata=("E047", "E048"))
def risky_properties(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for name, what in (("startup-fencing", "nodes that were never seen are not fenced"),
                           ("concurrent-fencing", "nodes are fenced one after another")):
            given = cluster.properties.get(name)
            if given is not None and given.off:
                yield Hit(given.at, f"{name} is off: {what}", change=_without(name, given))
        lock = cluster.properties.get("shutdown-lock")
        if lock is not None and lock.on:
            yield Hit(lock.at, "shutdown-lock is on: what ran on a node that is shut down stays down",
                      change=_without("shutdown-lock", lock))
        delay = cluster.properties.get("transition-delay")
        if delay is not None and seconds(delay) > 0:
            yield Hit(delay.at, f"every recovery waits {delay.text} first",
                      change=_without("transition-delay", delay))
        recheck = cluster.properties.get("cluster-recheck-interval")
        if recheck is not None and seconds(recheck, 900) < 900:
            yield Hit(recheck.at, "cluster-recheck-interval is shorter than its default, which Pacemaker has "
                                  "not needed since 2.0.3", Severity.INFO,
                      change=_without("cluster-recheck-interval", recheck))
        for name, kept in (("pe-error-series-max", 4000), ("pe-warn-series-max", 5000),
                           ("pe-input-series-max", 4000)):
            series = cluster.properties.get(name)
            if series is not None and series.text.isdecimal() and 0 < int(series.text[:9]) < kept:
                yield Hit(series.at, f"{name} keeps less history than the default of {kept}", Severity.INFO,
                          change=_without(name, series))


def _without(name: str, given: Value) -> Change:
    return without_word(name, given.text, given.at.column)
