"""What the timers in force say that a client waits after this fault, beside what was measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fournines.cluster.timers import Chain
from fournines.drills.result import Row
from fournines.drills.settings import AMQP, GLANCE, KEYSTONE, SQL_NEW, SQL_STANDING, TCP

CHAIN_PATHS: Mapping[str, str] = {
    SQL_STANDING: "SQL standing connection", SQL_NEW: "SQL new connection", AMQP: "AMQP publisher",
    KEYSTONE: "API request", GLANCE: "API request", TCP: "VIP client"}
"""What the timers' chains call the path of each client."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A gap lasts at least ``lower_s`` (0 where that is not certain) and at most ``upper_s``."""

    lower_s: float
    upper_s: float


def predicted(chains: Iterable[Chain], fault: str, *, lower_holds: bool) -> dict[str, Bounds]:
    """client path -> its bounds after the fault of that name, where there is a chain for it."""
    of_fault = {chain.path: chain for chain in chains if chain.fault == fault}
    return {path: Bounds(of_fault[name].lower_s if lower_holds else 0.0, of_fault[name].upper_s)
            for path, name in CHAIN_PATHS.items() if name in of_fault}


def remark(row: Row, bounds: Bounds, slow_s: float) -> str:
    """What does not fit between measurement and prediction; empty where they agree. Gaps are known to within
    bounds themselves: only what is certain is said. A stall shorter than ``slow_s`` is no gap to a client."""
    seen_s = row.gap_upper_s or slow_s + row.resolution_s
    between = f"a gap of {row.gap_lower_s:.2f} to {row.gap_upper_s:.2f} s where {bounds.lower_s:.2f} to " \
              f"{bounds.upper_s:.2f} s were predicted"
    if row.gap_lower_s > bounds.upper_s:
        return f"slower than predicted: {row.path}: {between}"
    if seen_s < bounds.lower_s:
        return f"measured faster than possible: look at the measurement: {row.path}: {between}"
    return ""
