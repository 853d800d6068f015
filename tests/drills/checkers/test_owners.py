"""The owners of an address: overlaps a little longer and a little shorter than what can be proven."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.drills.checkers.owners import Sample, clashes, holdings, one_owner
from fournines.drills.schedule import Window

WINDOW = Window(0.0, 30.0)
NOBODY = Window(-1.0, -1.0)


def seen(held: Window, *, doubt_s: float = 0.0, shift_s: float = 0.0, until_s: float = 30.0,
         without: Window = NOBODY) -> list[Sample]:
    """A sample each 0.1 s, as exact as ``doubt_s``."""
    moments = [number / 10 + shift_s for number in range(round(until_s * 10))]
    return [Sample(moment - doubt_s, moment + doubt_s, moment in held) for moment in moments
            if moment not in without]


def truth(samples: dict[str, list[Sample]], excused: dict[str, Window] | None = None) -> bool | None:
    return one_owner("192.0.2.1", samples, WINDOW, excused or {}).truth


def test_a_clean_handover() -> None:
    samples = {"ctl1": seen(Window(0, 10)), "ctl2": seen(Window(12, 30)), "ctl3": seen(NOBODY)}
    assert truth(samples) is True


@pytest.mark.parametrize(("taken_s", "expected"), [(9.7, False), (10.05, True)])
def test_an_overlap_is_found(taken_s: float, expected: bool) -> None:
    assert truth({"ctl1": seen(Window(0, 10)), "ctl2": seen(Window(taken_s, 30))}) is expected


@pytest.mark.parametrize(("doubt_s", "expected"), [(0.2, False), (0.6, True)])
def test_an_overlap_within_the_doubt_of_the_clocks_proves_nothing(doubt_s: float, expected: bool) -> None:
    """One second together, the clocks unsure by ``doubt_s`` each way on both sides."""
    assert truth({"ctl1": seen(Window(0, 10.95), doubt_s=doubt_s),
                  "ctl2": seen(Window(9.95, 30), doubt_s=doubt_s)}) is expected


def test_a_shifted_clock_makes_a_clash() -> None:
    good = {"ctl1": seen(Window(0, 10)), "ctl2": seen(Window(10.5, 30))}
    late = {**good, "ctl1": [Sample(item.lo_s + 1, item.hi_s + 1, item.holds) for item in good["ctl1"]]}
    assert truth(good) is True
    assert truth(late) is False


def test_a_single_sample_is_enough_to_prove_it() -> None:
    (clash,) = clashes({"ctl1": seen(Window(0, 10)), "ctl2": [Sample(5.0, 5.0, True)]})
    assert (clash.nodes, clash.start_s, clash.end_s) == (("ctl1", "ctl2"), 5.0, 5.0)


def test_silence_is_not_holding() -> None:
    assert [(item.start_s, item.end_s) for item in holdings("ctl1", [
        Sample(1, 1, True), Sample(1.5, 1.5, True), Sample(9, 9, True), Sample(9.1, 9.1, False)])] == [
            (1, 1.5), (9, 9)]


def test_a_node_that_speaks_rarely_and_was_told_of_no_change_is_seen_all_along() -> None:
    rare = [Sample(moment, moment, True, quiet=moment > 0) for moment in (0.0, 4.0, 9.0)]
    assert [(item.start_s, item.end_s) for item in holdings("ctl1", rare)] == [(0, 9)]
    others = {"ctl2": seen(Window(10.5, 30))}
    after = [Sample(moment, moment, False, quiet=moment > 9.5) for moment in (9.5, 14.0, 19.0, 24.0, 29.0)]
    assert truth({"ctl1": [*rare, *after], **others}) is True
    assert truth({"ctl1": [*rare, *(replace(item, quiet=False) for item in after)], **others}) is None
    assert truth({"ctl1": rare, "ctl2": seen(Window(5, 30))}) is False


def test_a_node_that_stood_still_held_nothing_meanwhile() -> None:
    thawed = [*seen(Window(0, 3), until_s=3), Sample(20.0, 20.0, True, quiet=True)]
    others = {"ctl2": seen(Window(6, 19.9))}
    assert [(item.start_s, item.end_s) for item in holdings("ctl1", thawed)] == [(0, 2.9), (20, 20)]
    assert truth({"ctl1": thawed, **others}) is None
    assert truth({"ctl1": [*thawed, *seen(NOBODY, shift_s=20.1, until_s=9.8)], **others},
                 {"ctl1": Window(3, 20)}) is True


def test_what_cannot_be_known_is_unknown() -> None:
    held, off = seen(Window(0, 30)), Window(10.0, 20.0)
    assert truth({}) is None
    assert truth({"ctl1": seen(NOBODY)}) is None
    silent = {"ctl1": held, "ctl2": seen(NOBODY, without=off)}
    assert truth(silent) is None
    assert truth(silent, {"ctl2": off}) is True
    assert truth(silent, {"ctl1": off}) is None
    assert truth({"ctl1": held, "ctl2": []}) is None


@pytest.mark.parametrize(("taken_s", "off_s", "expected"), [
    (13.0, 11.8, True),     # off, and only then another has it
    (11.5, 11.8, None),     # another has it while it may still run
    (13.0, None, None),     # nobody knows that it was off
    (13.0, 25.0, None),     # it was fenced at another time
])
def test_who_was_fenced_holds_nothing_until_it_speaks_again(taken_s: float, off_s: float | None,
                                                            expected: bool | None) -> None:
    samples = {"ctl1": seen(Window(0, 10), without=Window(10, 20)), "ctl2": seen(Window(taken_s, 30))}
    fenced = {} if off_s is None else {"ctl1": off_s}
    assert one_owner("192.0.2.1", samples, WINDOW, {}, fenced).truth is expected


def test_who_is_silent_while_nobody_else_holds_it_is_no_second_owner() -> None:
    silent = seen(Window(0, 10), without=Window(5, 8))
    assert truth({"ctl1": silent, "ctl2": seen(Window(11, 30))}) is True
    assert truth({"ctl1": silent, "ctl2": seen(Window(11, 30), without=Window(7, 9))}) is None
    assert truth({"ctl1": silent, "ctl2": seen(Window(11, 30)), "ctl3": []}) is None


@given(st.floats(0, 20), st.floats(0, 20))
def test_who_is_who_does_not_matter(one: float, other: float) -> None:
    samples = {"a": seen(Window(0, one)), "b": seen(Window(other, 30))}
    swapped = {"a": samples["b"], "b": samples["a"]}
    assert truth(samples) is truth(swapped)
