"""Made-up histories for the tests of the checkers."""

from __future__ import annotations

from collections.abc import Collection

from fournines.drills.operation import Operation, Outcome
from fournines.drills.schedule import Timeline

TIMELINE = Timeline(0.0, 10.0, 20.0, 30.0)


def probes(bad: Collection[int] = (), *, path: str = "SQL", period_s: float = 0.1, until_s: float = 30.0,
           latency_s: float = 0.01, bad_outcome: Outcome = Outcome.FAIL,
           shift_s: float = 0.0) -> list[Operation]:
    """One probe per period; the numbers in ``bad`` end with ``bad_outcome``."""
    return [Operation(path, "insert", number, f"{path}-{number}", shift_s + number * period_s,
                      shift_s + number * period_s, shift_s + number * period_s + latency_s,
                      bad_outcome if number in bad else Outcome.OK)
            for number in range(round(until_s / period_s))]
