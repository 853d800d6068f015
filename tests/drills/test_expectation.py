"""Each form: a run that is so, one that is not, and one that does not tell."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from fournines.drills.checkers.owners import Sample
from fournines.drills.convergence import Redundancy
from fournines.drills.expectation import FORMS, Seen, parse
from fournines.drills.result import Row
from fournines.drills.schedule import Timeline
from fournines.drills.verdict import Verdict
from fournines.errors import DrillError

TIMELINE = Timeline(0.0, 10.0, 30.0, 60.0)


def row(path: str, first_success_s: float | None, lost: int | None = 0, failed: int = 0) -> Row:
    return Row(path, 0.0, 0.0, 0.0, 0.0, 0.1, 300, failed, 1, 0, None if lost is None else 290, lost, True,
               first_success_s=first_success_s)


def held(start_s: float, end_s: float) -> tuple[Sample, ...]:
    """From 0 to 60 s, ten times a second."""
    return tuple(Sample(tick / 10, tick / 10 + 0.01, start_s <= tick / 10 < end_s) for tick in range(601))


SEEN = Seen((row("SQL", 2.5), row("TCP", None, lost=None)), Redundancy(25.0, 28.0, 8.0, "a queue"),
            {"ctl1": held(0, 10), "ctl2": held(10.6, 61)}, TIMELINE)


def truth(text: str, seen: Seen = SEEN) -> bool | None:
    return parse(text).verdict(seen).truth


@pytest.mark.parametrize(("text", "expected"), [
    ("within 3s SQL is served again", True), ("within 2s sql is served again", False),
    ("within 3s TCP is served again", True), ("within 3s AMQP is served again", None),
    ("within 3s every path is served again", True), ("within 2400ms every path is served again", False),
    ("within 28s the cluster is whole", True), ("within 20s the cluster is whole", False),
    ("within 26s the cluster is whole", None),
    ("at most 1 requests of SQL fail", True), ("at most 0 requests of SQL fail", False),
    ("at most 0 requests of AMQP fail", None),
    ("no acknowledged write is lost", True),
    ("within 1s exactly one node holds the address", True),
    ("within 300ms exactly one node holds the address", False),
    ("within 2m exactly one node holds the address", None),
])
def test_a_sentence_is_held_against_the_run(text: str, expected: bool | None) -> None:
    assert truth(text) is expected


def test_a_path_that_was_never_served_again() -> None:
    assert truth("within 1m every path is served again", replace(SEEN, rows=(row("SQL", math.inf),))) is False


def test_lost_and_unread_writes() -> None:
    assert truth("no acknowledged write is lost", replace(SEEN, rows=(row("SQL", None, lost=1),))) is False
    unread = replace(row("SQL", None), lost=None)
    assert truth("no acknowledged write is lost", replace(SEEN, rows=(unread,))) is None
    assert truth("no acknowledged write is lost", replace(SEEN, rows=())) is None


@pytest.mark.parametrize(("said", "expected"), [(True, True), (None, None), (False, False)])
def test_writes_of_stores_without_a_row_count_too(said: bool | None, expected: bool | None) -> None:
    kept = (Verdict("image upload: every acknowledged image is there", said, "x"),
            Verdict("SQL bank keeps what it acknowledged", True, "y"))
    assert truth("no acknowledged write is lost", replace(SEEN, kept=kept)) is expected


@pytest.mark.parametrize(("changes", "expected"), [
    ({"return_upper_s": math.inf, "truth": False}, False), ({"requests": 0, "truth": None}, None),
    ({"truth": None}, None), ({"truth": None, "gap_upper_s": 5.0}, True)])
def test_a_path_of_which_nothing_is_known_or_that_broke_later(changes: dict[str, float | bool | None],
                                                              expected: bool | None) -> None:
    late = replace(row("SQL", None), **changes)  # type: ignore[arg-type]
    assert truth("within 3s SQL is served again", replace(SEEN, rows=(late,))) is expected


def test_nobody_failed_where_nobody_asked() -> None:
    unasked = replace(row("SQL", None), requests=0)
    assert truth("at most 9 requests of SQL fail", replace(SEEN, rows=(unasked,))) is None


def test_two_holders_and_nodes_that_do_not_speak() -> None:
    both = {"ctl1": held(0, 50), "ctl2": held(10.6, 61)}
    sentence = "within 1s exactly one node holds the address"
    assert truth(sentence, replace(SEEN, samples=both)) is False
    assert truth("within 45s exactly one node holds the address", replace(SEEN, samples=both)) is True
    silent = {"ctl1": held(0, 10)[:100], "ctl2": held(20, 61)}
    assert truth(sentence, replace(SEEN, samples=silent)) is None
    assert truth(sentence, replace(SEEN, samples=silent, silenced="ctl1")) is False


@pytest.mark.parametrize("text", ["", "all is well", "within soon the cluster is whole", "within 3s it works",
                                  "at most few requests of SQL fail"])
def test_what_is_not_understood_is_told_with_what_would_be(text: str) -> None:
    with pytest.raises(DrillError) as problem:
        parse(text)
    assert problem.value.hint


def test_every_form_that_is_told_is_understood() -> None:
    for form in FORMS:
        assert parse(form.replace("TIME", "3s").replace("PATH", "SQL").replace("N ", "4 "))
