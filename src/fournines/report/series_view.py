"""A series of drills as the values that its summary shows, and that summary on the screen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fournines.drills.folder import REPORT
from fournines.drills.recorded import Recorded, read_run
from fournines.drills.series import Attempt, Series
from fournines.drills.verdict import Verdict, word
from fournines.report.comparison import Comparison, compare
from fournines.report.comparison_view import show_comparison
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, line
from fournines.report.run_view import RunView, run_view, without_infinity
from fournines.report.words import PROMISE, at_most

_STYLES = {True: GOOD, False: BAD, None: DOUBTFUL}


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One drill of the series. ``path`` had the longest gap, which lasted ``longest_s`` at most; empty where
    no path had any. ``lost`` is None where nothing is known of writes. ``page`` is the run's, from the
    series' folder. ``redundant_s``: from the fault until everything was there again, None where unknown."""

    attempt: Attempt
    path: str = ""
    longest_s: float = 0.0
    lost: int | None = None
    page: str = ""
    redundant_s: float | None = None

    def as_data(self) -> dict[str, object]:
        """Plain data; null where a gap has no end."""
        return {**self.attempt.as_data(), "longest_gap_path": self.path, "lost": self.lost,
                "redundant_s": without_infinity(self.redundant_s),
                "longest_gap_s": None if math.isinf(self.longest_s) else self.longest_s, "page": self.page}


@dataclass(frozen=True, slots=True)
class SeriesView:
    """Everything. ``runs`` are those that came to a verdict."""

    series: Series
    attempts: tuple[AttemptView, ...]
    comparison: Comparison
    runs: tuple[RunView, ...]

    @property
    def verdict(self) -> Verdict:
        return self.series.verdict

    def kept(self, truth: bool | None) -> int:
        """How many of the drills that were run ended so."""
        return sum(item.attempt.truth is truth for item in self.attempts)

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {"title": self.series.title, "folder": str(self.series.folder), "asked": self.series.asked,
                "done": len(self.attempts), "stopped": self.series.stopped,
                "interrupted": self.series.interrupted, "verdict": self.verdict.as_data(),
                "kept": {word(truth): self.kept(truth) for truth in (True, False, None)},
                "attempts": [item.as_data() for item in self.attempts], **self.comparison.as_data()}


def recorded_runs(series: Series) -> dict[int, Recorded]:
    """Number -> the run, of all that came to a verdict. Raises ``DrillError`` where one cannot be read."""
    return {item.number: read_run(series.folder / item.folder) for item in series.attempts if item.folder}


def series_view(series: Series, recorded: Mapping[int, Recorded]) -> SeriesView:
    """``recorded``: number -> run."""
    views = {number: run_view(run) for number, run in recorded.items()}
    without: dict[str, list[str]] = {}
    for item in series.attempts:
        if item.number not in views:
            without.setdefault(item.drill, []).append(item.because)
    return SeriesView(series, tuple(_attempt(item, views.get(item.number)) for item in series.attempts),
                      compare(tuple(views.values()), without), tuple(views.values()))


def _attempt(item: Attempt, view: RunView | None) -> AttemptView:
    if view is None:
        return AttemptView(item)
    worst = view.worst
    lost = [path.row.lost for path in view.paths if path.row.lost is not None]
    return AttemptView(item, worst.row.path if worst else "", worst.longest[1] if worst else 0.0,
                       sum(lost) if lost else None, f"{item.folder}/{REPORT}",
                       view.redundancy.upper_s if view.redundancy else None)


def show_series(console: Console, view: SeriesView) -> None:
    """One line for each drill, then each drill's figures, then the verdict."""
    console.print(_table(view.attempts))
    show_comparison(console, view.comparison)
    if view.series.stopped:
        console.print(line(("stopped: ", BAD), f"after {len(view.attempts)} of {view.series.asked} drills: "
                           f"{view.series.stopped}"))
    truth = view.verdict.truth
    counts = ", ".join(f"{PROMISE[each]} {view.kept(each)}" for each in (True, False, None))
    console.print(line((view.series.title, STRONG), f": {counts}; verdict: ",
                       (PROMISE[truth], _STYLES[truth])))


def _table(attempts: Sequence[AttemptView]) -> Table:
    table = Table(box=None, header_style=QUIET, padding=(0, 2, 0, 0))
    for column in ("", "drill", "target", "promise", "longest gap", "of", "whole after", "lost"):
        table.add_column(column, overflow="fold")
    for item in attempts:
        attempt = item.attempt
        seen = at_most(item.longest_s) if item.page else "no result"
        table.add_row(str(attempt.number), attempt.drill, attempt.target or "-",
                      Text(PROMISE[attempt.truth], style=_STYLES[attempt.truth]), seen, item.path,
                      "-" if item.redundant_s is None else at_most(item.redundant_s),
                      "-" if item.lost is None else Text(str(item.lost), style=BAD if item.lost else ""))
    return table
