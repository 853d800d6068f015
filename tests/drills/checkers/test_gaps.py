"""Gaps: each verdict has a mutant that must change it."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.histories import TIMELINE, probes
from fournines.drills.checkers.gaps import gaps, measure, recovered_by_itself, recovered_within
from fournines.drills.operation import Operation, Outcome
from fournines.drills.schedule import Timeline

SLOW_S = 1.0


def truth(operations: list[Operation], limit_s: float = 5.0, timeline: Timeline = TIMELINE) -> bool | None:
    return recovered_within(measure(operations, timeline, SLOW_S), limit_s).truth


def test_no_gap() -> None:
    measured = measure(probes(), TIMELINE, SLOW_S)
    assert (measured.gap, measured.return_gap, measured.failed) == (None, None, 0)
    assert measured.resolution_s == pytest.approx(0.11)
    assert truth(probes()) is True


def test_a_gap_has_two_bounds() -> None:
    (gap,) = gaps(probes(range(110, 131)), SLOW_S)
    assert gap.lower_s == pytest.approx(2.0)
    assert gap.upper_s == pytest.approx(2.2)
    assert gap.probes == 21


def test_a_gap_is_over_with_the_first_answer_whichever_request_got_it() -> None:
    """The request of 13.1 s took 0.9 s, the one after it 0.01 s: at 13.21 s the service was back."""
    answers = [replace(item, done_s=14.0) if item.number == 131 else item for item in probes(range(110, 131))]
    (gap,) = gaps(answers, SLOW_S)
    assert gap.upper_s == pytest.approx(2.3)


@pytest.mark.parametrize(("count", "expected"), [(49, True), (50, None), (51, None), (52, False)])
def test_the_limit_between_the_bounds_is_unknown(count: int, expected: bool | None) -> None:
    """n probes lost: between (n - 1) and (n + 1) periods."""
    assert truth(probes(range(110, 110 + count))) is expected


@pytest.mark.parametrize(("lost", "expected"), [
    (range(0), True), (range(110, 111), True), (range(110, 180), True), (range(110, 300), False),
    (range(80, 300), None)])
def test_what_is_beyond_the_promise_has_only_to_end(lost: range, expected: bool | None) -> None:
    assert recovered_by_itself(measure(probes(lost), TIMELINE, SLOW_S)).truth is expected


def test_a_stall_that_is_acknowledged_late_is_a_gap() -> None:
    """Galera without its quorum answers nothing and fails nothing: all is acknowledged in the end."""
    stalled = [replace(item, done_s=17.0) if 11.0 <= item.intended_s < 17.0 else item for item in probes()]
    assert truth(stalled) is None
    assert truth(stalled, limit_s=4.0) is False
    measured = measure(stalled, TIMELINE, SLOW_S)
    assert (measured.failed, measured.unknown, measured.slow) == (0, 0, 50)


def test_a_gap_without_an_end_is_never_true() -> None:
    dead = probes(range(110, 300))
    assert truth(dead) is False
    assert math.isinf(gaps(dead, SLOW_S)[0].upper_s)
    assert truth(probes(range(290, 300))) is None


def test_a_probe_that_never_ended_is_not_good() -> None:
    hung = [replace(item, done_s=None, outcome=Outcome.UNKNOWN) if 110 <= item.number < 170 else item
            for item in probes()]
    assert truth(hung) is False
    assert measure(hung, TIMELINE, SLOW_S).unknown == 60


@pytest.mark.parametrize("every", [2, 3, 4, 7])
def test_who_fails_for_every_few_clients_is_not_served(every: int) -> None:
    flapping = probes([number for number in range(110, 200) if number % every == 0])
    measured = measure(flapping, TIMELINE, SLOW_S)
    assert truth(flapping) is False
    assert measured.failed == sum(number % every == 0 for number in range(110, 200))
    assert measured.gap is not None
    assert measured.gap.lower_s == pytest.approx(9.0, abs=1.5)


def test_several_gaps_are_not_one() -> None:
    """Each was followed by seven good answers and more."""
    seldom = probes([number for number in range(110, 200) if number % 9 == 0])
    measured = measure(seldom, TIMELINE, SLOW_S)
    assert truth(seldom) is True
    assert measured.gap is not None
    assert (measured.gap.lower_s, measured.gap.probes, len(measured.others)) == (0.0, 1, 9)


def test_a_certain_gap_is_not_hidden_by_one_without_an_end() -> None:
    assert truth(probes([*range(110, 180), 298, 299])) is False
    assert truth(probes([*range(210, 280), 298, 299])) is False
    assert truth(probes([298, 299])) is None


@pytest.mark.parametrize("last", [150, 250, 290])
def test_who_no_longer_asks_sees_no_gap(last: int) -> None:
    assert truth(probes()[:last]) is None
    assert recovered_by_itself(measure(probes()[:last], TIMELINE, SLOW_S)).truth is None


def test_what_was_under_way_when_the_fault_came_is_part_of_its_gap() -> None:
    """Due 0.1 s before, given up long after."""
    cut = [replace(item, done_s=item.intended_s + 3.0) if item.number == 99 else item
           for item in probes(range(99, 130))]
    measured = measure(cut, TIMELINE, SLOW_S)
    assert measured.steady_before
    assert measured.gap is not None
    assert measured.gap.lower_s == pytest.approx(3.0)
    assert measured.failed == 31
    assert truth(cut, limit_s=2.0) is False


def test_what_failed_before_the_fault_is_noise() -> None:
    measured = measure(probes([95]), TIMELINE, SLOW_S)
    assert (measured.gap, measured.failed, measured.steady_before) == (None, 0, True)


def test_gaps_of_the_fault_and_of_the_return_are_told_apart() -> None:
    measured = measure(probes([*range(110, 121), *range(210, 216)]), TIMELINE, SLOW_S)
    assert measured.gap is not None
    assert measured.return_gap is not None
    assert measured.gap.lower_s == pytest.approx(1.0)
    assert measured.return_gap.lower_s == pytest.approx(0.5)
    assert truth(probes(range(210, 280))) is False


@pytest.mark.parametrize("operations", [
    pytest.param([], id="empty"),
    pytest.param(probes(range(300)), id="all failed"),
    pytest.param(probes(range(80, 100)), id="not serving when the fault came"),
    pytest.param(probes([89]), id="failing at the last moment"),
    pytest.param([item for item in probes() if item.intended_s >= 9.9], id="no baseline"),
    pytest.param([item for item in probes() if item.intended_s < 10], id="nobody asked afterwards"),
])
def test_what_cannot_be_known_is_unknown(operations: list[Operation]) -> None:
    assert truth(operations) is None


@given(st.sets(st.integers(110, 299)), st.randoms(), st.floats(-1e3, 1e5))
def test_order_of_recording_and_time_of_day_change_nothing(bad: set[int], dice: random.Random,
                                                           shift_s: float) -> None:
    here = probes(bad)
    shuffled = list(here)
    dice.shuffle(shuffled)
    assert measure(shuffled, TIMELINE, SLOW_S) == measure(here, TIMELINE, SLOW_S)
    shift_s = round(shift_s)
    moved = Timeline(*(moment + shift_s for moment in (0.0, 10.0, 20.0, 30.0)))
    there = measure(probes(bad, shift_s=shift_s), moved, SLOW_S)
    assert (there.failed, there.unknown, there.steady_before) == (len(bad), 0, True)


@given(st.sets(st.integers(110, 299), min_size=1))
def test_the_bounds_enclose_one_another(bad: set[int]) -> None:
    found = gaps(probes(bad), SLOW_S)
    assert all(gap.lower_s <= gap.upper_s for gap in found)
    assert sum(gap.probes for gap in found) == len(bad)
