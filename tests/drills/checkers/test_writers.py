from __future__ import annotations

from dataclasses import replace

import pytest

from fournines.drills.checkers.writers import one_writer
from fournines.drills.operation import Operation, Outcome


def inserts(*nodes: str) -> list[Operation]:
    return [Operation("S", "insert", number, str(number), float(number), number + 0.0, number + 0.5,
                      Outcome.OK, result=node) for number, node in enumerate(nodes)]


@pytest.mark.parametrize("nodes", [("a", "a"), ("a", "b", "b"), ("a", "b", "a")])
def test_away_and_back_is_no_double(nodes: tuple[str, ...]) -> None:
    assert one_writer(inserts(*nodes)).truth is True


def test_two_that_take_turns_are() -> None:
    verdict = one_writer(inserts("a", "b", "a", "b"))
    assert verdict.truth is False
    assert "changed 3 times: a then b then a then b" in verdict.because
    assert one_writer(inserts("a", "b", "a", "b"), most_changes=3).truth is True


def test_what_overlapped_proves_no_order() -> None:
    overlapping = [replace(item, sent_s=0.0) for item in inserts("a", "b", "a", "b")]
    assert one_writer(overlapping).truth is True


def test_nobody_said_who_it_was() -> None:
    assert one_writer([]).truth is None
    assert one_writer([replace(item, result="") for item in inserts("a", "b")]).truth is None
    assert one_writer([replace(item, outcome=Outcome.UNKNOWN) for item in inserts("a", "b")]).truth is None
