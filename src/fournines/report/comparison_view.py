"""Several runs on the screen: for each drill one row for every client path, and the verdicts of the runs."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fournines.report.comparison import Cell, Comparison, Group
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, count, line
from fournines.report.words import PROMISE, at_most, shows

_STYLES = {True: GOOD, False: BAD, None: DOUBTFUL}


def show_comparison(console: Console, comparison: Comparison) -> None:
    """Each drill by itself: its runs, then every path over all of them."""
    for group in comparison.groups:
        kept = ", ".join(f"{PROMISE[truth]} {group.kept(truth)}" for truth in (True, False, None))
        console.print(line((group.drill, STRONG), f"  {count(group.count, 'run')}; the promise: {kept}"))
        if group.runs:
            console.print(_runs(group))
        for run in group.runs:
            if run.truth is not True:
                console.print(line((f"{PROMISE[run.truth]}: ", _STYLES[run.truth]),
                                   f"{run.when}: {run.because}"))
        for because in group.without_result:
            console.print(line(("no result: ", DOUBTFUL), because))
        if group.runs:
            console.print(_paths(group))
        console.print(line((shows(group), QUIET)))


def _runs(group: Group) -> Table:
    table = _table("run", "target", "promise", *(path.path for path in group.paths))
    for run in group.runs:
        table.add_row(run.when, run.target, Text(PROMISE[run.truth], style=_STYLES[run.truth]),
                      *(_longest(cell) for cell in run.cells))
    return table


def _longest(cell: Cell | None) -> Text:
    if cell is None:
        return Text("not watched", style=QUIET)
    return Text(at_most(cell.longest_s), style="" if cell.truth is True else _STYLES[cell.truth])


def _paths(group: Group) -> Table:
    table = _table("client path", "median", "p95", "worst", "failed", "unknown", "lost")
    for path in group.paths:
        lost = "-" if path.lost is None else str(path.lost)
        lost += f" (not read back: {count(path.unread, 'run')})" if path.unread else ""
        table.add_row(path.path, at_most(path.median_s), at_most(path.p95_s), at_most(path.worst_s),
                      str(path.failed), str(path.unknown), Text(lost, style=BAD if path.lost else ""))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style=QUIET, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    return table
