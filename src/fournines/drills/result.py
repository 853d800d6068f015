"""Result: what a drill found out, as values for whoever shows them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from fournines.drills.breakdown import Step, step_from_data
from fournines.drills.checkers.gaps import Gap, PathMeasure
from fournines.drills.convergence import Redundancy, redundancy_from_data
from fournines.drills.plain import Data, items, number, object_, objects
from fournines.drills.verdict import Verdict, truth_of, word
from fournines.drills.verdict import from_data as verdict_from_data

NEVER = "never"   # null says that there was nothing to wait for


@dataclass(frozen=True, slots=True)
class Row:
    """One client path in the table. Seconds; a gap's bounds are what it lasted at least and at most
    (infinite: no end was seen), zero where there was none. ``gap`` is while the fault was there, ``return``
    while the cluster became whole again. ``acknowledged`` and ``lost`` are None where nothing is written.
    ``predicted`` are the bounds of the gap that follow from the timers, None where they say nothing.
    ``first_success_s``: from the fault to the first good answer after the longest gap that it made, infinite
    where none came, None where it made none."""

    path: str
    gap_lower_s: float
    gap_upper_s: float
    return_lower_s: float
    return_upper_s: float
    resolution_s: float
    requests: int
    failed: int
    unknown: int
    slow: int
    acknowledged: int | None
    lost: int | None
    truth: bool | None
    predicted_lower_s: float | None = None
    predicted_upper_s: float | None = None
    first_success_s: float | None = None

    def as_data(self) -> dict[str, object]:
        """Plain data; JSON has no infinity, so a gap without an end has null as its upper bound."""
        plain = {name: None if isinstance(value, float) and math.isinf(value) else value
                 for name, value in asdict(self).items()}
        if self.first_success_s is not None and math.isinf(self.first_success_s):
            plain["first_success_s"] = NEVER
        return {**plain, "truth": word(self.truth)}


@dataclass(frozen=True, slots=True)
class Result:
    """``verdict`` is the drill's: the worst of ``verdicts``. ``folder`` holds everything it rests on.
    ``remarks`` say where measurement and prediction do not fit. ``redundancy`` is when everything was there
    again, not only served; None in runs of before that was measured. ``steps`` are what Pacemaker did, where
    the cluster has one."""

    drill: str
    target: str
    recover_within_s: float
    verdict: Verdict
    verdicts: tuple[Verdict, ...]
    rows: tuple[Row, ...]
    folder: Path
    remarks: tuple[str, ...] = ()
    redundancy: Redundancy | None = None
    steps: tuple[Step, ...] = ()

    def as_data(self) -> dict[str, object]:
        """Plain data for ``verdict.json`` and ``--json``."""
        return {"drill": self.drill, "target": self.target, "recover_within_s": self.recover_within_s,
                "verdict": self.verdict.as_data(), "verdicts": [item.as_data() for item in self.verdicts],
                "rows": [row.as_data() for row in self.rows], "folder": str(self.folder),
                "remarks": list(self.remarks),
                "steps": [step.as_data() for step in self.steps],
                "redundancy": None if self.redundancy is None else self.redundancy.as_data()}


def result_from_data(data: Data, folder: Path) -> Result:
    """What ``Result.as_data`` made, of the run in ``folder`` (which may have moved since). Raises KeyError,
    TypeError or ValueError where it is something else."""
    return Result(
        str(data["drill"]), str(data["target"]), number(data, "recover_within_s"),
        verdict_from_data(object_(data, "verdict")),
        tuple(verdict_from_data(item) for item in objects(data, "verdicts")),
        tuple(_row_from_data(item) for item in objects(data, "rows")), folder,
        tuple(map(str, items(data, "remarks"))) if "remarks" in data else (),
        redundancy_from_data(object_(data, "redundancy")) if data.get("redundancy") else None,
        tuple(map(step_from_data, objects(data, "steps"))) if "steps" in data else ())


def _row_from_data(data: Data) -> Row:
    return Row(
        str(data["path"]), _bound(data, "gap_lower_s"), _bound(data, "gap_upper_s"),
        _bound(data, "return_lower_s"), _bound(data, "return_upper_s"), _bound(data, "resolution_s"),
        int(number(data, "requests")), int(number(data, "failed")), int(number(data, "unknown")),
        int(number(data, "slow")), _counted(data, "acknowledged"), _counted(data, "lost"),
        truth_of(data["truth"]), _seconds(data, "predicted_lower_s"), _seconds(data, "predicted_upper_s"),
        math.inf if data.get("first_success_s") == NEVER else _seconds(data, "first_success_s"))


def _bound(data: Data, key: str) -> float:
    return math.inf if data[key] is None else number(data, key)


def _seconds(data: Data, key: str) -> float | None:
    """None where nothing was predicted, and in runs of before there were predictions."""
    return None if data.get(key) is None else number(data, key)


def _counted(data: Data, key: str) -> int | None:
    return None if data[key] is None else int(number(data, key))


def row(measured: PathMeasure, acknowledged: int | None, lost: int | None, truth: bool | None) -> Row:
    """The table's row of one path."""
    gap_lower_s, gap_upper_s = _bounds(measured.gap)
    return_lower_s, return_upper_s = _bounds(measured.return_gap)
    return Row(measured.path, gap_lower_s, gap_upper_s, return_lower_s, return_upper_s, measured.resolution_s,
               measured.probes, measured.failed, measured.unknown, measured.slow, acknowledged, lost, truth,
               first_success_s=measured.first_success_s)


def _bounds(gap: Gap | None) -> tuple[float, float]:
    return (0.0, 0.0) if gap is None else (gap.lower_s, gap.upper_s)
