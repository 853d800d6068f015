"""Keepalived: elections that end with one master, on a node whose load balancer lives."""

from __future__ import annotations

from collections.abc import Iterator

from fournines.audit.change import Below, Change, new_value
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.haproxy import balancers
from fournines.audit.systems.keepalived import (
    LONGEST_PASSWORD,
    Instance,
    groups,
    instances,
    routers,
    vips,
)
from fournines.audit.systems.pacemaker import addresses
from fournines.findings import Severity

MANUAL = "keepalived.conf(5)"


@rule("KAD001", Severity.ERROR, Effect.DATA, "Router ids clash, or differ between peers",
      consequence="Groups with one id silence each other, and peers with two never hear each other: the VIP "
                  "flaps, or is on two nodes.",
      fix="one virtual_router_id for each set of VIPs, the same on all its peers and used by nobody else on "
          "the network", source=MANUAL)
def router_ids(cloud: Cloud) -> Hits:
    for group in groups(cloud):
        for instance in group[1:]:
            if instance.value("virtual_router_id") != group[0].value("virtual_router_id"):
                yield Hit(instance.place("virtual_router_id"),
                          f"{instance.name} has the router id "
                          f"{instance.value('virtual_router_id') or 'none'}, and on {group[0].node} "
                          f"{group[0].value('virtual_router_id') or 'none'}")
    taken: dict[tuple[str, str], Instance] = {}
    for instance in instances(cloud):
        key = (instance.value("virtual_router_id"), instance.value("interface"))
        other = taken.setdefault(key, instance)
        if key[0] and other.addresses != instance.addresses and other.addresses and instance.addresses:
            yield Hit(instance.place("virtual_router_id"),
                      f"{instance.name} uses the router id {key[0]}, as does {other.name} on {other.node} "
                      "for other VIPs")


@rule("KAD002", Severity.ERROR, Effect.SLOW, "The election is not decided by the configuration",
      consequence="Two nodes take the VIP at once, or it jumps back when a repaired node returns, and every "
                  "connection is cut twice.",
      fix="state BACKUP and nopreempt on all peers, with a different priority on each", source=MANUAL)
def election(cloud: Cloud) -> Hits:
    for group in groups(cloud):
        priorities: dict[int, Instance] = {}
        first_master: Instance | None = None
        for instance in group:
            other = priorities.setdefault(instance.priority, instance)
            if other is not instance:
                yield Hit(instance.place("priority"), f"{instance.name} has the priority {instance.priority} "
                                                      f"here and on {other.node}")
            if instance.value("state").upper() == "MASTER":
                if first_master is not None:
                    yield Hit(instance.place("state"), f"{instance.name} begins as MASTER here and on "
                                                       f"{first_master.node}", change=_backup(instance))
                first_master = first_master or instance
    for instance in instances(cloud):
        if instance.value("state").upper() != "MASTER":
            continue
        if instance.setting("nopreempt") is not None:
            yield Hit(instance.place("nopreempt"), f"nopreempt of {instance.name} is ignored, since it "
                                                   "begins as MASTER")
        else:
            yield Hit(instance.place("state"), f"{instance.name} takes its VIP back whenever this node "
                                               "returns",
                      Severity.WARNING, change=_backup(instance))


def _backup(instance: Instance) -> Change:
    return new_value("state", instance.value("state"), "BACKUP")


@rule("KAD003", Severity.ERROR, Effect.OUTAGE, "The load balancer is not tracked",
      consequence="HAProxy dies and the VIP stays with its node: every API is unreachable until somebody "
                  "looks.",
      fix="a vrrp_script that asks HAProxy, with interval, timeout, fall and rise, and track_script in the "
          "instance",
      source=MANUAL)
def untracked(cloud: Cloud) -> Hits:
    balancing = {balancer.node for balancer in balancers(cloud)}
    for router in routers(cloud):
        synced = {member for block in router.blocks if block.kind == "vrrp_sync_group"
                  and (block.setting("track_script") or block.setting("track_process"))
                  for setting in block.settings if setting.words[0] == "group"
                  for inner in setting.inner for member in inner}
        for instance in router.instances:
            tracks = instance.setting("track_script") or instance.setting("track_process")
            if not tracks and instance.name not in synced and instance.addresses:
                here = router.node in balancing
                yield Hit(instance.at, f"{instance.name} keeps its VIP whatever happens to "
                                       f"{'HAProxy' if here else 'the service behind it'}",
                          None if here else Severity.WARNING)


@rule("KAD004", Severity.ERROR, Effect.OUTAGE, "A failing check cannot move the VIP",
      consequence="The script fails, the priority sinks, and the node is still the first: the VIP stays.",
      fix="leave weight out (a failure is then a fault), or make it larger than the largest difference of "
          "priorities",
      source=MANUAL)
def weight_too_small(cloud: Cloud) -> Hits:
    scripts = {(router.node, block.name): block for router in routers(cloud) for block in router.blocks
               if block.kind == "vrrp_script"}
    for group in groups(cloud):
        lowest = min(instance.priority for instance in group)
        for instance in group:
            for name, given in _tracked(instance):
                block = scripts.get((instance.node, name))
                weight = given or (block.number("weight", 0) if block is not None else 0)
                ahead = instance.priority - lowest
                if weight and ahead and ahead >= abs(weight):
                    yield Hit(block.place("weight") if block is not None else instance.at,
                              f"{name} takes {abs(weight):g} from the priority of {instance.name}, which is "
                              f"{ahead} ahead of its peers' lowest")


def _tracked(instance: Instance) -> Iterator[tuple[str, float]]:
    """Scripts of track_script, with the weight given there: ``name weight -20``."""
    for setting in instance.settings:
        for inner in setting.inner if setting.words[0] == "track_script" else ():
            text = inner[2].removeprefix("-") if inner[1:2] == ("weight",) and len(inner) > 2 else ""
            yield inner[0], float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


@rule("KAD005", Severity.ERROR, Effect.DATA, "Peers do not agree",
      consequence="A node that its peer does not hear, or whose adverts it drops, becomes master beside it.",
      fix="write all peers' files from one source: each names all others in unicast_peer, with the same "
          "advert_int and authentication", source=MANUAL)
def peers_disagree(cloud: Cloud) -> Hits:
    versions = {router.node: router.version for router in routers(cloud)}
    for group in groups(cloud):
        for instance in group[1:]:
            for keyword in ("advert_int", "version"):
                ours, theirs = instance.value(keyword), group[0].value(keyword)
                if ours != theirs:
                    yield Hit(instance.place(keyword), f"{instance.name} has {keyword} "
                                                       f"{ours or 'by default'}, and "
                                                       f"{theirs or 'the default'} on {group[0].node}")
            if _secret(instance) != _secret(group[0]):
                yield Hit(instance.place("authentication"), f"{instance.name} authenticates otherwise than "
                                                            f"on {group[0].node}")
            if versions[instance.node] != versions[group[0].node]:
                yield Hit(instance.at, f"{instance.name} speaks VRRP version {versions[instance.node]}, and "
                                       f"{versions[group[0].node]} on {group[0].node}")
        yield from _unicast(group)
    for instance in instances(cloud):
        for word in _secret(instance):
            if len(word) > LONGEST_PASSWORD:
                yield Hit(instance.place("authentication"), f"auth_pass of {instance.name} is longer than "
                          f"{LONGEST_PASSWORD} characters; the rest is cut off", Severity.WARNING)


def _secret(instance: Instance) -> tuple[str, ...]:
    setting = instance.setting("authentication")
    return tuple(inner[1] for inner in (setting.inner if setting else ())
                 if inner[0] == "auth_pass" and len(inner) > 1)


def _unicast(group: tuple[Instance, ...]) -> Iterator[Hit]:
    sources = {instance.node: instance.value("unicast_src_ip") for instance in group}
    for instance in group:
        own, at = sources[instance.node], instance.place("unicast_peer")
        if not instance.peers and any(other.peers for other in group):
            yield Hit(at, f"{instance.name} uses multicast, and its peers unicast")
        if own and own in instance.peers:
            yield Hit(at, f"{instance.name} names itself ({own}) as a peer")
        missing = [source for node, source in sources.items()
                   if source and node != instance.node and instance.peers and source not in instance.peers]
        if missing:
            yield Hit(at, f"{instance.name} does not name its peer {', '.join(missing)}")


@rule("KAD006", Severity.ERROR, Effect.OUTAGE, "An address that Keepalived and Pacemaker both move",
      consequence="Each puts it up on a node of its own choice: two nodes answer for one address.",
      fix="leave it to one of the two", source="keepalived.conf(5), virtual_ipaddress; "
                                               "ocf_heartbeat_IPaddr2(7)")
def moved_twice(cloud: Cloud) -> Hits:
    for address, (_, resource) in addresses(cloud).items():
        if address in vips(cloud):
            yield Hit(resource.at, f"{address} is {resource.id} and a virtual_ipaddress of Keepalived")


@rule("KAD007", Severity.WARNING, Effect.SECURITY, "Check scripts run unguarded",
      consequence="A script that others can write is run as root; one without a timeout that hangs is no "
                  "failure, so the VIP stays.",
      fix="enable_script_security and script_user in global_defs, and timeout in each vrrp_script",
      source=MANUAL)
def scripts(cloud: Cloud) -> Hits:
    for router in routers(cloud):
        blocks = [block for block in router.blocks if block.kind == "vrrp_script"]
        defaults = router.block("global_defs")
        if blocks and not router.includes and (defaults is None
                                               or not defaults.setting("enable_script_security")):
            yield Hit(defaults.at if defaults else blocks[0].at, "scripts run without enable_script_security")
        for block in blocks:
            if block.setting("timeout") is None:
                limit = block.value("interval", "1")   # which is what holds without a timeout
                yield Hit(block.at, f"vrrp_script {block.name} has no timeout",
                          change=Below((f"timeout {limit}",)) if limit.isdecimal() else None)


@rule("KAD008", Severity.WARNING, Effect.BLIND, "VRRP version 3 does not authenticate",
      consequence="The password looks like a protection and is none: version 3 has no authentication, so any "
                  "host on the network can take the VIP.",
      fix="remove authentication, use unicast_peer, and let only the peers' addresses send protocol 112",
      source="RFC 5798, section 9; keepalived.conf(5)")
def authentication_in_version_3(cloud: Cloud) -> Hits:
    for router in routers(cloud):
        for instance in router.instances:
            version = int(instance.number("version", router.version))
            if version == 3 and instance.setting("authentication") is not None:
                yield Hit(instance.place("authentication"), f"authentication of {instance.name} is ignored")
