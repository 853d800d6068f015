"""DRBD: two copies that stay one, and what happens when they do not see each other."""

from __future__ import annotations

import re

from fournines.audit.change import Swap, new_value
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.corosync import memberships
from fournines.audit.systems.drbd import Resource, Setting, resources
from fournines.audit.systems.pacemaker import clusters
from fournines.findings import Place, Severity

MANUAL = "drbd.conf(5)"
LOCAL = frozenset(("xfs", "ext3", "ext4", "btrfs"))


@rule("DRB001", Severity.ERROR, Effect.DATA, "Writes that are acknowledged before both copies have them",
      consequence="What was acknowledged last is lost with the primary; DRBD 8.3 refuses a resource without "
                  "a protocol.",
      fix="net { protocol C; }", source=f"{MANUAL}, protocol", errata=("E056",))
def not_synchronous(cloud: Cloud) -> Hits:
    for resource in resources(cloud):
        protocol = resource.net("protocol")
        if protocol is None:
            yield Hit(resource.at, f"{resource.name} names no protocol: 8.3 refuses it, later ones take C",
                      Severity.WARNING)
        elif protocol.value.upper() in ("A", "B"):
            yield Hit(protocol.at, f"{resource.name} replicates with protocol {protocol.value.upper()}",
                      change=new_value("protocol", protocol.value, "C"))


@rule("DRB002", Severity.ERROR, Effect.DATA, "Replication without fencing",
      consequence="The link breaks, then the primary dies: the outdated copy is promoted and the newer data "
                  "is thrown away; or both sides are primary.",
      fix="net { fencing resource-and-stonith; } (DRBD 8: in disk), with handlers that fence the peer",
      source=f"{MANUAL}, fencing; Clusters from Scratch, DRBD", errata=("E055",))
def no_fencing(cloud: Cloud) -> Hits:
    unfenced = [cluster for cluster in clusters(cloud)
                if cluster.primitives and (not cluster.fences or (cluster.fencing and cluster.fencing.off))]
    for resource in resources(cloud):
        policy = resource.fencing
        if policy is None or policy.value == "dont-care":
            yield Hit(policy.at if policy else resource.at, f"{resource.name} has no fencing policy")
        elif policy.value == "resource-only":
            yield Hit(policy.at, f"{resource.name} marks the peer outdated, which needs a second way to it",
                      Severity.WARNING)
        elif policy.value == "resource-and-stonith" and unfenced:
            yield Hit(policy.at, f"{resource.name} waits for a node to be fenced, and Pacemaker fences none")


@rule("DRB003", Severity.ERROR, Effect.OUTAGE, "Handlers of fencing that are missing, or of another version",
      consequence="I/O stands still for ever; or the constraint stays and the peer can never be promoted.",
      fix="fence-peer and unfence-peer with crm-fence-peer.9.sh and crm-unfence-peer.9.sh (DRBD 8: "
          "crm-fence-peer.sh and, after-resync-target, crm-unfence-peer.sh)",
      source=f"{MANUAL}, handlers")
def handlers(cloud: Cloud) -> Hits:
    for resource in resources(cloud):
        policy = resource.fencing
        if policy is None or policy.value == "dont-care":
            continue
        fence = resource.setting("handlers", "fence-peer")
        after = resource.setting("handlers",
                                 "unfence-peer") or resource.setting("handlers", "after-resync-target")
        if fence is None:
            yield Hit(policy.at, f"{resource.name} has the policy {policy.value} and no handler fence-peer")
        elif after is None:
            yield Hit(fence.at, f"{resource.name} fences its peer and nothing ever lifts that")
        for handler in (fence, after):
            if handler is not None and resource.new and re.search(r"crm-(?:un)?fence-peer\.sh",
                                                                  handler.value):
                yield Hit(handler.at, "the handler is that of DRBD 8")


@rule("DRB004", Severity.ERROR, Effect.DATA, "Two primaries under a file system for one",
      consequence="Two nodes mount it at once and destroy it.", fix="remove allow-two-primaries",
      source=f"{MANUAL}, allow-two-primaries")
def two_primaries(cloud: Cloud) -> Hits:
    kinds = {kind.text for cluster in clusters(cloud) for each in cluster.of_type("Filesystem")
             if (kind := each.parameter("fstype")) is not None}
    for resource in resources(cloud):
        both = resource.net("allow-two-primaries")
        if both is not None and both.on and (not kinds or kinds & LOCAL):
            yield Hit(both.at, f"{resource.name} may be primary on both sides",
                      change=Swap(r"\ballow-two-primaries(?:\s+yes)?\s*;", ""))


_DISCARDING = re.compile(r"discard-.*|violently.*|call-pri-lost-after-sb")


@rule("DRB005", Severity.ERROR, Effect.DATA, "A split brain that is resolved by throwing data away",
      consequence="The newer database can be the one that is thrown away, and nobody is told.",
      fix="after-sb-0pri, -1pri and -2pri disconnect, and a handler split-brain that tells somebody",
      source=f"{MANUAL}, after-sb-*")
def discards(cloud: Cloud) -> Hits:
    for resource in resources(cloud):
        for key in ("after-sb-0pri", "after-sb-1pri", "after-sb-2pri", "rr-conflict"):
            setting = resource.net(key)
            if setting is not None and _DISCARDING.fullmatch(setting.value.split(" ")[0] if setting.value
                                                             else ""):
                if setting.value == "discard-zero-changes":
                    continue   # one side has written nothing: there is nothing to lose
                yield Hit(setting.at, f"{key} of {resource.name} is {setting.value}",
                          change=new_value(key, setting.value, "disconnect"))


@rule("DRB006", Severity.WARNING, Effect.BLIND, "A failing disc that stays attached",
      consequence="The node reads from its peer, block by block, and the redundancy is gone without a word.",
      fix="disk { on-io-error detach; }", source=f"{MANUAL}, on-io-error")
def not_detached(cloud: Cloud) -> Hits:
    for resource in resources(cloud):
        policy = resource.setting("disk", "on-io-error")
        if policy is not None and policy.value == "pass_on":
            yield Hit(policy.at, f"on-io-error of {resource.name} is pass_on",
                      change=new_value("on-io-error", "pass_on", "detach"))
        elif (policy is not None and policy.value == "call-local-io-error"
              and resource.setting("handlers", "local-io-error") is None):
            yield Hit(policy.at, f"{resource.name} calls a handler that is not there")


def _number(setting: Setting | None, default: int) -> int:
    number = setting is not None and re.fullmatch(r"[0-9]{1,9}", setting.value)
    return int(setting.value) if setting is not None and number else default


@rule("DRB007", Severity.WARNING, Effect.SLOW, "Timers of replication that contradict each other",
      consequence="Writes stand still longer than the failover takes, or a healthy link is cut.",
      fix="the defaults: timeout 60 (6 s), connect-int 10, ping-int 10, ping-timeout 5, ko-count 7",
      source=f"{MANUAL}, timeout")
def network_timers(cloud: Cloud) -> Hits:
    for resource in resources(cloud):
        timeout, count = resource.net("timeout"), resource.net("ko-count")
        timeout_s = _number(timeout, 60) / 10
        for key in ("connect-int", "ping-int"):
            other = resource.net(key)
            if (timeout or other) and timeout_s >= _number(other, 10):
                at = timeout or other
                assert at is not None
                yield Hit(at.at, f"timeout of {resource.name} is {timeout_s:g} s, and {key} "
                                 f"{_number(other, 10)} s")
        if count is not None and count.value == "0":
            yield Hit(count.at, f"ko-count of {resource.name} is 0: a peer that hangs stops all writes for "
                                "ever", change=new_value("ko-count", "0", "7"))


@rule("DRB008", Severity.WARNING, Effect.BLIND, "Copies that nobody compares, peers that nobody asks who "
                                                "they are",
      consequence="That the copies differ is found out at the failover.",
      fix="net { verify-alg sha256; cram-hmac-alg sha256; shared-secret ...; }, and verify each month",
      source=f"{MANUAL}, verify-alg", errata=("E057",))
def never_compared(cloud: Cloud) -> Hits:
    for resource in resources(cloud):
        missing = [what for key,
                   what in (("verify-alg", "no verify-alg"), ("cram-hmac-alg", "no cram-hmac-alg"))
                   if resource.net(key) is None]
        if missing:
            yield Hit(resource.at, f"{resource.name} has {' and '.join(missing)}",
                      Severity.WARNING if "no verify-alg" in missing else Severity.INFO)


@rule("DRB009", Severity.ERROR, Effect.OUTAGE, "Hosts, ports or devices that do not fit",
      consequence="The resource does not come up on that node: there is no second copy, or no service.",
      fix="the names of the nodes as uname -n gives them; a port for each resource",
      source=f"{MANUAL}, on, address")
def does_not_fit(cloud: Cloud) -> Hits:
    known = {name for cluster in clusters(cloud) for name in cluster.nodes}
    taken: dict[tuple[str, str], Resource] = {}
    names = {resource.name for resource in resources(cloud)}
    for resource in resources(cloud):
        for host in resource.hosts:
            if known and host.name not in known:
                yield Hit(host.at, f"{resource.name} is on {host.name}, which is no node of the cluster")
            for address in host.addresses:
                other = taken.setdefault((host.name, address.value), resource)
                if other.name != resource.name:
                    yield Hit(address.at, f"{resource.name} and {other.name} have the same address and port")
    for cluster in clusters(cloud) if names else ():
        for each in cluster.of_type("drbd"):
            wanted = each.parameter("drbd_resource")
            if wanted is not None and wanted.text not in names:
                yield Hit(wanted.at, f"{each.id} is for the resource {wanted.text}, which is nowhere "
                                     "configured")


@rule("TOP003", Severity.ERROR, Effect.DATA, "Two nodes, and nobody to decide between them",
      consequence="When they do not see each other, both have half of the votes: either everything stops, or "
                  "both go on.",
      fix="a third node or a quorum device on a third machine; at the least two_node: 1 and tested fencing",
      source="corosync-qdevice(8); votequorum(5)", errata=("E051",))
def no_arbiter(cloud: Cloud) -> Hits:
    arbiter = any(membership.has_device or len(membership.nodes) > 2 for membership in memberships(cloud))
    fenced = any(cluster.fences and not (cluster.fencing and cluster.fencing.off)
                 for cluster in clusters(cloud))
    hosts: dict[str, Place] = {}
    for resource in resources(cloud):
        hosts |= {host.name: host.at for host in resource.hosts}
    if len(hosts) == 2 and not arbiter and not fenced and (memberships(cloud) or clusters(cloud)):
        yield Hit(next(iter(hosts.values())), f"{' and '.join(sorted(hosts))} hold everything, without a "
                                              "third vote and without fencing")
