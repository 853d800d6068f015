"""The exchange register: each verdict has a mutant that must change it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.drills.checkers.register import register
from fournines.drills.operation import Operation, Outcome


def exchanges(count: int = 10) -> list[Operation]:
    """One a second, each done 0.1 s after it was sent, each replacing the one before."""
    return [Operation("R", "exchange", number, f"v{number}", float(number), number + 0.0, number + 0.1,
                      Outcome.OK, result=f"v{number - 1}" if number else "") for number in range(count)]


def but(number: int, **changes: object) -> list[Operation]:
    found = exchanges()
    found[number] = replace(found[number], **changes)  # type: ignore[arg-type]
    return found


def test_a_good_register() -> None:
    assert register("R", exchanges()).truth is True


@pytest.mark.parametrize(("mutant", "why"), [
    (but(5, result="v3"), "v5 saw v3, which had been replaced before"),
    (but(5, result="v9"), "v5 saw v9, which was sent later"),
    (but(5, result="other"), "v5 saw other, which nobody wrote"),
    (but(4, outcome=Outcome.FAIL), "v5 saw v4, which was refused"),
    (but(5, result=""), "2 exchanges replaced the first value"),
])
def test_what_cannot_be_is_found(mutant: list[Operation], why: str) -> None:
    verdict = register("R", mutant)
    assert verdict.truth is False
    assert why in verdict.evidence


def test_a_lost_update_is_found_although_they_overlapped() -> None:
    """Both replaced v4: the times allow either order, the register allows neither."""
    mutant = exchanges()
    mutant[6] = replace(mutant[6], sent_s=5.0, result="v4")
    verdict = register("R", mutant)
    assert verdict.truth is False
    assert "2 exchanges replaced v4" in verdict.evidence


def test_what_is_in_doubt_may_or_may_not_have_happened() -> None:
    assert register("R", but(4, outcome=Outcome.UNKNOWN)).truth is True
    skipped = but(4, outcome=Outcome.UNKNOWN)
    skipped[5] = replace(skipped[5], result="v3")
    assert register("R", skipped).truth is True


def test_nothing_to_judge_is_unknown() -> None:
    assert register("R", []).truth is None
    assert register("R", exchanges(1)).truth is None
    assert register("R", [replace(item, outcome=Outcome.FAIL) for item in exchanges()]).truth is None


def test_a_cache_may_forget_and_not_remember_wrong() -> None:
    assert register("C", but(5, result=""), may_forget=True).truth is True
    twice = exchanges()
    twice[6] = replace(twice[6], sent_s=5.0, result="v4")   # get and set are two steps
    assert register("C", twice, may_forget=True).truth is True
    assert register("C", but(5, result="v3"), may_forget=True).truth is False


@given(st.randoms(), st.floats(-1e5, 1e5))
def test_order_and_time_do_not_matter(chance: random.Random, shift_s: float) -> None:
    for history, truth in ((exchanges(), True), (but(5, result="v3"), False)):
        moved = [replace(item, sent_s=(item.sent_s or 0.0) + 2e5 + shift_s,
                         done_s=(item.done_s or 0.0) + 2e5 + shift_s) for item in history]
        chance.shuffle(moved)
        assert register("R", moved).truth is truth
