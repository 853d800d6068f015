"""Tables and lists: findings, invariants, status, timers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fournines.cluster.timers import ChainRow, Row
from fournines.engine.status import Loss, MembersStatus, SeatStatus, Status
from fournines.engine.verify import Checked
from fournines.findings import Finding, Severity, worst_first
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, count, line

_SEVERITY = {Severity.ERROR: BAD, Severity.WARNING: DOUBTFUL, Severity.INFO: QUIET}


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style=QUIET, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Each with its detail and remedy, worst first."""
    for finding in worst_first(findings):
        where = f"{finding.where}: " if str(finding.where) else ""
        console.print(line((f"{finding.severity}: ", _SEVERITY[finding.severity]), where, finding.summary))
        if finding.detail:
            console.print(line((f"  {finding.detail}", QUIET)))
        if finding.remedy:
            console.print(line("  ", finding.remedy))


def show_checked(console: Console, checked: Sequence[Checked]) -> None:
    """Every invariant with its answer; those that do not hold with reason and remedy."""
    marks = {True: ("holds    ", GOOD), False: ("fails    ", BAD), None: ("unknown  ", DOUBTFUL)}
    for item in checked:
        console.print(line(marks[item.judgement.truth], item.invariant.name))
        if item.finding is not None:
            console.print(line((f"         {item.judgement.because}", QUIET)))
            console.print(line("         ", item.invariant.remedy))
    held = sum(item.judgement.truth is True for item in checked)
    console.print(f"{held} of {count(len(checked), 'invariant')} hold")


def show_status(console: Console, status: Status) -> None:
    """The cluster on one screen."""
    serves = ("serves", GOOD) if status.serves else ("does not serve as it should", BAD)
    console.print(line((status.cluster, STRONG), " ", serves))
    for node, reason in status.gone.items():
        console.print(line((f"{node} is unreachable: ", BAD), reason))
    console.print()
    if status.seats:
        table = _table("seat", "held by")
        for seat in status.seats:
            table.add_row(seat.name, _holders(seat))
        console.print(table)
        console.print()
    table = _table("layer", "well", "not well", "may still lose")
    for members in status.members:
        table.add_row(members.layer, ", ".join(members.well) or "none", _unwell(members), _margin(members))
    console.print(table)
    console.print()
    if status.proofs:
        table = _table("has to work when needed", "last proven", "seen by")
        for proof in status.proofs:
            table.add_row(proof.name, proof.at or line(("never", BAD)), proof.by)
        console.print(table)
        console.print()
    _show_losses(console, status.losses)


def _holders(seat: SeatStatus) -> Text:
    unknown = f" (unknown: {', '.join(seat.unknown)})" if seat.unknown else ""
    if len(seat.holders) == 1:
        return line((seat.holders[0], GOOD), (unknown, DOUBTFUL))
    held = f"nobody{unknown}" if not seat.holders else f"{', '.join(seat.holders)} at once{unknown}"
    return line((held, BAD))


def _unwell(members: MembersStatus) -> Text:
    reasons = [reason if reason.startswith(node) else f"{node}: {reason}"
               for node, reason in members.unwell.items()]
    return Text("\n".join(reasons), style=DOUBTFUL)


def _margin(members: MembersStatus) -> Text:
    if members.margin < 0:
        return line((f"needs {-members.margin} more", BAD))
    return line((f"{members.margin} more", GOOD if members.margin else DOUBTFUL))


def _show_losses(console: Console, losses: Sequence[Loss]) -> None:
    fatal = [loss for loss in losses if loss.stops]
    for loss in fatal:
        console.print(line(("losing ", DOUBTFUL), f"{loss.what} would stop: {', '.join(loss.stops)}"))
    if not fatal:
        console.print(line(("any one of these may fail: ", GOOD), ", ".join(loss.what for loss in losses)))


def show_timers(console: Console, rows: Sequence[Row], chains: Sequence[ChainRow]) -> None:
    """Every timer with its formula and reason, then what follows from them for each failure."""
    for row in rows:
        own = (" (overridden)", DOUBTFUL) if row.overridden else ""
        console.print(line((f"{row.name} ", STRONG), (row.value, GOOD), own, (f"  = {row.formula}", QUIET)))
        console.print(line(f"    {row.because}"))
        console.print(line((f"    {row.source}", QUIET)))
    console.print()
    table = _table("failure", "at least", "at most", "because of")
    for chain in chains:
        table.add_row(chain.name, chain.lower, chain.upper, Text(chain.waits, style=QUIET))
    console.print(table)
