"""Prediction: the chain of timers that a fault means for a client path, beside what was measured. Pure.

Timers are derived anew from the cluster that the run recorded. Where the values that were in force are not
those that this version derives, nothing is predicted: the chains would be of another cluster.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fournines.cluster.timers import Chain, Timers, derive
from fournines.cluster.timers.chains import AMQP as PUBLISHER
from fournines.cluster.timers.chains import API, SQL_NEW, SQL_STANDING, VIP
from fournines.drills import settings
from fournines.drills.drill import Act
from fournines.drills.result import Row
from fournines.drills.spec import Spec
from fournines.errors import ClusterFileError

CHAIN_FAULTS: Mapping[str, str] = {Act.POWER_OFF: "node power loss", Act.FREEZE: "silent drop"}
"""Act of a drill -> fault of the chains. To its peers a frozen machine is one whose packets are dropped."""
CHAIN_PATHS: Mapping[str, str] = {
    settings.SQL_STANDING: SQL_STANDING, settings.SQL_NEW: SQL_NEW, settings.AMQP: PUBLISHER,
    settings.KEYSTONE: API, settings.GLANCE: API, settings.TCP: VIP}
"""Path of a client -> path of the chains."""
NAMED = 5   # timers that are not as derived, before the others are only counted


class Agreement(StrEnum):
    """Of a measured gap with the prediction; both are known only between bounds."""

    WITHIN = "as predicted"
    LONGER = "longer than predicted"      # something else went wrong too
    SHORTER = "shorter than predicted"    # the fault did not take effect, or the measurement is wrong


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


def predicted(act: str, path: str, chains: Sequence[Chain]) -> Chain | None:
    """What the fault means for the path; None where no chain says."""
    wanted = (CHAIN_FAULTS.get(act), CHAIN_PATHS.get(path))
    return next((chain for chain in chains if (chain.fault, chain.path) == wanted), None)


def agreement(row: Row, chain: Chain, slow_s: float) -> Agreement:
    """Of the gap while the fault was there. A client calls an answer good that took up to ``slow_s``, so a
    path that stood still for that long need not show any gap."""
    least_s, most_s = row.gap_lower_s, row.gap_upper_s
    if not most_s:
        most_s = slow_s + row.resolution_s
    if least_s > chain.upper_s:
        return Agreement.LONGER
    if most_s < chain.lower_s and not math.isinf(most_s):
        return Agreement.SHORTER
    return Agreement.WITHIN
