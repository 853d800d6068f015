"""What a drill found out, on the screen: one row for each client path, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fournines.drills.breakdown import shown
from fournines.drills.drill import Drill
from fournines.drills.result import Result, Row
from fournines.drills.suites import Suite
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, count, line, seconds
from fournines.report.words import served_again, served_and_whole

Cell: TypeAlias = str | Text
_PROMISE = {True: ("kept", GOOD), False: ("broken", BAD), None: ("unknown", DOUBTFUL)}
_COLUMNS = ("client path", "longest gap", "served again", "on return", "failed", "unknown", "slow",
            "acknowledged", "lost", "promise")
_BESIDE_THE_GAP = 2


def show_drills(console: Console, drills: Iterable[Drill]) -> None:
    """What can be run."""
    for drill in drills:
        needs = ", ".join(sorted(drill.needs))
        console.print(line((drill.name, STRONG), f"  {drill.summary}"))
        console.print(line((f"    target {drill.fault.target.value}; needs {needs}", QUIET)))


def show_suites(console: Console, suites: Iterable[Suite]) -> None:
    """The named sets."""
    for suite in suites:
        drills = count(sum(item.times for item in suite.items), "drill")
        console.print(line(("suite ", QUIET), (suite.name, STRONG), f"  {suite.summary} ({drills})"))


def show_result(console: Console, result: Result) -> None:
    """The table, every verdict that is not plainly good, the run folder."""
    console.print(line((result.drill, STRONG), f" on {result.target}; the promise: "
                       f"within {seconds(result.recover_within_s)}"))
    table = Table(box=None, header_style=QUIET, padding=(0, 2, 0, 0))
    predicts = any(row.predicted_upper_s is not None for row in result.rows)
    for column in _with(_COLUMNS, "predicted", predicts):
        table.add_column(column, overflow="fold")
    for row in result.rows:
        table.add_row(*_with(_cells(row), _predicted(row), predicts))
    console.print(table)
    if result.steps:
        _show_steps(console, result)
    if result.redundancy is not None:
        console.print(line((served_and_whole(result), STRONG)))
    for verdict in result.verdicts:
        if verdict.truth is not True:
            word, style = _PROMISE[verdict.truth]
            console.print(line((f"{word}: ", style), f"{verdict.question}: {verdict.because}"))
    for text in result.remarks:
        console.print(line((text, DOUBTFUL)))
    word, style = _PROMISE[result.verdict.truth]
    console.print(line("verdict: ", (word, style)))
    console.print(f"everything about it: {result.folder}")


def _show_steps(console: Console, result: Result) -> None:
    """What Pacemaker did, in the order in which it ended."""
    table = Table(box=None, header_style=QUIET, padding=(0, 2, 0, 0))
    for column in ("after the fault", "node", "began", "ended", "took"):
        table.add_column(column)
    for cells in shown(result.steps):
        table.add_row(*cells)
    console.print(table)


def _cells(row: Row) -> tuple[Cell, ...]:
    word, style = _PROMISE[row.truth]
    acknowledged = "-" if row.acknowledged is None else str(row.acknowledged)
    lost = "-" if row.lost is None else str(row.lost)
    return (row.path, _gap(row.gap_upper_s), served_again(row), _gap(row.return_upper_s), str(row.failed),
            str(row.unknown), str(row.slow), acknowledged,
            Text(lost, style=BAD if row.lost else ""), Text(word, style=style))


def _with(cells: tuple[Cell, ...], predicted: Cell, predicts: bool) -> tuple[Cell, ...]:
    return (*cells[:_BESIDE_THE_GAP], predicted, *cells[_BESIDE_THE_GAP:]) if predicts else cells


def _predicted(row: Row) -> str:
    """The bounds that follow from the timers, for this fault on this path."""
    if row.predicted_upper_s is None:
        return "-"
    return f"{f'{row.predicted_lower_s:.2f} to ' if row.predicted_lower_s else 'up to '}" \
           f"{seconds(row.predicted_upper_s)}"


def _gap(upper_s: float) -> str:
    """The most that the gap can have been."""
    if math.isinf(upper_s):
        return "no end seen"
    return seconds(upper_s) if upper_s else "none"
