"""What a failure costs by the settings of one component: each detection formula once, in seconds.

``waits`` fills them in with derived timers, the audit with what it finds in files. Each answers (lower,
upper): how soon it may be over, and how late. Sources are at the components' tables.
"""

from __future__ import annotations

from math import ceil
from typing import TypeAlias

from fournines.cluster.timers.kernel import RTO_MIN_S

Bounds: TypeAlias = tuple[float, float]

FIRST_SYN_S, FIRST_DATA_S = 1.0, RTO_MIN_S
"""When a lost SYN, or lost data, is sent again; every further wait is twice the one before (tcp(7))."""


def vrrp_skew_s(advert_s: float, priority: int, version: int = 3) -> float:
    """How long the next router lets a better one go first (RFC 5798, 6.1); before version 3 of a second."""
    return (256 - priority) / 256 * (advert_s if version >= 3 else 1.0)


def vrrp_takeover_s(advert_s: float, skew_s: float) -> Bounds:
    """A holder that falls silent: its last advert was up to one interval old; then the next one's skew."""
    return 2 * advert_s, 3 * advert_s + skew_s


def script_s(interval_s: float, fall: int, lasts_s: float) -> Bounds:
    """Keepalived's script: ``fall`` runs in a row that fail, each after ``lasts_s``."""
    lower = (fall - 1) * max(interval_s, lasts_s) + lasts_s
    return lower, interval_s + lower


def repeated_s(gap_s: float, first_s: float) -> float:
    """How much later than the end of a gap TCP comes again with what was lost in it."""
    elapsed, wait = 0.0, first_s
    while elapsed < gap_s:
        elapsed, wait = elapsed + wait, wait * 2
    return round(elapsed - gap_s, 6)


def keepalive_s(gap_s: float, first_s: float, interval_s: float) -> float:
    """The first keepalive probe after a gap."""
    return first_s + max(0, ceil((gap_s - first_s) / interval_s)) * interval_s


def keepalives_s(first_s: float, interval_s: float, probes: int) -> float:
    """All keepalive probes, none of them answered."""
    return first_s + probes * interval_s


def suspected_s(suspect_s: float, keepalive_s: float, check_s: float) -> Bounds:
    """Galera: the last sign of life was up to a keepalive old, and the suspicion comes at a look."""
    return suspect_s - keepalive_s, suspect_s + check_s


def checked_s(inter_s: float, fast_s: float, fall: int, lasts_s: float) -> Bounds:
    """HAProxy's checks: the next starts an interval after the previous ended (HAProxy 2.6 src/check.c)."""
    lower = (fall - 1) * (fast_s + lasts_s) + lasts_s
    return lower, inter_s + lower


def left_out_s(token_s: float, consensus_s: float) -> Bounds:
    """Corosync: the token is lost, then the silent member's agreement is waited for in vain."""
    return token_s, round(token_s + consensus_s, 6)


def arbitrated_s(device_timeout_s: float, known_s: float) -> Bounds:
    """Corosync's arbitrator: a silent member is lost to it after 1.5 heartbeats, each after 0.8 of the
    device's timeout (qnetd-client-dpd-timer.c of corosync-qdevice); ``known_s`` of that has gone by."""
    return 0.0, round(max(0.0, 1.2 * device_timeout_s - known_s), 6)


def net_tick_s(tick_s: float) -> Bounds:
    """Erlang: a silent node is down after 0.75 to 1.25 of net_ticktime."""
    return 0.75 * tick_s, 1.25 * tick_s


def polled_s(poll_s: float) -> Bounds:
    """A quorum queue's leader is suspected after one to two polls of aten."""
    return poll_s, 2 * poll_s
