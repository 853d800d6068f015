"""When the guard of a broker acts, and when it waits."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from fournines.layers.messaging.node.broker_guard import AWAY_S, HUNG_S, Answer, Watch

WHOLE, ALONE = Answer(running=3, members=3), Answer(running=1, members=3)
SILENT, AGREEING, BOOTING = Answer(), Answer(agreeing=True), Answer()
THREE, FIVE = [f"rabbit@ctl{number}" for number in (1, 2, 3)], [f"rabbit@n{number}" for number in range(1, 6)]


def seen(*answers: tuple[float, Answer], broker: str = "rabbit@ctl1",
         brokers: list[str] = THREE) -> list[bool]:
    """Whether it acts, after each of the answers and their times in seconds."""
    watch = Watch(broker, brokers)
    return [bool(watch.wrong(answer, at_s)) for at_s, answer in answers]


@pytest.mark.parametrize(("answer", "alone"), [
    (SILENT, False), (Answer(running=3, members=3), False), (Answer(running=2, members=3), False),
    (Answer(running=1, members=3), True), (Answer(running=1, members=2), True),
    (Answer(running=1, members=1), False)])
def test_only_a_broker_that_serves_without_a_majority_serves_alone(answer: Answer, alone: bool) -> None:
    assert seen((0, answer), (3, answer)) == [False, alone]


@pytest.mark.parametrize(("reached", "serving", "acts"), [
    ((), 0, True), (THREE[1:], 2, True), (THREE[1:], 1, True), (THREE[1:], 0, False), (THREE[1:2], 0, False)])
def test_the_last_that_serves_is_left_alone(reached: Collection[str], serving: int, acts: bool) -> None:
    """As the third is that hears two who have paused because they do not hear each other."""
    answer = Answer(running=1, members=3, reached=reached, serving=serving)
    assert seen((0, answer), (3, answer)) == [False, acts]


def test_a_broker_that_serves_alone_is_restarted_once_that_was_seen_twice() -> None:
    assert seen((0, ALONE), (3, ALONE)) == [False, True]
    assert seen((0, ALONE), (3, WHOLE), (6, ALONE), (9, SILENT), (12, ALONE)) == [False] * 5


def paused(reached: str, beyond: str, kind: str = "rabbit@ctl") -> Answer:
    return Answer(paused=True, reached=[f"{kind}{name}" for name in reached.split()],
                  beyond=[f"{kind}{name}" for name in beyond.split()])


@pytest.mark.parametrize(("broker", "answer", "acts"), [
    ("rabbit@ctl1", paused("3", "1 2"), True),     # the senior of two that do not hear each other
    ("rabbit@ctl2", paused("3", "1 2"), False),    # the junior: the third hears its senior
    ("rabbit@ctl2", paused("1", "2 3"), True),     # it is junior, but not of the one it does not hear
    ("rabbit@ctl1", paused("", ""), False),        # a minority, as it should be
    ("rabbit@ctl3", paused("1 2", "3"), True),     # together again, and it goes on waiting
    ("rabbit@ctl3", paused("1 4", "2 3"), False)])   # a stranger's precedence is none, and 2 is a senior
def test_of_two_that_do_not_hear_each_other_the_senior_goes_on(broker: str, answer: Answer,
                                                               acts: bool) -> None:
    assert seen((0, answer), (3, answer), broker=broker) == [False, acts]


@pytest.mark.parametrize(("broker", "reached", "beyond", "acts"), [
    ("n1", "3 4 5", "1 2 3 4 5", True), ("n2", "3 4 5", "1 2 3 4 5", False),
    ("n2", "1 4", "1 2 3 4 5", True), ("n2", "3 4", "2 3 4 5", False), ("n3", "4", "1 2 3 4 5", False)])
def test_of_five_too(broker: str, reached: str, beyond: str, acts: bool) -> None:
    answer = paused(reached, beyond, "rabbit@n")
    assert seen((0, answer), (3, answer), broker=f"rabbit@{broker}", brokers=FIVE) == [False, acts]


def test_a_senior_that_nobody_hears_may_be_starting_and_is_waited_for() -> None:
    """Both would be up again otherwise, and pause again."""
    gone, there = paused("3", "2"), paused("3", "1 2")
    junior = {"broker": "rabbit@ctl2"}
    assert seen((0, gone), (3, gone), (AWAY_S - 1, gone), (AWAY_S, gone), **junior) == [False] * 3 + [True]
    assert seen((0, gone), (AWAY_S - 9, gone), (AWAY_S - 5, there), (AWAY_S, gone), **junior) == [False] * 4


def test_one_that_is_paused_for_a_moment_is_left_alone() -> None:
    senior = paused("3", "1 2")
    assert seen((0, senior), (3, SILENT), (6, senior), (9, WHOLE), (12, senior), (15, paused("", ""))) \
        == [False] * 6


def test_one_that_never_agrees_about_names_is_restarted() -> None:
    assert seen((0, AGREEING), (HUNG_S - 1, AGREEING), (HUNG_S, AGREEING)) == [False, False, True]


def test_one_that_boots_for_long_and_gets_on_is_left_alone() -> None:
    """As where it waits for tables that only a broker that is still down has."""
    assert seen((0, AGREEING), (1, BOOTING), (HUNG_S + 1, BOOTING), (HUNG_S + 2, AGREEING), (900, SILENT),
                (901, AGREEING)) == [False] * 6
