from __future__ import annotations

import json
import math
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from fournines.drills.catalog import DRILLS
from fournines.drills.convergence import Redundancy
from fournines.drills.result import Result, Row, result_from_data
from fournines.drills.verdict import Verdict
from fournines.engine.status import Loss, MembersStatus, SeatStatus, Status
from fournines.report.console import count, seconds
from fournines.report.drill_view import show_drills, show_result
from fournines.report.tables import show_status


def shown(show: object, value: object) -> list[str]:
    out = StringIO()
    show(Console(file=out, markup=False, highlight=False, width=140, color_system=None), value)  # type: ignore[operator]
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


HEALTHY = Status(
    "demo", ("ctl1", "ctl2", "ctl3"), {}, (SeatStatus("vip internal", ("ctl1",), ()),),
    (MembersStatus("database", ("ctl1", "ctl2", "ctl3"), {}, 2),), (Loss("node ctl1", ("ctl1",), ()),))


def test_a_healthy_cluster_fits_on_a_screen() -> None:
    assert shown(show_status, HEALTHY) == [
        "demo serves", "", "seat held by", "vip internal ctl1", "", "layer well not well may still lose",
        "database ctl1, ctl2, ctl3 1 more", "", "any one of these may fail: node ctl1"]


def test_what_is_wrong_is_named_with_its_reason() -> None:
    lines = shown(show_status, Status(
        "demo", ("ctl1", "ctl2", "ctl3"), {"ctl3": "no route to host"},
        (SeatStatus("vip internal", ("ctl1", "ctl2"), ("ctl3",)), SeatStatus("writer", (), ())),
        (MembersStatus("database", ("ctl1",), {"ctl2": "ctl2: state is Joiner", "ctl3": "gone"}, 2),),
        (Loss("node ctl1", ("ctl1",), ("database",)),)))
    assert lines[0] == "demo does not serve as it should"
    assert "ctl3 is unreachable: no route to host" in lines
    assert "vip internal ctl1, ctl2 at once (unknown: ctl3)" in lines
    assert "writer nobody" in lines
    assert "database ctl1 ctl2: state is Joiner needs 1 more" in lines
    assert "ctl3: gone" in lines
    assert lines[-1] == "losing node ctl1 would stop: database"


def row(path: str, upper_s: float, lost: int | None, truth: bool | None) -> Row:
    acknowledged = None if lost is None else 290
    return Row(path, upper_s / 2, upper_s, 0.0, 0.0, 0.1, 300, 7, 1, 0, acknowledged, lost, truth)


def test_who_lists_drills_sees_what_all_their_faults_need() -> None:
    lines = shown(show_drills, [DRILLS["power-off-then-kill-haproxy"]])
    assert lines[-1] == "target other; needs power, processes"


def test_a_drill_ends_with_a_table_and_the_folder() -> None:
    verdict = Verdict("power-off-vip-holder", False, "SQL: gap 7 s")
    lines = shown(show_result, Result(
        "power-off-vip-holder", "ctl1", 5.0, verdict, (Verdict("SQL recovers", False, "gap 7 s"),),
        (row("SQL", 7.0, 2, False), row("TCP", 0.8, None, True), row("AMQP", float("inf"), 0, None)),
        Path("runs/1")))
    assert lines[0] == "power-off-vip-holder on ctl1; the promise: within 5.00 s"
    assert lines[2:5] == ["SQL 7.00 s no gap none 7 1 0 290 2 broken",
                          "TCP 0.80 s no gap none 7 1 0 - - kept",
                          "AMQP no end seen no gap none 7 1 0 290 0 unknown"]
    assert lines[5:] == ["broken: SQL recovers: gap 7 s", "verdict: broken", "everything about it: runs/1"]


def test_a_prediction_stands_beside_its_gap_and_what_does_not_fit_below() -> None:
    verdict = Verdict("kill-database-writer", True, "all hold")
    predicted = replace(row("SQL", 4.0, 0, True), predicted_lower_s=1.2, predicted_upper_s=2.8)
    upper_only = replace(row("Keystone", 0.8, None, True), predicted_lower_s=0.0, predicted_upper_s=2.8)
    lines = shown(show_result, Result("kill-database-writer", "ctl1", 5.0, verdict, (verdict,),
                                      (predicted, upper_only, row("TCP", 0.0, None, True)), Path("runs/1"),
                                      ("slower than predicted: SQL: a gap",)))
    assert lines[1].startswith("client path longest gap predicted served again on return failed")
    assert [line.split(" no gap ")[0] for line in lines[2:4]] == ["SQL 4.00 s 1.20 to 2.80 s",
                                                                 "Keystone 0.80 s up to 2.80 s"]
    assert lines[4].startswith("TCP none - no gap none")
    assert lines[5:] == ["slower than predicted: SQL: a gap", "verdict: kept", "everything about it: runs/1"]


def test_full_redundancy_stands_beside_the_first_success() -> None:
    verdict = Verdict("kill-broker", True, "all hold")
    rows = (replace(row("SQL", 4.0, 0, True), first_success_s=2.6), row("TCP", 0.0, None, True))
    result = Result("kill-broker", "ctl1", 5.0, verdict, (verdict,), rows, Path("runs/1"),
                    redundancy=Redundancy(25.0, 28.1, 8.1, "a queue"))
    assert shown(show_result, result)[4] == \
        ("served: every path 2.60 s after the fault; "
         "full redundancy: 28 s after the fault, 8.10 s after the undo")
    never = replace(result, rows=(replace(rows[0], first_success_s=math.inf),),
                    redundancy=Redundancy(25.0, math.inf, math.inf, "a queue"))
    assert shown(show_result, never)[3] == \
        "served: not again on every path; full redundancy: not seen; last missing: a queue"
    assert result_from_data(json.loads(json.dumps(never.as_data(), allow_nan=False)), Path("runs/1")) == never


@pytest.mark.parametrize(("duration_s", "text"), [(0.354, "0.35 s"), (12.4, "12 s"), (125.0, "2 min 5 s")])
def test_durations_are_written_as_exactly_as_they_matter(duration_s: float, text: str) -> None:
    assert seconds(duration_s) == text


def test_one_is_not_many() -> None:
    assert [count(1, "node"), count(2, "node")] == ["1 node", "2 nodes"]
