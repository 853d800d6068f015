"""Fencing: whether every node can be made sure to be off, and nobody shoots in vain."""

from __future__ import annotations

import re

from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.corosync import memberships
from fournines.audit.systems.pacemaker import clusters
from fournines.audit.systems.resources import Cluster, Primitive, seconds
from fournines.findings import Severity

EXPLAINED = "Pacemaker Explained"
TOYS = frozenset(("external/ssh", "ssh", "fence_dummy", "null", "fence_null", "meatware", "fence_ack_manual",
                  "external/vmware-none", "suicide"))
ON_BOARD = re.compile(r"fence_(?:ipmilan|idrac|ilo[0-9]?(?:_[a-z]+)?|redfish|imm|cisco_ucs)|external/ipmi")


def _covers(device: Primitive) -> frozenset[str] | None:
    """The nodes that a device can fence; None for all, or for whatever it finds out itself."""
    listed = device.parameter("pcmk_host_list", "hostlist", "hostname")
    mapped = device.parameter("pcmk_host_map")
    if listed is not None:
        return frozenset(re.split(r"[\s,;]+", listed.text.strip()))
    if mapped is not None:
        return frozenset(pair.partition(":")[0] for pair in re.split(r"[\s;]+", mapped.text.strip()))
    return None


def _uncovered(cluster: Cluster) -> tuple[str, ...]:
    covered: set[str] = {level.target for level in cluster.levels}
    for device in cluster.fences:
        nodes = _covers(device)
        if nodes is None:
            return ()
        covered |= nodes
    return tuple(node for node in cluster.nodes if node not in covered)


@rule("FEN001", Severity.ERROR, Effect.OUTAGE, "A node that nothing can fence",
      consequence="When that node is lost the whole cluster waits, and nothing fails over.",
      fix="a device with the node in its pcmk_host_list or pcmk_host_map", source=f"{EXPLAINED}, Fencing")
def cannot_be_fenced(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for node in _uncovered(cluster) if cluster.fences else ():
            yield Hit(cluster.fences[0].at, f"no fencing device covers {node}")
        for device in cluster.fences:
            for node in sorted((_covers(device) or frozenset()) - {*cluster.nodes} if cluster.nodes else ()):
                yield Hit(device.at, f"{device.id} is for {node}, which is no node of this cluster")


@rule("FEN002", Severity.ERROR, Effect.DATA, "A fencing device that is a toy",
      consequence="It works as long as the node does, and not when it is really dead; or claims to have "
                  "worked.",
      fix="a device that takes the power or the storage from the node", source=f"{EXPLAINED}, Fencing")
def toys(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for device in cluster.fences:
            if device.agent.removeprefix("stonith:") in TOYS:
                yield Hit(device.at, f"{device.id} is {device.agent.removeprefix('stonith:')}")


@rule("FEN003", Severity.WARNING, Effect.OUTAGE, "Fencing that dies with its node",
      consequence="A node that loses its power takes its management processor with it: fencing cannot "
                  "succeed, and the cluster stands still.",
      fix="a second level that does not hang on the node's own power: a switched outlet, or SBD",
      source=f"{EXPLAINED}, Fencing topologies")
def on_board_only(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        devices = [device for device in cluster.fences if device.agent.removeprefix("stonith:") not in TOYS]
        alone = devices and all(ON_BOARD.fullmatch(device.agent.removeprefix("stonith:"))
                                for device in devices)
        where = [address.text for device in devices
                 if (address := device.parameter("ip", "ipaddr", "ipport"))]
        shared = len(where) > len(set(where))   # one that serves several nodes sits in none of them
        for device in devices if alone and not shared else ():
            yield Hit(device.at, f"{device.id} sits in the node that it fences, and nothing stands behind it")


@rule("FEN004", Severity.ERROR, Effect.OUTAGE, "Two nodes may fence each other",
      consequence="When their network splits both shoot at once, and both are off.",
      fix="priority-fencing-delay=30 with a priority for what matters, or pcmk_delay_base on one of the "
          "devices",
      source=f"{EXPLAINED}, priority-fencing-delay")
def duel(cloud: Cloud) -> Hits:
    arbiter = any(membership.has_device for membership in memberships(cloud))
    for cluster in clusters(cloud):
        delayed = any(device.parameter("pcmk_delay_base", "pcmk_delay_max") for device in cluster.fences)
        priority = cluster.setting("priority-fencing-delay")
        safe = delayed or arbiter or (priority is not None and seconds(priority) > 0)
        if len(cluster.nodes) == 2 and cluster.fences and not safe:
            yield Hit(cluster.fences[0].at, "nothing lets one of the two nodes shoot first")


@rule("FEN005", Severity.ERROR, Effect.OUTAGE, "Fencing is given up before it can have worked",
      consequence="The device does its work, Pacemaker counts it as failed, and nothing fails over.",
      fix="a stonith-timeout above what the slowest device takes, with some to spare",
      source=f"{EXPLAINED}, stonith-timeout; sbd(8)")
def impatient_fencing(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        limit = cluster.setting("stonith-timeout", "fencing-timeout")
        limit_s = seconds(limit, 60.0)
        for device in cluster.fences:
            for name in ("pcmk_reboot_timeout", "pcmk_off_timeout", "power_timeout", "shell_timeout", "delay",
                         "pcmk_delay_base", "pcmk_delay_max"):
                value = device.parameter(name)
                if value is not None and seconds(value) >= limit_s and not name.startswith("pcmk_reboot"):
                    yield Hit(value.at, f"{name} of {device.id} is {value.text}, and fencing may take "
                                        f"{limit_s:g} s")


@rule("FEN006", Severity.ERROR, Effect.DATA, "SBD with the wrong times",
      consequence="A node takes itself for alive after the others have taken it for dead.",
      fix="stonith-watchdog-timeout at least twice SBD_WATCHDOG_TIMEOUT", source="sbd(8)")
def sbd_times(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        watchdog = cluster.setting("stonith-watchdog-timeout", "fencing-watchdog-timeout")
        limit = cluster.setting("stonith-timeout", "fencing-timeout")
        if watchdog is not None and limit is not None and 0 < seconds(limit) <= seconds(watchdog):
            yield Hit(watchdog.at, f"the watchdog takes {watchdog.text}, and fencing is given up after "
                                   f"{limit.text}")


@rule("FEN008", Severity.ERROR, Effect.OUTAGE, "SBD without a disk, and two members alone",
      consequence="The loss of one is the loss of both: sbd wants to see the other, and resets the member "
                  "that is left.",
      fix="a quorum device on a third machine, a third member, or sbd with a shared disk", source="sbd(8)")
def watchdog_of_two(cloud: Cloud) -> Hits:
    alone = [each for each in memberships(cloud)
             if len(each.nodes) == 2 and each.value("quorum", "two_node") == "1" and not each.has_device]
    for cluster in clusters(cloud) if alone else ():
        watchdog = cluster.setting("stonith-watchdog-timeout", "fencing-watchdog-timeout")
        by_itself = watchdog is not None and watchdog.text.startswith("-")
        if watchdog is not None and (by_itself or seconds(watchdog) > 0):
            yield Hit(watchdog.at, f"stonith-watchdog-timeout is {watchdog.text}, and there are two members, "
                                   "with two_node and no quorum device")
