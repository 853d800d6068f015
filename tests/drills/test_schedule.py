"""The grid of the probes, and verdicts."""

from __future__ import annotations

import pytest

from fournines.drills.schedule import Grid, Timeline, spread
from fournines.drills.verdict import Verdict, merge


def test_probes_are_due_on_a_fixed_grid_whatever_happened_before() -> None:
    grid = Grid(10.0, 0.25)
    assert [grid.due_s(number) for number in range(4)] == [10.0, 10.25, 10.5, 10.75]


def test_paths_are_shifted_against_each_other() -> None:
    grids = spread(0.0, [0.1, 0.2, 0.3])
    assert [grid.due_s(0) for grid in grids] == pytest.approx([0.0, 0.2 / 3, 0.2])


def test_a_window_ends_before_its_end() -> None:
    healing = Timeline(10, 20, 30, 40).healing
    assert [moment_s in healing for moment_s in (29.9, 30, 39.9, 40)] == [False, True, True, False]


def verdict(truth: bool | None) -> Verdict:
    return Verdict(f"q{truth}", truth, "b")


@pytest.mark.parametrize(("truths", "merged"), [
    ([True, True], True), ([True, None], None), ([None, False, True], False), ([], None)])
def test_the_worst_verdict_wins(truths: list[bool | None], merged: bool | None) -> None:
    assert merge("q", map(verdict, truths)).truth is merged
    assert merge("q", map(verdict, reversed(truths))).truth is merged


def test_the_reason_is_of_the_verdicts_that_decided() -> None:
    assert merge("q", map(verdict, [True, False, None])).because == "qFalse: b"
