from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from fournines.cluster.timers import Branch, Chain, Term
from fournines.drills import settings
from fournines.drills.catalog import DRILLS
from fournines.drills.prediction import (
    CHAIN_FAULTS,
    CHAIN_PATHS,
    Agreement,
    agreement,
    derivation_of,
    predicted,
)
from fournines.drills.result import Row
from recorded_runs import kept_run

CHAIN = Chain("node power loss", "VIP client", "loadbalancer",
              (Branch((Term("x", (), 2.0, 4.0),), certain=True),))


def row(gap_lower_s: float, gap_upper_s: float) -> Row:
    return Row("TCP connect", gap_lower_s, gap_upper_s, 0, 0, 0.1, 100, 0, 0, 0, None, None, True)


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
    assert agreement(row(lower_s, upper_s), CHAIN, slow_s=1.0) is expected


def test_a_stall_that_clients_call_an_answer_is_not_called_too_short() -> None:
    """No gap was seen, but one of less than ``slow_s`` would not have been."""
    assert agreement(row(0.0, 0.0), CHAIN, slow_s=2.0) is Agreement.WITHIN


def test_every_path_and_every_fault_of_a_drill_has_its_chain() -> None:
    spec = kept_run().spec
    found = derivation_of(spec)
    assert found.timers is not None
    assert CHAIN_PATHS.keys() == settings.PERIOD_S.keys()
    for drill in DRILLS.values():
        assert drill.fault.inject in CHAIN_FAULTS
        for path in settings.PERIOD_S:
            chain = predicted(drill.fault.inject, path, found.chains)
            assert chain is not None
            assert chain.upper_s <= spec.cluster.recovery.recover_within_s
    assert predicted("kill", settings.TCP, found.chains) is None


def test_timers_that_are_not_derived_predict_nothing_and_are_named() -> None:
    spec = kept_run().spec
    other = {**spec.timers, "vrrp.advert_int": "3 s", "corosync.token": "1 s"}
    found = derivation_of(replace(spec, timers=other))
    assert found.timers is None
    assert found.chains == ()
    assert found.foreseen
    assert found.because.endswith("which differ in corosync.token, vrrp.advert_int")


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
