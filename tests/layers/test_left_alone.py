"""Units that systemd is not to start: when what runs of them is stopped, and when it is Pacemaker's."""

from __future__ import annotations

import pytest

from fournines.blueprint.left_alone import Boot, LeftAlone, parse_boot
from fournines.blueprint.requests import Unit
from fournines.blueprint.resources import RESOURCES, Placed, Placements
from fournines.blueprint.snapshot import Absent, Gone, Snapshot
from fournines.engine.decide import Verdict, decide_for

NODES, UNIT = ("node1", "node2"), "mariadb.service"
STOP = LeftAlone("database.boot", (UNIT,), NODES).stop("database: stop it", "p_mysql")
SILENT = Absent("timed out")


def boot(unit: str, *, enabled: str = "enabled", pacemaker: str = "active") -> Boot:
    return parse_boot({UNIT: {"enabled": enabled, "active": unit},
                       "pacemaker.service": {"enabled": "enabled", "active": pacemaker}})


def placed(*on: Placed) -> Placements:
    return Placements(quorate=True, dc="node1", online=NODES, offline=(), placed=on)


HERE, THERE = Placed("p_mysql", "node1", "Started"), Placed("p_mysql", "node2", "Started")
FAILED = Placed("p_mysql", "node1", "Started", failed=True)


@pytest.mark.parametrize(("seen", "view", "acts", "may"), [
    (boot("active", pacemaker="inactive"), SILENT, True, True),         # the first apply, no Pacemaker yet
    (boot("active"), placed(), True, True),                              # nor has it the resource
    (boot("active"), placed(HERE), False, None),                         # enabled by hand, where it runs
    (boot("inactive"), placed(THERE), False, None),                      # and where it does not
    (boot("active"), placed(THERE), True, True),                         # a second one beside Pacemaker's
    (boot("active"), SILENT, True, False),                               # not known: refused
    (boot("active", pacemaker="failed"), SILENT, True, False),
    (boot("active"), placed(FAILED), True, False),
    (boot("failed"), SILENT, False, None),                               # nothing runs
    (boot("active", enabled="disabled"), SILENT, False, None),           # Pacemaker's, as it should be
])
def test_what_pacemaker_runs_is_not_stopped(seen: Boot, view: object, acts: bool, may: bool | None) -> None:
    snapshot = Snapshot({"node1": {"database.boot": seen, RESOURCES: view}}, {"node2": Gone("off")})
    decision = decide_for(STOP, "node1", snapshot)
    assert (decision.verdict is not Verdict.NOTHING) is acts
    if acts:
        assert STOP.only_if is not None
        assert (STOP.only_if.judge(snapshot, "node1").truth is True) is may


def test_it_stops_the_unit_and_pacemakers_own_counts_for_nothing_else() -> None:
    assert STOP.do["node1"] == (Unit("stop", UNIT),)
    assert boot("active", enabled="disabled") == Boot((), (UNIT,), pacemaker=True)
