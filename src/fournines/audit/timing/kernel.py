"""The kernel's TCP as the nodes' sysctl files set it: what a connection clings to that nothing else ends."""

from __future__ import annotations

import re

from fournines.audit.cloud import Cloud
from fournines.audit.systems.hosts import kernel_settings
from fournines.audit.timing.chain import NODE, Chain, Found, Step
from fournines.cluster.timers.formulas import FIRST_DATA_S, FIRST_SYN_S, keepalives_s, repeated_s
from fournines.cluster.timers.kernel import silent_peer_s, unanswered_syn_s
from fournines.cluster.timers.timer import Unit
from fournines.findings import Place

_DEFAULTS = {"tcp_retries2": 15, "tcp_syn_retries": 6, "tcp_keepalive_time": 7200, "tcp_keepalive_intvl": 75,
             "tcp_keepalive_probes": 9}
_COUNTS = ("tcp_retries2", "tcp_syn_retries", "tcp_keepalive_probes")


def _found(cloud: Cloud, name: str) -> Found:
    """The largest of all nodes: that of a node without it is the kernel's own."""
    unit = Unit.COUNT if name in _COUNTS else Unit.SECONDS
    worst = Found(f"net.ipv4.{name}", _DEFAULTS[name], Place(""), "tcp(7)", unit)
    values = [settings.get(worst.name) for settings in kernel_settings(cloud).values()]
    written = [Found(worst.name, float(value[0]), value[1], "", unit) for value in values
               if value is not None and re.fullmatch(r"[0-9]{1,6}", value[0])]
    whole = written and len(written) == len(values)
    return max(written, key=lambda each: each.value) if whole else worst


def kernel_chains(cloud: Cloud) -> tuple[Chain, ...]:
    """What is left where neither end has a limit of its own. None without a file of kernel settings."""
    if not kernel_settings(cloud):
        return ()
    retries = _found(cloud, "tcp_retries2")
    first, interval, probes = (_found(cloud, f"tcp_keepalive_{name}") for name in ("time", "intvl", "probes"))
    given_up_s = silent_peer_s(min(int(retries.value), 255))
    idle_s = keepalives_s(first.value, interval.value, int(probes.value))
    return (Chain(NODE, "any connection without a limit of its own", (
        (Step("the kernel gives data up that nobody acknowledges",
              f"0.2 s doubling up to 120 s, {int(retries.value)} times", (retries,), 0.0, given_up_s),),
        (Step("the kernel's keepalive finds the silent peer of an idle connection",
              f"{first.value:g} s + {probes.value:g} x {interval.value:g} s", (first, interval, probes), 0.0,
              idle_s),))),)


def unanswered(cloud: Cloud) -> tuple[float, Found]:
    """How long a connect without a limit of its own takes to fail, and why."""
    retries = _found(cloud, "tcp_syn_retries")
    return unanswered_syn_s(min(int(retries.value), 127)), retries


def syn_again(gap_s: float) -> Step:
    """A client whose SYN went into a gap of at most so many seconds."""
    return Step("the client's SYN is repeated", f"at 1, 3, 7, ... s; the first after {gap_s:g} s", (), 0.0,
                repeated_s(gap_s, FIRST_SYN_S))


def data_again(gap_s: float) -> Step:
    """A client whose data went into it; the next holder refuses the connection, and a new one is made."""
    return Step("the client's data is repeated, and refused", f"at 0.2, 0.6, 1.4, ... s; the first after "
                f"{gap_s:g} s", (), 0.0, repeated_s(gap_s, FIRST_DATA_S))
