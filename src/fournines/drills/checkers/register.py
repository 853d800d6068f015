"""Is a register a register? Every operation puts a unique value into it and gets the one that it replaced.
Pure.

Where exchange is atomic the acknowledged ones form a chain, each value replaced by exactly one: two that
replaced the same value are a lost update. What is in doubt may or may not have a place in the chain. All
rules are sound: what they find cannot have happened in any order that the times allow. What only an
unacknowledged exchange would prove is not found.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from fournines.drills.checkers.writes import SHOWN
from fournines.drills.operation import Operation, Outcome
from fournines.drills.verdict import Verdict

NOTHING = ""   # what was there before the first value; of a cache, also what was forgotten


def register(path: str, operations: Sequence[Operation], *, may_forget: bool = False) -> Verdict:
    """``may_forget``: it is a cache, whose ``get`` and ``set`` are two steps: old values are wrong, forgotten
    ones are not, and two may read the same."""
    question = f"{path} never shows an old value" if may_forget else f"{path} loses no update"
    done = sorted((item for item in operations if item.outcome is Outcome.OK and item.done_s is not None
                   and item.sent_s is not None), key=_done)
    if len(done) < 2:
        return Verdict(question, None, "fewer than two exchanges were acknowledged")
    wrong = [*_never_written(operations, done), *_overwritten(operations, done)]
    if not may_forget:
        wrong += _replaced_twice(done)
    if wrong:
        return Verdict(question, False, f"{len(wrong)} answers of {len(done)} exchanges cannot be right",
                       tuple(wrong[:SHOWN]))
    forgot = sum(item.result == NOTHING for item in done) if may_forget else 0
    return Verdict(question, True, f"{len(done)} exchanges, each answered with a value that could be there"
                                   f"{f'; nothing was there {forgot} times' if forgot else ''}")


def _never_written(operations: Sequence[Operation], done: Sequence[Operation]) -> Iterator[str]:
    """Values that nobody wrote, that were refused, or that were only sent after they had been seen."""
    by_value = {item.value: item for item in operations}
    for item in done:
        if item.result == NOTHING:
            continue
        writer = by_value.get(item.result)
        if writer is None:
            yield f"{item.value} saw {item.result}, which nobody wrote"
        elif writer.outcome is Outcome.FAIL:
            yield f"{item.value} saw {item.result}, which was refused"
        elif (writer.sent_s or writer.intended_s) > (item.done_s or 0.0):
            yield f"{item.value} saw {item.result}, which was sent later"


def _overwritten(operations: Sequence[Operation], done: Sequence[Operation]) -> Iterator[str]:
    """Values that were certainly replaced before the exchange that saw them began: another one was sent after
    the value was acknowledged, and was acknowledged itself before."""
    ended_s = [_done(item) for item in done]
    newest_sent_s: list[float] = []   # of those acknowledged up to here, when the latest was sent
    for item in done:
        newest_sent_s.append(max(item.sent_s or 0.0, newest_sent_s[-1] if newest_sent_s else 0.0))
    written_s = {item.value: item.done_s for item in operations if item.outcome is Outcome.OK}
    for item in done:
        count = bisect_left(ended_s, item.sent_s or 0.0)
        value_s = 0.0 if item.result == NOTHING else written_s.get(item.result)
        if count and value_s is not None and item.result != NOTHING and newest_sent_s[count - 1] > value_s:
            yield f"{item.value} saw {item.result}, which had been replaced before"


def _replaced_twice(done: Sequence[Operation]) -> Iterator[str]:
    counted = Counter(item.result for item in done)
    for value, count in counted.items():
        if count > 1:
            yield f"{count} exchanges replaced {value or 'the first value'}"


def _done(item: Operation) -> float:
    return item.done_s or 0.0
