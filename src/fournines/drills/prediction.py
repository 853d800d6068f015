"""Prediction: what the timers in force say that a client waits after a fault, beside what was measured. Pure.

For a recorded run the timers are derived anew from the cluster that it wrote down. Where the values that
were in force are not those that this version derives, nothing is predicted: the chains would be of another
cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fournines.cluster.timers import Chain, Timers, derive
from fournines.cluster.timers.chains import AMQP as PUBLISHER
from fournines.cluster.timers.chains import API, ONE_KEYSTONE, VIP
from fournines.cluster.timers.chains import SQL_NEW as NEW
from fournines.cluster.timers.chains import SQL_STANDING as STANDING
from fournines.drills.result import Row
from fournines.drills.settings import (
    AMQP,
    CINDER,
    GLANCE,
    KEYSTONE,
    NEUTRON,
    SQL_NEW,
    SQL_STANDING,
    TCP,
)
from fournines.drills.spec import Spec
from fournines.errors import ClusterFileError

CHAIN_PATHS: Mapping[str, tuple[str, ...]] = {
    SQL_STANDING: (STANDING,), SQL_NEW: (NEW,), AMQP: (PUBLISHER,), KEYSTONE: (API, ONE_KEYSTONE),
    GLANCE: (API,), CINDER: (API,), NEUTRON: (API,), TCP: (VIP,)}
"""Path of a client -> paths of the chains, of which a cluster has one at most."""
NAMED = 5   # timers that are not as derived, before the others are only counted


class Agreement(StrEnum):
    """Of a measured gap with the prediction; both are known only between bounds."""

    WITHIN = "as predicted"
    LONGER = "longer than predicted"      # something else went wrong too
    SHORTER = "shorter than predicted"    # the fault did not take effect, or the measurement is wrong


@dataclass(frozen=True, slots=True)
class Bounds:
    """A gap lasts at least ``lower_s`` (0 where that is not certain) and at most ``upper_s``."""

    lower_s: float
    upper_s: float


@dataclass(frozen=True, slots=True)
class Derivation:
    """``timers`` is None where there is no derivation for what was in force; ``because`` then says why.
    ``foreseen`` are the failures that this version knows for such a cluster, whatever was in force."""

    timers: Timers | None
    because: str = ""
    foreseen: tuple[Chain, ...] = ()

    @property
    def chains(self) -> tuple[Chain, ...]:
        return self.timers.chains if self.timers is not None else ()


def derivation_of(spec: Spec) -> Derivation:
    """The timers of the recorded cluster with their formulas, if they are those that were in force."""
    try:
        timers = derive(spec.cluster)
    except ClusterFileError as problem:
        said = "; ".join(str(finding) for finding in problem.findings)
        return Derivation(None, f"this version cannot derive timers for the recorded cluster: {said}")
    derived = {timer.name: timer.shown for timer in timers.values()}
    other = sorted(name for name in derived.keys() | spec.timers.keys()
                   if derived.get(name) != spec.timers.get(name))
    if other:
        named = ", ".join(other[:NAMED]) + (f" and {len(other) - NAMED} more" if len(other) > NAMED else "")
        return Derivation(None, "this version derives other timers for the recorded cluster, which differ in "
                                + named, timers.chains)
    return Derivation(timers, "", timers.chains)


def chain_of(path: str, fault: str, chains: Iterable[Chain]) -> Chain | None:
    """What the fault, as the chains call it, means for the path of a client; None where no chain says."""
    paths = CHAIN_PATHS.get(path, ())
    return next((chain for chain in chains if chain.fault == fault and chain.path in paths), None)


def bounds_of(chain: Chain, *, lower_holds: bool) -> Bounds:
    """``lower_holds``: the node that was hit is the one that the chains suppose."""
    return Bounds(chain.lower_s if lower_holds else 0.0, chain.upper_s)


def predicted(chains: Iterable[Chain], fault: str, *, lower_holds: bool) -> dict[str, Bounds]:
    """client path -> its bounds after the fault of that name, where there is a chain for it."""
    known = tuple(chains)
    found = {path: chain_of(path, fault, known) for path in CHAIN_PATHS}
    return {path: bounds_of(chain, lower_holds=lower_holds)
            for path, chain in found.items() if chain is not None}


def agreement(row: Row, bounds: Bounds, slow_s: float) -> Agreement:
    """Of the gap while the fault was there: only what is certain counts. A client calls an answer good that
    took up to ``slow_s``, so a path that stood still for that long need not show any gap."""
    most_s = row.gap_upper_s or slow_s + row.resolution_s
    if row.gap_lower_s > bounds.upper_s:
        return Agreement.LONGER
    return Agreement.SHORTER if most_s < bounds.lower_s else Agreement.WITHIN


def remark(row: Row, bounds: Bounds, slow_s: float) -> str:
    """The sentence on what does not fit between measurement and prediction; empty where they agree."""
    between = f"a gap of {row.gap_lower_s:.2f} to {row.gap_upper_s:.2f} s where {bounds.lower_s:.2f} to " \
              f"{bounds.upper_s:.2f} s were predicted"
    match agreement(row, bounds, slow_s):
        case Agreement.LONGER:
            return f"slower than predicted: {row.path}: {between}"
        case Agreement.SHORTER:
            return f"measured faster than possible: look at the measurement: {row.path}: {between}"
        case Agreement.WITHIN:
            return ""
