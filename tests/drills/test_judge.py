"""What is judged of a whole run: each gap in its record that must not pass for a yes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.histories import TIMELINE, probes
from fournines.drills.catalog import DRILLS
from fournines.drills.checkers.owners import Sample, View
from fournines.drills.effects import Sight
from fournines.drills.judge import WHOLE_AGAIN, Evidence, judge, took_effect
from fournines.drills.operation import History, Operation
from fournines.drills.settings import SQL_NEW, SQL_REGISTER

NODES = ("ctl1", "ctl2")


def held(until_s: float) -> list[Sample]:
    return [Sample(tick / 10, tick / 10 + 0.01, holds=True) for tick in range(round(until_s * 10))]


def inserts(until_s: float) -> list[Operation]:
    return [replace(item, result="ctl2") for item in probes(path=SQL_NEW, until_s=until_s)]


def exchanges(until_s: float) -> list[Operation]:
    """Each sees the value of the one before."""
    made = probes(path=SQL_REGISTER, until_s=until_s)
    return [replace(item, result=f"{SQL_REGISTER}-{item.number - 1}" if item.number else "") for item in made]


def said(until_s: float) -> tuple[View, ...]:
    return tuple(View(half / 2, half / 2 + 0.01, "u:7") for half in range(round(until_s * 2)))


EVIDENCE = Evidence(
    history=History(tuple(inserts(30.0) + exchanges(30.0))), timeline=TIMELINE, target="ctl1",
    address="192.0.2.100", samples={"ctl1": held(10.0), "ctl2": []},
    views={name: said(30.0) for name in NODES}, views_apart_s=3.0, rows={}, bank={}, traces_before={},
    traces_after={}, faults=(DRILLS["power-off-vip-holder"].fault,), role="held 192.0.2.100", served=None,
    effect=Sight(True, "its driver says that it is off"), silences=True, whole_again=True,
    convergence="whole", finished=True)


def verdicts(evidence: Evidence) -> dict[str, bool | None]:
    found, _, _ = judge(evidence, recover_within_s=5.0, slow_s=1.0, bounds={})
    return {item.question: item.truth for item in found}


@pytest.mark.parametrize("whole", [True, False, None])
def test_whether_it_became_whole_is_what_was_seen(whole: bool | None) -> None:
    assert verdicts(replace(EVIDENCE, whole_again=whole))[WHOLE_AGAIN] is whole


@pytest.mark.parametrize(("speaks_until_s", "silent_until_s", "truth", "told"), [
    (10.0, None, True, "fell silent"), (15.0, None, None, "went on speaking"),
    (15.0, 12.0, True, "its driver says")])
def test_a_machine_that_is_off_says_nothing(speaks_until_s: float, silent_until_s: float | None,
                                            truth: bool | None, told: str) -> None:
    """One that Pacemaker may have turned on again before that shows is not said to have been silent."""
    verdict = took_effect(replace(EVIDENCE, samples={"ctl1": held(speaks_until_s), "ctl2": []},
                                  silent_until_s=silent_until_s))
    assert verdict.truth is truth
    assert told in verdict.because
    assert ("fell silent" in verdict.because) is (told == "fell silent")


def test_what_was_only_seen_before_the_fault_says_nothing_of_it() -> None:
    questions = ("one database takes the writes at a time", f"{SQL_REGISTER} loses no update",
                 "the database is never in two primary components")
    found = verdicts(EVIDENCE)
    assert [found[question] for question in questions] == [True, True, True]
    before = verdicts(replace(EVIDENCE, history=History(tuple(inserts(9.0) + exchanges(9.0))),
                              views={"ctl1": said(30.0), "ctl2": said(9.0)}))
    assert [before[question] for question in questions] == [None, None, None]
