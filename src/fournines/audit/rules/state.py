"""What is wrong now, from what commands on nodes print: redundancy that is used up before a failure."""

from __future__ import annotations

import re
from collections import Counter

from fournines.artifacts import crm_mon, drbd_status, wsrep_status
from fournines.audit.cloud import Cloud, File
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.galera import servers
from fournines.findings import Severity

_OUTAGE_S = 1800.0
"""A planned outage of a member that should not cost a whole state transfer."""

_DEFAULT_GCACHE = 128 << 20
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_MEMBER = {"unclean": "is to be fenced, and is not yet", "pending": "is still joining"}
_MEMBER_BY_HAND = {"standby": "is in standby", "maintenance": "is in maintenance"}
_RESOURCE = {"failed": "has failed", "blocked": "is blocked after a failed stop",
             "orphaned": "runs, and is in no configuration any more"}


def _clusters(cloud: Cloud) -> list[tuple[File, crm_mon.Document]]:
    """Each cluster once, as a node tells it that has a coordinator."""
    found: dict[frozenset[str], tuple[File, crm_mon.Document]] = {}
    for file, state in cloud.documents(crm_mon.Document):
        names = frozenset(each.name for each in state.members)
        if names not in found or not found[names][1].coordinator:
            found[names] = file, state
    return list(found.values())


@rule("PCM026", Severity.ERROR, Effect.OUTAGE, "The cluster has failures now",
      consequence="Redundancy is used up: the next failure is the first that clients notice.",
      fix="repair what it says, then crm_resource --cleanup", source="crm_mon(8)")
def present_failures(cloud: Cloud) -> Hits:
    for file, state in _clusters(cloud):
        if not state.coordinator:
            yield Hit(file.at(), "no node is the coordinator: nothing is decided")
        elif not state.quorum:
            yield Hit(file.at(), "there is no quorum")
        for member in state.members:
            if not member.states & {"online", "standby"}:
                yield Hit(file.at(member.line), f"{member.name} is offline")
            for name in sorted(member.states & _MEMBER.keys()):
                yield Hit(file.at(member.line), f"{member.name} {_MEMBER[name]}")
            for name in sorted(member.states & _MEMBER_BY_HAND.keys()):
                yield Hit(file.at(member.line), f"{member.name} {_MEMBER_BY_HAND[name]}", Severity.WARNING)
        yield from _resources(file, state)
        for each in state.failures:
            yield Hit(file.at(each.line), f"{each.resource} has failed {each.count} times on {each.node}",
                      Severity.WARNING)


def _resources(file: File, state: crm_mon.Document) -> Hits:
    active = {each.id for each in state.resources if "active" in each.states}
    stopped: set[str] = set()
    for each in state.resources:
        for name in sorted(each.states & _RESOURCE.keys()):
            yield Hit(file.at(each.line), f"{each.id} {_RESOURCE[name]}")
        if "managed" not in each.states:
            yield Hit(file.at(each.line), f"{each.id} is not managed: nothing restarts it", Severity.WARNING)
        if each.id not in active | stopped and each.target_role.lower() != "stopped":
            stopped.add(each.id)
            yield Hit(file.at(each.line), f"{each.id} runs nowhere")


@rule("FEN007", Severity.WARNING, Effect.UNKNOWN, "Fencing that nobody has seen work",
      consequence="Whether a lost node can be fenced is known when it is lost.",
      fix="fence each node once, when it may be lost: stonith_admin --reboot NODE",
      source="stonith_admin(8), --history; crm_mon(8), --fence-history")
def unproven_fencing(cloud: Cloud) -> Hits:
    for file, state in _clusters(cloud):
        done = {each.target for each in state.fenced if each.status == "success"}
        last = {each.target: each for each in reversed(state.fenced)}
        for member in state.members if state.history else ():
            failed = last.get(member.name)
            if failed is not None and failed.status == "failed":
                yield Hit(file.at(failed.line), f"the last try to fence {member.name} failed", Severity.ERROR)
            elif member.name not in done:
                yield Hit(file.at(member.line), f"no fencing of {member.name} that worked is on record")


@rule("DRB010", Severity.ERROR, Effect.DATA, "A replica that could not take over now",
      consequence="A failover loses data, or is refused.",
      fix="reconnect and wait until all is in sync; after a split brain one side is thrown away by hand",
      source="drbdsetup(8), status; DRBD 8.4 User's Guide, /proc/drbd")
def unhealthy_replica(cloud: Cloud) -> Hits:
    for file, state in cloud.documents(drbd_status.Document):
        for each in state.resources:
            for disk in each.disks:
                if disk != "UpToDate":
                    yield Hit(file.at(), f"{each.name}: the disk here is {disk}")
            for peer in each.peers:
                if peer.connection != "Connected":
                    yield Hit(file.at(), f"{each.name}: the connection to {peer.name} is {peer.connection}")
                    continue
                if each.role == peer.role == "Primary":
                    yield Hit(file.at(), f"{each.name} is primary here and on {peer.name}")
                for disk in peer.disks:
                    if disk != "UpToDate":
                        yield Hit(file.at(), f"{each.name}: the disk of {peer.name} is {disk}")
                if peer.out_of_sync_kib:
                    yield Hit(file.at(), f"{each.name}: {peer.out_of_sync_kib} KiB are not the same on "
                                         f"{peer.name}")


_WANTED = {"wsrep_cluster_status": "Primary", "wsrep_local_state": "4", "wsrep_ready": "ON",
           "wsrep_connected": "ON"}


def _members(cloud: Cloud) -> list[tuple[File, wsrep_status.Document]]:
    """Of servers with a provider: any MariaDB has these variables."""
    return [(file, state) for file, state in cloud.documents(wsrep_status.Document)
            if (name := state.entry("wsrep_provider_name")) is not None and name.value]


@rule("GAL014", Severity.ERROR, Effect.OUTAGE, "A member of Galera that is not well now",
      consequence="Redundancy is used up: the next failure stops the database.",
      fix="let it join again, and look why it left: its error log says it",
      source="Galera manual, monitoring the cluster")
def unwell_member(cloud: Cloud) -> Hits:
    members = _members(cloud)
    expected = max((len(server.members) for server in servers(cloud)), default=0)
    uuids = Counter(entry.value for _, state in members if (entry := state.entry("wsrep_cluster_state_uuid")))
    for file, state in members:
        for name, wanted in _WANTED.items():
            entry = state.entry(name)
            if entry is not None and entry.value.lower() != wanted.lower():
                yield Hit(file.at(entry.line), f"{name} is {entry.value}, and not {wanted}")
        size, uuid = state.entry("wsrep_cluster_size"), state.entry("wsrep_cluster_state_uuid")
        if size is not None and size.value.isdecimal() and int(size.value[:9]) < max(expected, len(members)):
            yield Hit(file.at(size.line), f"it sees {size.value} of {max(expected, len(members))} members")
        if uuid is not None and uuid.value != uuids.most_common(1)[0][0]:
            yield Hit(file.at(uuid.line), "it is of another cluster than the others")
        paused = state.entry("wsrep_flow_control_paused")
        if paused is not None and _number(paused.value) > 0.1:
            yield Hit(file.at(paused.line), f"writes stood still for {_number(paused.value):.0%} of the "
                                            "time, for a member that does not keep up", Severity.WARNING)


@rule("GAL008", Severity.WARNING, Effect.SLOW, "A write cache too small for a short outage",
      consequence="A member that was away for maintenance needs a whole state transfer, and another member "
                  "gives it.",
      fix="gcache.size in wsrep_provider_options: what is written in the longest outage that is planned",
      source="Galera manual, galera parameters: gcache.size")
def small_cache(cloud: Cloud) -> Hits:
    caches = {server.node: server.provider_options.get("gcache.size", "") for server in servers(cloud)}
    for file, state in _members(cloud):
        told = [state.entry(name) for name in ("wsrep_replicated_bytes", "wsrep_received_bytes")]
        uptime = state.entry("uptime")
        up_s = _number(uptime.value) if uptime is not None else 0.0
        written = sum(_number(entry.value) for entry in told if entry is not None)
        size = _bytes(caches.get(file.node, ""))
        needed = written / up_s * _OUTAGE_S if up_s > _OUTAGE_S else 0.0
        if size is not None and needed > size:
            yield Hit(file.at(), f"{needed / 1e6:.0f} MB are written in half an hour, and the cache holds "
                                 f"{size / 1e6:.0f} MB")


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"[0-9]{1,18}(?:\.[0-9]{1,9})?", text) else 0.0


def _bytes(text: str) -> int | None:
    """Galera's sizes, ``1G``; its default where nothing is set, None where it is no size."""
    match = re.fullmatch(r"([0-9]{1,15})([KMGT]?)", text.strip().upper())
    if match is None:
        return None if text else _DEFAULT_GCACHE
    return int(match[1]) * _UNITS[match[2]]
