"""Several runs side by side: for each drill and client path the longest gap of every run. Pure.

Of few runs the 95th percentile is the worst: it is the smallest gap that 95 % of the runs did not exceed, and
never a figure between two that were measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from fournines.drills.coverage import at_least
from fournines.drills.verdict import word
from fournines.report.run_view import PathView, RunView, without_infinity

NONE: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class Cell:
    """One path in one run: the most that its longest gap can have been, and what was refused or lost.
    ``lost`` is None where nothing is written, or where it could not be read back."""

    longest_s: float
    failed: int
    unknown: int
    lost: int | None
    truth: bool | None


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """``cells`` in the order of the group's paths; None where the run did not have the path. ``when`` is the
    part of the run's name that is not the drill's."""

    name: str
    when: str
    target: str
    recover_within_s: float
    truth: bool | None
    because: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class PathSummary:
    """One path over all runs that had it. Infinite where a gap had no end; ``lost`` is None where no run
    could say, ``unread`` how many that write could not."""

    path: str
    median_s: float
    p95_s: float
    worst_s: float
    failed: int
    unknown: int
    lost: int | None
    unread: int


@dataclass(frozen=True, slots=True)
class Group:
    """The runs of one drill; gaps of different faults are never put into one figure. ``without_result`` is
    why each of those came to none that did not come to a verdict: they count as not good."""

    drill: str
    runs: tuple[ComparedRun, ...]
    paths: tuple[PathSummary, ...]
    without_result: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """All runs, those without a result too."""
        return len(self.runs) + len(self.without_result)

    @property
    def coverage(self) -> float:
        """The share of such failures of which these runs show, with 95 % confidence, that they go well."""
        return at_least(self.kept(True), self.count)

    @property
    def flake_rate(self) -> float:
        """The share of runs that did not end as most did: 0 where all ended alike, however that was."""
        ends = [self.kept(True), self.kept(False), self.kept(None) + len(self.without_result)]
        return 1 - max(ends) / self.count if self.count else 0.0

    def kept(self, truth: bool | None) -> int:
        """How many runs came to this verdict."""
        return sum(run.truth is truth for run in self.runs)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything."""

    groups: tuple[Group, ...]

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``; null where a gap had no end."""
        found = without_infinity([{**_with_words(asdict(group)), "good": group.kept(True),
                                   "count": group.count, "coverage_95": group.coverage,
                                   "flake_rate": group.flake_rate} for group in self.groups])
        return {"drills": found}


def compare(views: Sequence[RunView], without_result: Mapping[str, Sequence[str]] = NONE) -> Comparison:
    """The runs in the order given. ``without_result``: drill -> why runs of it came to no verdict."""
    drills = dict.fromkeys((*(view.drill for view in views), *without_result))
    return Comparison(tuple(_group(drill, [view for view in views if view.drill == drill],
                                   tuple(without_result.get(drill, ()))) for drill in drills))


def _group(drill: str, views: Sequence[RunView], without_result: tuple[str, ...]) -> Group:
    names = tuple(dict.fromkeys(path.row.path for view in views for path in view.paths))
    by_name = [{path.row.path: path for path in view.paths} for view in views]
    runs = tuple(ComparedRun(view.name, view.name.replace(f"-{drill}", ""), view.target,
                             view.recover_within_s, view.verdict.truth,
                             view.verdict.because, tuple(_cell(paths.get(name)) for name in names))
                 for view, paths in zip(views, by_name, strict=True))
    summaries = tuple(_summary(name, [paths[name] for paths in by_name if name in paths]) for name in names)
    return Group(drill, runs, summaries, without_result)


def _cell(path: PathView | None) -> Cell | None:
    if path is None:
        return None
    return Cell(path.longest[1], path.row.failed, path.row.unknown, path.row.lost, path.row.truth)


def _summary(name: str, paths: Sequence[PathView]) -> PathSummary:
    longest_s = [path.longest[1] for path in paths]
    lost = [path.row.lost for path in paths if path.row.lost is not None]
    unread = sum(path.row.acknowledged is not None and path.row.lost is None for path in paths)
    return PathSummary(name, median(longest_s), percentile(longest_s, 0.95), max(longest_s),
                       sum(path.row.failed for path in paths), sum(path.row.unknown for path in paths),
                       sum(lost) if lost else None, unread)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that this share of them does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _with_words(group: dict[str, object]) -> dict[str, object]:
    """Truths as they are written everywhere: true, false, unknown."""
    def worded(value: object) -> object:
        match value:
            case dict():
                return {key: word(item) if key == "truth" else worded(item) for key, item in value.items()}
            case list() | tuple():
                return [worded(item) for item in value]
            case _:
                return value

    return {key: worded(value) for key, value in group.items()}
