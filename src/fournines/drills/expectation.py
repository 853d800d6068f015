"""Expectations: sentences that a run is held against, besides what every drill is judged by.

    within 10s exactly one node holds the address
    within 3s SQL, new connection is served again
    within 1m the cluster is whole
    at most 5 requests of AMQP publish fail
    no acknowledged write is lost

Each becomes a verdict whose question is the sentence. Times count from the fault.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fournines.cluster.notation import Wrong, parse_duration
from fournines.drills.checkers.owners import SILENCE_S, Sample, clashes, holdings
from fournines.drills.convergence import Redundancy
from fournines.drills.result import Row
from fournines.drills.schedule import Timeline
from fournines.drills.verdict import Verdict
from fournines.errors import DrillError

STEP_S = 0.1
FORMS = ("within TIME exactly one node holds the address", "within TIME every path is served again",
         "within TIME PATH is served again", "within TIME the cluster is whole",
         "at most N requests of PATH fail", "no acknowledged write is lost")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run has shown. ``kept`` are the verdicts on what was acknowledged by stores that have no row;
    ``silenced`` is the node that could not speak from the fault on, empty where all could."""

    rows: Sequence[Row]
    redundancy: Redundancy
    samples: Mapping[str, Sequence[Sample]]
    timeline: Timeline
    silenced: str = ""
    kept: Sequence[Verdict] = ()


Judge = Callable[[Seen], tuple[bool | None, str]]


@dataclass(frozen=True, slots=True)
class Expectation:
    """``text`` is the sentence as it was written."""

    text: str
    judge: Judge

    def verdict(self, seen: Seen) -> Verdict:
        """Whether the run was so."""
        truth, because = self.judge(seen)
        return Verdict(self.text, truth, because)


def parse(text: str) -> Expectation:
    """The sentence. Raises ``DrillError`` that shows every form there is."""
    words = " ".join(text.split())
    if words == "no acknowledged write is lost":
        return Expectation(words, _nothing_lost)
    if found := re.fullmatch(r"at most (\d+) requests of (.+) fail", words):
        most, path = int(found[1]), found[2]
        return Expectation(words, lambda seen: _few_fail(seen, most, path))
    if found := re.fullmatch(r"within (\S+) (.+)", words):
        return Expectation(words, _within(found[2], _seconds(found[1], words), words))
    raise _not_understood(words)


def _not_understood(words: str) -> DrillError:
    return DrillError(f"the expectation cannot be understood: {words}",
                      hint=f"write one of: {'; '.join(FORMS)}")


def _seconds(text: str, words: str) -> float:
    try:
        return parse_duration(text)
    except Wrong as wrong:
        raise DrillError(f"{words}: {text} {wrong.what}", hint=wrong.instead) from None


def _within(what: str, limit_s: float, words: str) -> Judge:
    if what == "exactly one node holds the address":
        return lambda seen: _one_holds(seen, limit_s)
    if what == "the cluster is whole":
        return lambda seen: _whole(seen.redundancy, limit_s)
    if what == "every path is served again":
        return lambda seen: _served(seen.rows, limit_s)
    if found := re.fullmatch(r"(.+) is served again", what):
        path = found[1]
        return lambda seen: _served(_of(seen, path), limit_s)
    raise _not_understood(words)


def _of(seen: Seen, path: str) -> list[Row]:
    return [row for row in seen.rows if row.path.lower() == path.lower()]


def _served(rows: Sequence[Row], limit_s: float) -> tuple[bool | None, str]:
    if not rows:
        return None, "no client took that path"
    if ended := next((row.path for row in rows if math.isinf(row.return_upper_s)), ""):
        return False, f"{ended} was not served at the end"
    if doubt := next((row.path for row in rows if _in_doubt(row)), ""):
        return None, f"nothing is known of {doubt}"
    waited = {row.path: row.first_success_s for row in rows if row.first_success_s is not None}
    if not waited:
        return True, "there was no gap"
    slowest = max(waited, key=lambda path: waited[path])
    if math.isinf(waited[slowest]):
        return False, f"{slowest} was not served again"
    return waited[slowest] <= limit_s, f"{slowest} was served again after {waited[slowest]:.2f} s"


def _in_doubt(row: Row) -> bool:
    """Not because its gap ended near a limit: nobody asked, or it was not served before."""
    return not row.requests or (row.truth is None and not row.gap_upper_s and not row.return_upper_s)


def _whole(redundancy: Redundancy, limit_s: float) -> tuple[bool | None, str]:
    if redundancy.upper_s <= limit_s:
        return True, f"everything was there after {redundancy.upper_s:.1f} s"
    if redundancy.lower_s > limit_s:
        return False, f"after {redundancy.lower_s:.1f} s something was missing: {redundancy.last}"
    return None, f"between {redundancy.lower_s:.1f} and {redundancy.upper_s:.1f} s it became whole, or never"


def _few_fail(seen: Seen, most: int, path: str) -> tuple[bool | None, str]:
    rows = _of(seen, path)
    if not rows or not all(row.requests for row in rows):
        return None, "no client took that path"
    failed = sum(row.failed + row.unknown for row in rows)
    return failed <= most, f"{failed} failed or got no answer"


def _nothing_lost(seen: Seen) -> tuple[bool | None, str]:
    writing = [row for row in seen.rows if row.acknowledged is not None]
    lost = sum(row.lost or 0 for row in writing)
    if lost:
        return False, f"{lost} were lost"
    for verdict in sorted(seen.kept, key=lambda each: each.truth is None):
        if verdict.truth is not True:
            return verdict.truth, f"{verdict.question}: {verdict.because}"
    if not writing or any(row.lost is None for row in writing):
        return None, "not all could be read back" if writing else "nothing was written"
    return True, f"of {sum(row.acknowledged or 0 for row in writing)}, none was lost"


def _one_holds(seen: Seen, limit_s: float) -> tuple[bool | None, str]:
    """From then until the end, looked at ten times a second."""
    start_s = seen.timeline.injected_s + limit_s
    double = [clash for clash in clashes(seen.samples) if clash.end_s >= start_s]
    if double:
        return False, f"{' and '.join(double[0].nodes)} both held it"
    held = [item for node, samples in seen.samples.items() for item in holdings(node, samples)]
    count = int(max(0.0, seen.timeline.ended_s - start_s) / STEP_S)
    if not count:
        return None, "the run was over before"
    for number in range(count):
        moment_s = start_s + number * STEP_S
        if any(item.start_s - STEP_S <= moment_s <= item.end_s + STEP_S for item in held):
            continue
        after_s = moment_s - seen.timeline.injected_s
        if unseen := [node for node, samples in seen.samples.items() if node != seen.silenced
                      and not any(abs(each.lo_s - moment_s) <= SILENCE_S for each in samples)]:
            return None, f"{after_s:.1f} s after the fault {', '.join(unseen)} did not say what it held"
        return False, f"{after_s:.1f} s after the fault nobody held it"
    return True, f"from {limit_s:g} s after the fault on, always one"
