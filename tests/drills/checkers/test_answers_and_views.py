from __future__ import annotations

from dataclasses import replace

from fournines.drills.checkers.owners import View, one_answers, one_component
from fournines.drills.operation import Operation, Outcome

ASKED = [Operation("ARP", "who has", number, str(number), float(number), float(number), number + 0.15,
                   Outcome.OK, result="02:00:00:00:00:01") for number in range(4)]


def test_one_station_answers() -> None:
    assert one_answers("192.0.2.1", ASKED).truth is True
    moved = [*ASKED[:2], *(replace(item, result="02:00:00:00:00:02") for item in ASKED[2:])]
    assert one_answers("192.0.2.1", moved).truth is True   # one after the other


def test_two_stations_that_answer_the_same_request() -> None:
    double = [replace(ASKED[0], result="02:00:00:00:00:01,02:00:00:00:00:02"), *ASKED[1:]]
    assert one_answers("192.0.2.1", double).truth is False


def test_nobody_answered() -> None:
    nobody = [replace(item, outcome=Outcome.FAIL, result="") for item in ASKED]
    assert one_answers("192.0.2.1", nobody).truth is None


def stay(view: str, start: int, end: int) -> tuple[View, ...]:
    """Said twice a second."""
    return tuple(View(half / 2, half / 2 + 0.01, view) for half in range(2 * start, 2 * end + 1))


def test_members_that_notice_a_change_at_different_moments() -> None:
    views = {"ctl1": (*stay("u:1", 0, 10), *stay("u:2", 11, 20)),
             "ctl2": (*stay("u:1", 0, 12), *stay("u:2", 13, 20))}
    assert one_component(views, 2.0).truth is True


def test_two_components_for_longer_than_that() -> None:
    views = {"ctl1": (*stay("u:1", 0, 10), *stay("u:2", 11, 20)), "ctl2": stay("u:1", 0, 20)}
    assert one_component(views, 2.0).truth is False
    just = {"ctl1": stay("u:2", 0, 10), "ctl2": stay("u:1", 8, 20)}
    assert one_component(just, 2.0).truth is True
    assert one_component(just, 1.5).truth is False


def test_who_is_in_no_component_is_in_no_second_one() -> None:
    assert one_component({"ctl1": stay("u:2", 0, 20), "ctl2": stay("", 0, 20)}, 2.0).truth is True


def test_a_node_that_falls_silent_is_not_taken_to_stay() -> None:
    views = {"ctl1": stay("u:2", 5, 20), "ctl2": (*stay("u:1", 0, 4), *stay("u:2", 15, 20))}
    assert one_component(views, 2.0).truth is True


def test_nobody_said_anything() -> None:
    assert one_component({}, 2.0).truth is None
    assert one_component({"ctl1": ()}, 2.0).truth is None
