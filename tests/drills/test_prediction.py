"""The bounds that follow from the timers beside the gaps that were measured."""

from __future__ import annotations

import math

import pytest

from fournines.cluster.timers.chain import Branch, Chain, Term
from fournines.drills.prediction import Bounds, predicted, remark
from fournines.drills.result import Row
from fournines.drills.settings import SQL_NEW, SQL_STANDING, TCP

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
