"""The set checker: a mutant for every verdict."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.histories import probes
from fournines.drills.checkers.writes import compare, kept
from fournines.drills.operation import Operation, Outcome

OPERATIONS = [*probes([3], until_s=1.0), *probes([7], until_s=1.0, path="B", bad_outcome=Outcome.UNKNOWN)]
ACKNOWLEDGED = [item.value for item in OPERATIONS if item.outcome is Outcome.OK]
REFUSED, UNANSWERED = "SQL-3", "B-7"
Found = dict[str, list[str] | None]


def found(*extra: str, without: str = "") -> Found:
    values = [value for value in (*ACKNOWLEDGED, *extra) if value != without]
    return {node: list(values) for node in ("ctl1", "ctl2", "ctl3")}


def truth(there: Found, operations: list[Operation] = OPERATIONS, **options: bool) -> bool | None:
    return kept("SQL", compare(operations, there), **options).truth


def test_all_there() -> None:
    assert truth(found()) is True


def test_what_was_not_answered_may_be_there() -> None:
    assert truth(found(UNANSWERED)) is True
    assert compare(OPERATIONS, found(UNANSWERED)).recovered == 1


@pytest.mark.parametrize(("there", "because"), [
    (found(without="SQL-5"), "1 lost"),
    (found("nobody wrote this"), "1 unexpected"),
    (found(REFUSED), "1 refused and yet there"),
    (found("SQL-5"), "1 there twice"),
    ({**found(), "ctl2": [value for value in ACKNOWLEDGED if value != "B-1"]}, "1 missing on ctl2"),
    ({**found(), "ctl1": None, "ctl2": [], "ctl3": []}, "18 lost"),
])
def test_each_mutant_is_found(there: Found, because: str) -> None:
    verdict = kept("SQL", compare(OPERATIONS, there))
    assert verdict.truth is False
    assert because in verdict.because


def test_a_flipped_outcome_is_found() -> None:
    lied = [replace(item, outcome=Outcome.OK) if item.value == REFUSED else item for item in OPERATIONS]
    assert truth(found(), lied) is False
    denied = [replace(item, outcome=Outcome.FAIL) if item.value == "SQL-5" else item for item in OPERATIONS]
    assert truth(found(), denied) is False


@pytest.mark.parametrize(("there", "operations"), [
    ({"ctl1": None, "ctl2": None}, OPERATIONS),
    ({}, OPERATIONS),
    ({**found(), "ctl2": None}, OPERATIONS),
    ({"ctl1": []}, []),
    ({"ctl1": []}, probes(range(10), until_s=1.0)),
])
def test_what_cannot_be_known_is_unknown(there: Found, operations: list[Operation]) -> None:
    assert truth(there, operations) is None


def test_a_queue_may_deliver_twice_but_must_have_been_drained() -> None:
    twice: Found = {"the consumer": [*ACKNOWLEDGED, "SQL-5"]}
    short: Found = {"the consumer": ACKNOWLEDGED[1:]}
    assert truth(twice, repeats_allowed=True) is True
    assert truth(short, repeats_allowed=True) is False
    assert truth(short, repeats_allowed=True, complete=False) is None
    assert truth({"the consumer": [*ACKNOWLEDGED, "?"]}, complete=False) is False


@given(st.randoms())
def test_the_order_changes_nothing(dice: random.Random) -> None:
    there = found()["ctl1"] or []
    operations = list(OPERATIONS)
    dice.shuffle(there)
    dice.shuffle(operations)
    assert compare(operations, {"ctl1": there}) == compare(OPERATIONS, {"ctl1": ACKNOWLEDGED})


def test_two_histories_that_are_good_are_good_together() -> None:
    other = probes([1], until_s=1.0, path="C")
    more = [item.value for item in other if item.outcome is Outcome.OK]
    assert truth(found(*more), [*OPERATIONS, *other]) is True
