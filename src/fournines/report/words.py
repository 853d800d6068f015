"""How numbers and truths are said in a report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fournines.drills.convergence import Redundancy
from fournines.drills.coverage import runs_to_show
from fournines.drills.result import Result, Row
from fournines.report.budget import AVAILABILITY, Cost
from fournines.report.comparison import Group
from fournines.report.console import count, seconds

PROMISE: Mapping[bool | None, str] = {True: "kept", False: "broken", None: "unknown"}
ANSWER: Mapping[bool | None, str] = {True: "yes", False: "no", None: "unknown"}
STYLE: Mapping[bool | None, str] = {True: "good", False: "bad", None: "doubtful"}
HEADLINE: Mapping[bool | None, str] = {
    True: "The promise was kept.",
    False: "The promise was broken.",
    None: "Whether the promise was kept is not known."}

SERIES_HEADLINE: Mapping[bool | None, str] = {
    True: "The promise was kept every time.",
    False: "The promise was broken.",
    None: "Whether the promise was kept every time is not known."}


def bounds(lower_s: float, upper_s: float) -> str:
    """``1.40 to 2.58 s``."""
    if not upper_s:
        return "none seen"
    if math.isinf(upper_s):
        return f"at least {seconds(lower_s)}, no end seen"
    return f"{lower_s:.2f} to {upper_s:.2f} s"


def at_most(upper_s: float) -> str:
    """The most that a gap can have been."""
    if math.isinf(upper_s):
        return "no end seen"
    return seconds(upper_s) if upper_s else "none seen"


def moment(from_fault_s: float) -> str:
    """``0.6 s after the fault``."""
    return f"{abs(from_fault_s):.1f} s {'after' if from_fault_s >= 0 else 'before'} the fault"


def share(cost: Cost) -> str:
    """``0.18 %`` of a year's allowance."""
    if math.isinf(cost.share):
        return "not known"
    return f"{100 * cost.share:.2f} %"


def times(cost: Cost) -> str:
    """How often a year it may happen."""
    found = cost.times_a_year
    if found is not None:
        return f"{found} times"
    return "not known" if cost.upper_s else "no limit seen"


def lost(rows: Sequence[Row]) -> str:
    """What became of the acknowledged writes of all paths."""
    writing = [row for row in rows if row.acknowledged is not None]
    if not writing:
        return "Nothing was written."
    acknowledged = sum(row.acknowledged or 0 for row in writing)
    known = [row.lost for row in writing if row.lost is not None]
    of = f"Of {count(acknowledged, 'acknowledged write')}"
    if sum(known):
        more = "" if len(known) == len(writing) else "; not every path could be read back"
        return f"{of}, {sum(known)} {'was' if sum(known) == 1 else 'were'} lost{more}."
    if len(known) < len(writing):
        unread = ", ".join(row.path for row in writing if row.lost is None)
        return f"{of}, none is known to be lost, but these could not be read back: {unread}."
    return f"{of}, none was lost."


def shows(group: Group) -> str:
    """What the runs of one drill show, and what they do not."""
    good = group.kept(True)
    bound = f"with 95 % confidence that at least {100 * group.coverage:.1f} % of such failures go well" \
        if good else "nothing"
    return (f"{good} good of {count(group.count, 'run')} shows {bound}; to show {100 * AVAILABILITY:g} % "
            f"takes {runs_to_show(AVAILABILITY)} good ones in a row. "
            f"Flake rate {100 * group.flake_rate:.0f} %.")


def served_again(row: Row) -> str:
    """From the fault to the first good answer after the longest gap that it made."""
    if row.first_success_s is None:
        return "no gap"
    return "never" if math.isinf(row.first_success_s) else seconds(row.first_success_s)


def redundant(redundancy: Redundancy) -> str:
    """``28 s after the fault, 8.00 s after the undo``."""
    if math.isinf(redundancy.upper_s):
        return f"not seen; last missing: {redundancy.last}"
    return f"{seconds(redundancy.upper_s)} after the fault, {seconds(redundancy.after_undo_s)} after the undo"


def served_and_whole(result: Result) -> str:
    """Time to first success of the slowest path beside time to full redundancy."""
    waited_s = [row.first_success_s for row in result.rows if row.first_success_s is not None]
    slowest_s = max(waited_s, default=0.0)
    served = "not again on every path" if math.isinf(slowest_s) else \
        f"every path {seconds(slowest_s)} after the fault" if waited_s else "all the time"
    whole = "not known" if result.redundancy is None else redundant(result.redundancy)
    return f"served: {served}; full redundancy: {whole}"
