"""When the guard of a broker acts, and when it waits."""

from __future__ import annotations

import pytest

from fournines.layers.messaging.node.broker_guard import HUNG_S, Watch

WHOLE, ALONE, AGREEING, BOOTING = ({"running": 3, "members": 3}, {"running": 1, "members": 3},
                                   {"agreeing": 1}, {"agreeing": 0})


def seen(*answers: tuple[float, dict[str, int]]) -> list[bool]:
    """Whether it acts, after each of the answers and their times in seconds."""
    watch = Watch()
    return [bool(watch.wrong(answer, at_s)) for at_s, answer in answers]


@pytest.mark.parametrize(("answer", "alone"), [
    ({}, False), ({"running": 3, "members": 3}, False), ({"running": 2, "members": 3}, False),
    ({"running": 1, "members": 3}, True), ({"running": 1, "members": 2}, True),
    ({"running": 1, "members": 1}, False)])
def test_only_a_broker_that_serves_without_a_majority_serves_alone(answer: dict[str, int],
                                                                   alone: bool) -> None:
    assert seen((0, answer), (3, answer)) == [False, alone]


def test_a_broker_that_serves_alone_is_restarted_once_that_was_seen_twice() -> None:
    assert seen((0, ALONE), (3, ALONE)) == [False, True]
    assert seen((0, ALONE), (3, WHOLE), (6, ALONE), (9, {}), (12, ALONE)) == [False] * 5


def test_one_that_never_agrees_about_names_is_restarted() -> None:
    assert seen((0, AGREEING), (HUNG_S - 1, AGREEING), (HUNG_S, AGREEING)) == [False, False, True]


def test_one_that_boots_for_long_and_gets_on_is_left_alone() -> None:
    """As where it waits for tables that only a broker that is still down has."""
    assert seen((0, AGREEING), (1, BOOTING), (HUNG_S + 1, BOOTING), (HUNG_S + 2, AGREEING), (900, {}),
                (901, AGREEING)) == [False] * 6
