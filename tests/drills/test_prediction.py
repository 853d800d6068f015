"""The bounds that follow from the timers beside the gaps that were measured."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from fournines.cluster.timers.chain import Branch, Chain, Term
from fournines.drills import settings
from fournines.drills.catalog import DRILLS
from fournines.drills.prediction import (
    CHAIN_PATHS,
    Agreement,
    Bounds,
    agreement,
    derivation_of,
    predicted,
    remark,
)
from fournines.drills.result import Row
from fournines.drills.settings import SQL_NEW, SQL_STANDING, TCP
from recorded_runs import kept_run

CHAINS = (Chain("database crash", "SQL new connection", "database",
                (Branch((Term("suspected", ("galera.suspect_timeout",), 1.2, 1.8),), certain=True),)),
          Chain("database hang", "SQL new connection", "database", (Branch((Term("x", (), 0, 9),)),)))


def row(lower_s: float, upper_s: float) -> Row:
    return Row(SQL_NEW, lower_s, upper_s, 0.0, 0.0, 0.3, 100, 0, 0, 0, None, None, True)


def test_a_path_has_the_bounds_of_its_chain() -> None:
    assert predicted(CHAINS, "database crash", lower_holds=True) == {SQL_NEW: Bounds(1.2, 1.8)}
    assert predicted(CHAINS, "database crash", lower_holds=False) == {SQL_NEW: Bounds(0.0, 1.8)}
    assert predicted(CHAINS, "", lower_holds=True) == {}
    assert SQL_STANDING not in predicted(CHAINS, "database hang", lower_holds=True)
    assert TCP not in predicted(CHAINS, "database hang", lower_holds=True)


@pytest.mark.parametrize(("lower_s", "upper_s", "bounds", "says"), [
    (1.0, 2.5, Bounds(1.2, 1.8), ""),
    (1.9, 2.5, Bounds(1.2, 1.8), "slower than predicted: SQL, new connection"),
    (1.9, math.inf, Bounds(1.2, 1.8), "slower than predicted"),
    (1.7, 2.5, Bounds(0.0, 1.8), ""),
    (1.2, 1.4, Bounds(1.5, 1.8), "measured faster than possible: look at the measurement"),
    (0.0, 0.0, Bounds(1.2, 1.8), ""),      # a stall of 1.2 s is no gap to clients that wait 1 s
    (0.0, 0.0, Bounds(1.5, 1.8), "measured faster than possible"),
])
def test_only_what_is_certain_is_remarked(lower_s: float, upper_s: float, bounds: Bounds, says: str) -> None:
    said = remark(row(lower_s, upper_s), bounds, slow_s=1.0)
    assert said.startswith(says) if says else said == ""


@pytest.mark.parametrize(("lower_s", "upper_s", "expected"), [
    (2.5, 3.0, Agreement.WITHIN),
    (3.5, 4.5, Agreement.WITHIN),           # it may have been 3.5
    (4.1, 4.5, Agreement.LONGER),
    (4.1, math.inf, Agreement.LONGER),
    (1.0, math.inf, Agreement.WITHIN),      # nobody knows how long
    (0.5, 1.9, Agreement.SHORTER),
    (0.5, 2.0, Agreement.WITHIN),
    (0.0, 0.0, Agreement.SHORTER)])
def test_both_bounds_count(lower_s: float, upper_s: float, expected: Agreement) -> None:
    assert agreement(row(lower_s, upper_s), Bounds(2.0, 4.0), slow_s=1.0) is expected


def test_a_stall_that_clients_call_an_answer_is_not_called_too_short() -> None:
    """No gap was seen, but one of less than ``slow_s`` would not have been."""
    assert agreement(row(0.0, 0.0), Bounds(2.0, 4.0), slow_s=2.0) is Agreement.WITHIN


def test_every_path_and_every_failure_that_a_drill_names_has_its_chain() -> None:
    spec = kept_run().spec
    found = derivation_of(spec)
    assert found.timers is not None
    assert CHAIN_PATHS.keys() == settings.PERIOD_S.keys() - settings.CHECKED_ONLY - {settings.IMAGES}
    for drill in DRILLS.values():
        bounds = predicted(found.chains, drill.chain, lower_holds=drill.lower_holds)
        assert bool(bounds) is bool(drill.chain)
        assert all(each.upper_s <= spec.cluster.recovery.recover_within_s for each in bounds.values())


def test_timers_that_are_not_derived_predict_nothing_and_are_named() -> None:
    spec = kept_run().spec
    other = {**spec.timers, "vrrp.advert_int": "3 s", "no_such.timer": "1 s"}
    found = derivation_of(replace(spec, timers=other))
    assert found.timers is None
    assert found.chains == ()
    assert found.foreseen
    assert found.because.endswith("which differ in no_such.timer, vrrp.advert_int")


def test_of_many_other_timers_a_few_are_named() -> None:
    spec = kept_run().spec
    found = derivation_of(replace(spec, timers={}))
    assert found.because.count(",") == 5   # four between the five, one in the sentence
    assert re.search(r" and \d+ more$", found.because)


def test_a_cluster_that_cannot_be_derived_any_more_is_told() -> None:
    spec = kept_run().spec
    found = derivation_of(replace(spec, cluster=replace(spec.cluster, overrides={"vrrp.no_such": "1s"})))
    assert found.timers is None
    assert "vrrp.no_such is not a timer" in found.because
