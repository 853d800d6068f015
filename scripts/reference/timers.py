"""timers.md: every timer of the example, the bounds that follow, and the main ones for other promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import markdown
from markdown import code, table

from fournines.cluster.timers import (
    Branch,
    Chain,
    Term,
    Timer,
    Timers,
    derive,
    smallest_promise_s,
    tolerated_stalls,
)
from fournines.cluster.timers.timer import shown
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError

_LEAST_S, _OTHERS_S = 3.0, (5.0, 10.0, 30.0, 60.0)
_MAIN = (
    "vrrp.advert_int", "vrrp.check_interval", "vrrp.check_fall",
    "haproxy.api.inter", "haproxy.api.check", "haproxy.api.fall", "haproxy.database.inter",
    "haproxy.database.check", "haproxy.messaging.check", "haproxy.connect",
    "galera.suspect_timeout", "galera.inactive_timeout",
    "rabbitmq.net_ticktime", "rabbitmq.heartbeat", "rabbitmq.aten_poll_interval",
    "tcp.retries2", "tcp.user_timeout", "tcp.keepalive_time",
    "oslo.db.connect_timeout", "oslo.messaging.heartbeat_timeout", "oslo.cache.socket_timeout",
    "oslo.auth.http_timeout", "images.ping_timeout", "systemd.restart_delay")


def page(cluster: Cluster) -> str:
    """For the cluster as it is, then for other promises."""
    timers = derive(cluster)
    return markdown.page(
        "Timers",
        f"For a cluster like `examples/three-controllers.yaml`: {len(cluster.controllers)} controllers, "
        f"`recover_within: {timers.target_s:g}s`. For yours: `fournines render FILE --explain`. "
        "What they mean and how to change one: [timers explained](../explanation/timers.md).",
        "## Values", *_values(timers),
        "## What a failure costs",
        "The gap that a client may see, from waits that follow each other. Below *at least* the failure did "
        "not take effect; above *at most* something else went wrong too.",
        table(("failure", "as seen by", "at least", "at most"),
              ((item.fault, item.path, _time(item.lower_s), _time(item.upper_s)) for item in timers.chains)),
        "## What the gaps are made of",
        "Waits joined by *then* follow each other. The lines of one list run side by side: the longest "
        "decides. *Always*: every such failure goes through it; the others depend on where the client and "
        "the roles were.",
        *_gaps(timers.chains),
        "## False alarms",
        "How long a healthy process may get no CPU before a detector could take it for dead, from the worst "
        "moment of the detector's cycle.",
        table(("process", "judged by", "may stand still for"), (
            (stall.process, stall.detector, _time(stall.seconds)) for stall in tolerated_stalls(timers))),
        "## Other promises", _other_promises(cluster))


def _values(timers: Timers) -> Iterator[str]:
    for component, group in groupby(timers.values(), key=_component):
        yield f"### {component}"
        yield table(("timer", "value", "formula", "because", "source"), (
            (code(timer.name), timer.shown, timer.formula, timer.because, timer.source) for timer in group))


def _component(timer: Timer) -> str:
    """``vrrp`` of ``vrrp.advert_int``, ``oslo.db`` of ``oslo.db.recycle``."""
    first, second = timer.name.split(".")[:2]
    return f"{first}.{second}" if first == "oslo" else first


def _gaps(chains: Sequence[Chain]) -> Iterator[str]:
    """Failures that look the same to clients share one section."""
    by_fault = {fault: tuple(group) for fault, group in groupby(chains, key=lambda chain: chain.fault)}
    alike: dict[tuple[tuple[str, tuple[Branch, ...]], ...], list[str]] = {}
    for fault, group in by_fault.items():
        alike.setdefault(tuple((chain.path, chain.branches) for chain in group), []).append(fault)
    for paths, faults in alike.items():
        yield f"### {', '.join(faults)}"
        for path, branches in paths:
            yield f"{path}:"
            yield "\n".join(_branch(branch) for branch in branches)


def _branch(branch: Branch) -> str:
    always = "always: " if branch.certain else ""
    together = f"; at most {_time(branch.upper_s)} together" if len(branch.terms) > 1 else ""
    return f"* {always}{', then '.join(map(_term, branch.terms))}{together}"


def _term(term: Term) -> str:
    names = f", {', '.join(map(code, term.timers))}" if term.timers else ""
    return f"{term.what} ({_time(term.lower_s)} to {_time(term.upper_s)}{names})"


def _other_promises(cluster: Cluster) -> str:
    of_each = [derive(_promising(cluster, target_s)) for target_s in (_least_s(cluster), *_OTHERS_S)]
    stalls = [tolerated_stalls(timers) for timers in of_each]
    return table(("recover_within", *(shown(timers.target_s) for timers in of_each)), (
        *((code(name), *(timers[name].shown for timers in of_each)) for name in _MAIN),
        ("longest gap of any failure",
         *(_time(max(chain.upper_s for chain in timers.chains)) for timers in of_each)),
        ("shortest stall that may raise an alarm",
         *(_time(min(stall.seconds for stall in each)) for each in stalls))))


def _least_s(cluster: Cluster) -> float:
    """3 s, or the smallest promise above that this cluster can keep."""
    least = _promising(cluster, _LEAST_S)
    try:
        derive(least)
    except ClusterFileError:
        return smallest_promise_s(least)
    return _LEAST_S


def _promising(cluster: Cluster, target_s: float) -> Cluster:
    return replace(cluster, recovery=replace(cluster.recovery, recover_within_s=target_s))


def _time(seconds: float) -> str:
    return shown(round(seconds, 3))
