"""From what was recorded to verdicts: how long uploads were away is judged, as on every other path."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from drills.histories import TIMELINE, probes
from fournines.drills.catalog import DRILLS
from fournines.drills.checkers.gaps import LEAST_BASELINE
from fournines.drills.effects import Sight
from fournines.drills.judge import Evidence, judge
from fournines.drills.operation import History
from fournines.drills.result import Row
from fournines.drills.settings import IMAGES, PERIOD_S, in_time_s

PROMISE_S, PERIOD = 5.0, PERIOD_S[IMAGES]
SHOWN = Sight(True, "it was off")


def row_of_uploads(bad: Collection[int], latency_s: float = 0.3) -> Row:
    uploads = probes(bad, path=IMAGES, period_s=PERIOD, latency_s=latency_s)
    evidence = Evidence(
        history=History(tuple(uploads)), timeline=TIMELINE, target="ctl1", address="192.0.2.1", samples={},
        views={}, views_apart_s=3.0, rows={}, bank={}, traces_before={}, traces_after={}, faults=(),
        role="was hit", served=SHOWN, effect=SHOWN, silences=False, whole_again=True, convergence="",
        finished=True)
    _, (found,), _ = judge(evidence, recover_within_s=PROMISE_S, slow_s=1.0, bounds={})
    return found


def test_uploads_that_fail_for_sixteen_seconds_break_a_promise_of_five() -> None:
    found = row_of_uploads(range(8, 21))
    assert (found.path, found.truth, found.failed) == (IMAGES, False, 13)
    assert found.gap_lower_s == pytest.approx(12 * PERIOD)


def test_one_upload_that_fails_breaks_nothing_although_they_are_rare() -> None:
    assert row_of_uploads([9]).truth is True
    assert row_of_uploads([9, 10, 11]).truth is True


def test_an_upload_may_take_as_long_as_its_three_requests() -> None:
    assert row_of_uploads([], latency_s=2.9).slow == 0
    assert row_of_uploads([], latency_s=3.1).slow > 0


def test_enough_uploads_fit_in_every_baseline_to_call_them_steady() -> None:
    for drill in DRILLS.values():
        assert int((drill.baseline_s - in_time_s(IMAGES, drill.slow_s)) / PERIOD) >= LEAST_BASELINE
