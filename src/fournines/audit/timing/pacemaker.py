"""What Pacemaker runs on one node: lost node left out, fenced, and everything started elsewhere in order.

A wait passes by itself (token, delay, interval); an action (fence, monitor, stop, start) has a timeout only.
Sources: corosync.conf(5), Pacemaker Explained 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fournines.audit.cloud import Cloud
from fournines.audit.systems.corosync import (
    CONSENSUS_FACTOR,
    DEFAULT_COEFFICIENT_MS,
    DEFAULT_TOKEN_MS,
    Membership,
    memberships,
)
from fournines.audit.systems.pacemaker import clusters
from fournines.audit.systems.resources import PROMOTED, Cluster, Operation, Primitive, seconds
from fournines.audit.timing.chain import HANG, KILL, NODE, Chain, Found, Step, unknown
from fournines.audit.timing.fencing import fenced
from fournines.audit.timing.sequence import Action, Sequence, after, found_timeout, units
from fournines.cluster.timers.formulas import left_out_s

_MANUAL = "corosync.conf(5)"
_SYNC_TIMEOUT_MS = 30_000
_NO_PROCESS = ("IPaddr2", "IPaddr", "IPv6addr", "Filesystem", "drbd", "LVM", "LVM-activate")


def pacemaker_chains(cloud: Cloud) -> Iterator[Chain]:
    """Those of everything that runs on one node at a time."""
    for cluster in clusters(cloud):
        detected, sequence = tuple(_left_out(cloud)), Sequence(cluster)
        for unit in units(cluster):
            path = f"{unit} under Pacemaker"
            actions = tuple(_step(cluster, action) for action in sequence.until(unit))
            yield Chain(NODE, path, ((*detected, *fenced(cluster), *actions),))
            inside = [cluster.resources[id] for id in cluster.inside(unit) if id in cluster.resources]
            daemons = sorted((each for each in inside if each.type not in _NO_PROCESS),
                             key=lambda each: each.at.line)
            if daemons:
                yield Chain(KILL, path, (_longest(cluster, daemons, hung=False),))
                yield Chain(HANG, path, (_longest(cluster, daemons, hung=True),))


def _left_out(cloud: Cloud) -> Iterator[Step]:
    what = "Corosync goes on without the silent member"
    slowest = max(memberships(cloud), key=lambda each: each.token_ms + each.consensus_ms, default=None)
    if slowest is None:
        yield unknown(what, "no corosync.conf was read")
        return
    token, more = _token(slowest)
    consensus = _setting(slowest, "consensus", slowest.consensus_ms,
                         f"{_MANUAL}, consensus: {CONSENSUS_FACTOR:g} x token")
    lower_s, upper_s = left_out_s(slowest.token_ms / 1000, consensus.value)
    added = f" + {len(slowest.nodes) - 2} x {more[0].value:g} s" if more else ""
    yield Step(what, f"{token.value:g} s{added} + {consensus.value:g} s", (token, *more, consensus), lower_s,
               upper_s)
    if slowest.has_device:
        sync = _of_device(slowest)
        yield Step("the quorum device says which side goes on", f"{sync.value:g} s", (sync,), 0.0, sync.value,
                   allowed=True)


def _of_device(membership: Membership) -> Found:
    for section in membership.sections("quorum", "device"):
        entry = section.last("sync_timeout")
        if entry is not None and re.fullmatch(r"[0-9]{1,9}", entry.value):
            return Found("sync_timeout", int(entry.value) / 1000, membership.file.at(entry.line))
    return Found("sync_timeout", _SYNC_TIMEOUT_MS / 1000, membership.at("quorum"),
                 "corosync-qdevice(8), sync_timeout")


def _token(membership: Membership) -> tuple[Found, tuple[Found, ...]]:
    token = _setting(membership, "token", DEFAULT_TOKEN_MS, f"{_MANUAL} of Corosync 3, token")
    if len(membership.nodes) < 3:
        return token, ()
    return token, (_setting(membership, "token_coefficient", DEFAULT_COEFFICIENT_MS,
                            f"{_MANUAL}, token_coefficient"),)


def _setting(membership: Membership, key: str, default_ms: int, source: str) -> Found:
    value_ms = membership.number("totem", key, default_ms)
    written = membership.entry("totem", key) is not None
    return Found(key, value_ms / 1000, membership.at("totem", key), "" if written else source)


def _step(cluster: Cluster, action: Action) -> Step:
    limit = found_timeout(cluster, action)
    return Step(f"{action.primitive.id} is {action.done}", f"{limit.value:g} s", (limit,), 0.0, limit.value,
                allowed=True)


def _longest(cluster: Cluster, members: list[Primitive], *, hung: bool) -> tuple[Step, ...]:
    """One of them fails: its monitor finds it, then it and what stands on it is stopped and started."""
    found = [(each, tuple(_noticed(cluster, each, hung))) for each in members]
    primitive, noticed = max(found, key=lambda each: sum(step.upper_s or 0.0 for step in each[1]))
    return (*noticed, *(_step(cluster, action) for action in after(cluster, primitive)))


def _noticed(cluster: Cluster, primitive: Primitive, hung: bool) -> Iterator[Step]:
    what = f"a monitor finds {primitive.id} {'hung' if hung else 'dead'}"
    monitor = min((each for each in primitive.monitors if each.role in ("", "Started", *PROMOTED)),
                  key=lambda each: each.interval_s, default=None)
    if monitor is None:
        yield unknown(what, f"{primitive.id} at {primitive.at} has no recurring monitor")
        return
    interval = Found("monitor interval", monitor.interval_s, monitor.at)
    yield Step(f"the next monitor of {primitive.id} begins" if hung else what, f"{interval.value:g} s",
               (interval,), 0.0, interval.value)
    if hung:   # its agent may have less patience of its own
        limit = _monitor_timeout(cluster, primitive, monitor)
        yield Step(what, f"{limit.value:g} s", (limit,), 0.0, limit.value, allowed=True)


def _monitor_timeout(cluster: Cluster, primitive: Primitive, monitor: Operation) -> Found:
    written = monitor.settings.get("timeout")
    if written is None:
        return found_timeout(cluster, Action(primitive, "monitor"))
    return Found("monitor timeout", seconds(written, cluster.timeout_s(None)), written.at)
