"""How long did clients wait, and how many were refused? Pure.

A probe is good when it was acknowledged within ``slow_s`` of when it was due. A gap is a run of probes that
were not good, and does not end with a few good ones: a path that fails for every third client is not served.
It lasted at least from when the first was due to when the last was, and at most from the end of the last good
probe before to the first end of a good one that was due after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from fournines.drills.operation import Operation, Outcome
from fournines.drills.schedule import Timeline
from fournines.drills.verdict import Verdict

LEAST_BASELINE = 5          # probes before the fault, to call anything steady
STEADY_SHARE = 0.95         # of them must have been good
SERVED_AGAIN = 7            # good ones in a row end a gap: a failing one of three members leaves two or three
UNASKED_PERIODS = 3.0       # a client that has not asked for so long has ended, or hangs


@dataclass(frozen=True, slots=True)
class Gap:
    """From ``start_s``, when its first probe was due, until ``until_s``, when its last one was given up
    (infinite where it never was). ``upper_s`` is infinite where nothing good came after, or before;
    ``served_again_s`` is when the first good one after it ended."""

    start_s: float
    until_s: float
    lower_s: float
    upper_s: float
    probes: int
    served_again_s: float = math.inf


@dataclass(frozen=True, slots=True)
class PathMeasure:
    """One path, measured. ``gap`` is the longest while the fault was there, ``return_gap`` while the cluster
    became whole again; None where there was none. ``resolution_s`` is what a gap cannot be shorter than and
    still be told from noise. Counts are of both windows; ``slow`` were acknowledged, but late.
    ``first_success_s`` is from the fault to the first good answer after ``gap``. ``others`` are the shorter
    gaps of both windows. ``asked_to_the_end``: its client did."""

    path: str
    probes: int
    gap: Gap | None
    return_gap: Gap | None
    resolution_s: float
    failed: int
    unknown: int
    slow: int
    steady_before: bool
    slow_s: float
    first_success_s: float | None = None
    others: tuple[Gap, ...] = ()
    asked_to_the_end: bool = True


def good(operation: Operation, slow_s: float) -> bool:
    """Acknowledged, and in time."""
    latency_s = operation.latency_s
    return operation.outcome is Outcome.OK and latency_s is not None and latency_s <= slow_s


def gaps(operations: Sequence[Operation], slow_s: float) -> tuple[Gap, ...]:
    """Every gap of one path, in order; ``operations`` are sorted here."""
    found: list[Gap] = []
    runs = _runs(operations, slow_s)
    for number, (served, run) in enumerate(runs):
        if not served:
            before = runs[number - 1][1] if number else ()
            after = runs[number + 1][1] if number + 1 < len(runs) else ()
            found.append(_gap(before, [item for item in run if not good(item, slow_s)], after))
    return tuple(found)


def _runs(operations: Sequence[Operation], slow_s: float) -> list[tuple[bool, list[Operation]]]:
    """Served and not served by turns; a few good ones between two bad ones are not served."""
    ordered = sorted(operations, key=lambda item: item.intended_s)
    runs = [(served, list(run)) for served, run in groupby(ordered, lambda item: good(item, slow_s))]
    found: list[tuple[bool, list[Operation]]] = []
    for number, (served, run) in enumerate(runs):
        between = 0 < number < len(runs) - 1
        steadily = served and not (between and len(run) < SERVED_AGAIN)
        if found and found[-1][0] == steadily:
            found[-1][1].extend(run)
        else:
            found.append((steadily, run))
    return found


def _gap(before: Sequence[Operation], bad: Sequence[Operation], after: Sequence[Operation]) -> Gap:
    """``before`` and ``after`` are the good probes up to the neighbouring gaps."""
    lower_s = bad[-1].intended_s - bad[0].intended_s
    upper_s = served_again_s = math.inf
    if after:
        served_again_s = min(item.done_s for item in after if item.done_s is not None)
    if before and after:
        upper_s = max(lower_s, served_again_s - (before[-1].done_s or before[-1].intended_s))
    until_s = max(math.inf if item.done_s is None else item.done_s for item in bad)
    return Gap(bad[0].intended_s, until_s, lower_s, upper_s, len(bad), served_again_s)


def of_fault(found: Iterable[Gap], timeline: Timeline) -> tuple[Gap, ...]:
    """Those of the fault. What was under way when it came was hit by it too: a gap is the fault's when it
    began before the undo and did not end before the fault. Those that ended before are noise."""
    return tuple(gap for gap in found
                 if gap.until_s >= timeline.injected_s and gap.start_s < timeline.healed_s)


def of_return(found: Iterable[Gap], timeline: Timeline) -> tuple[Gap, ...]:
    """Those that began while the cluster became whole again."""
    return tuple(gap for gap in found if gap.start_s in timeline.healing)


def measure(operations: Sequence[Operation], timeline: Timeline, slow_s: float) -> PathMeasure:
    """Of one path. The baseline are the probes that should have ended before the fault; of the later ones,
    those count that had not."""
    found = gaps(operations, slow_s)
    baseline = [item for item in operations
                if timeline.began_s <= item.intended_s < timeline.injected_s - slow_s]
    later = [item for item in operations if item.intended_s < timeline.ended_s
             and (item.done_s is None or item.done_s >= timeline.injected_s)]
    broken, healing = of_fault(found, timeline), of_return(found, timeline)
    gap, back = _longest(broken), _longest(healing)
    return PathMeasure(
        first_success_s=None if gap is None else max(0.0, gap.served_again_s - timeline.injected_s),
        path=operations[0].path if operations else "", probes=len(later), slow_s=slow_s,
        gap=gap, return_gap=back,
        others=tuple(each for each in dict.fromkeys((*broken, *healing)) if each not in (gap, back)),
        asked_to_the_end=_asked_to_the_end(operations, timeline),
        resolution_s=_period_s(operations) + _worst_s(baseline, slow_s),
        failed=sum(item.outcome is Outcome.FAIL for item in later),
        unknown=sum(item.outcome is Outcome.UNKNOWN for item in later),
        slow=sum(item.outcome is Outcome.OK and not good(item, slow_s) for item in later),
        steady_before=_steady(baseline, slow_s))


def _longest(found: Sequence[Gap]) -> Gap | None:
    return max(found, key=lambda gap: (gap.lower_s, gap.upper_s), default=None)


def _asked_to_the_end(operations: Sequence[Operation], timeline: Timeline) -> bool:
    steps = sorted(_steps_s(operations))
    return bool(steps) and (max(item.intended_s for item in operations)
                            >= timeline.ended_s - UNASKED_PERIODS * steps[len(steps) // 2])


def _period_s(operations: Sequence[Operation]) -> float:
    return max(_steps_s(operations), default=math.inf)


def _steps_s(operations: Sequence[Operation]) -> list[float]:
    """From when each was due to when the next was."""
    return [later - earlier for earlier, later in pairwise(sorted(item.intended_s for item in operations))]


def _worst_s(baseline: Sequence[Operation], slow_s: float) -> float:
    return max((item.latency_s or slow_s for item in baseline if good(item, slow_s)), default=0.0)


def _steady(baseline: Sequence[Operation], slow_s: float) -> bool:
    were_good = [good(item, slow_s) for item in sorted(baseline, key=lambda item: item.intended_s)]
    return (len(were_good) >= LEAST_BASELINE and were_good[-1]
            and sum(were_good) >= STEADY_SHARE * len(were_good))


def recovered_within(measured: PathMeasure, limit_s: float, blocked_s: float = 0.0) -> Verdict:
    """Whether no gap of the path was longer than ``limit_s``, and the ``blocked_s`` for which the fault was
    one in whose presence nothing may be served."""
    question = f"{measured.path} recovers within {limit_s:g} s{' of the undo' if blocked_s else ''}"
    limit_s += blocked_s
    if doubt := _doubt(measured):
        return Verdict(question, None, doubt)
    seen = _seen(measured)
    if not seen:
        return Verdict(question, True, f"no gap; less than {measured.resolution_s:.2f} s would not be seen")
    worst = max(seen, key=lambda gap: (gap.lower_s, gap.upper_s))
    if worst.lower_s > limit_s:
        return Verdict(question, False, f"a gap of {_span(worst)}")
    widest = max(seen, key=lambda gap: gap.upper_s)
    if widest.upper_s > limit_s:
        return Verdict(question, None, f"a gap of {_span(widest)}: the limit lies between")
    return Verdict(question, True, f"the longest gap was {_span(widest)}")


def recovered_by_itself(measured: PathMeasure) -> Verdict:
    """Whether every gap of the path ended, however long it was: nobody has helped."""
    question = f"{measured.path} is served again by itself"
    if doubt := _doubt(measured):
        return Verdict(question, None, doubt)
    seen = _seen(measured)
    if endless := next((gap for gap in seen if math.isinf(gap.upper_s)), None):
        return Verdict(question, False, f"a gap of {_span(endless)}")
    widest = max(seen, key=lambda gap: gap.upper_s, default=None)
    return Verdict(question, True, f"the longest gap was {_span(widest)}" if widest else "there was no gap")


def _doubt(measured: PathMeasure) -> str:
    """Why nothing follows from what was measured; empty where something does."""
    if not measured.steady_before:
        return "it was not serving steadily before the fault"
    if not measured.probes:
        return "nobody asked after the fault"
    return "" if measured.asked_to_the_end else "nobody asked any more before the run had ended"


def _seen(measured: PathMeasure) -> list[Gap]:
    return [*(gap for gap in (measured.gap, measured.return_gap) if gap is not None), *measured.others]


def _span(gap: Gap) -> str:
    upper = "without an end" if math.isinf(gap.upper_s) else f"at most {gap.upper_s:.2f} s"
    return f"at least {gap.lower_s:.2f} s and {upper}"
