"""The runner and the faults that are not a machine's: cables, and the units of a node."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from drills.made_up import CUT, HANG, UNIT, MadeUpMachine, Unit, interrupted
from fournines.blueprint.requests import Failed, Run
from fournines.cluster.timers.chain import Branch, Chain, Term
from fournines.drills.beforehand import heal_left_behind
from fournines.drills.catalog import DRILLS
from fournines.drills.drill import Act, Target
from fournines.drills.expectation import parse
from fournines.drills.folder import RunFolder, armed
from fournines.drills.intervention import Intervention
from fournines.drills.place import Place
from fournines.drills.runner import _Run, run
from fournines.drills.settings import ClientSettings
from fournines.errors import DrillError, Refused, Unreachable
from fournines.nodes.fake import FakeNode

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="makes network namespaces")


async def test_a_cut_cable_is_seen_and_plugged_in_again(place: Place, machine: MadeUpMachine,
                                                        tmp_path: Path) -> None:
    result = await run(CUT, place, tmp_path)
    assert machine.done == ["cut management", "heal management"]
    hit = result.verdicts[0]
    assert (hit.question, hit.truth) == ("ctl1 held 192.0.2.100 and was hit", True)
    assert "its link to management is down" in hit.because


async def test_a_cable_that_stayed_in_proves_nothing(place: Place, machine: MadeUpMachine,
                                                     tmp_path: Path) -> None:
    machine.works = False
    result = await run(CUT, place, tmp_path)
    assert result.verdict.truth is None
    assert result.verdicts[0].because == "its link to management is still up"


async def test_a_hung_unit_is_seen_and_continued(place: Place, unit: Unit, tmp_path: Path) -> None:
    told: list[str] = []
    result = await run(HANG, place, tmp_path, told.append)
    assert unit.said == ["arm", "--signal=STOP", "--signal=CONT", "disarm"]
    assert (unit.state, unit.timers) == ("S", set())
    assert result.verdicts[0].truth is True, result.verdicts
    assert "2 of 2 processes of haproxy.service stand still (state T)" in result.verdicts[0].because
    assert f"hang {UNIT}: ctl1, which holds 192.0.2.100" in told
    assert armed(tmp_path) == {}


async def test_a_fault_may_take_a_moment_to_be_seen(place: Place, unit: Unit, tmp_path: Path) -> None:
    unit.late = 2
    result = await run(HANG, place, tmp_path)
    assert result.verdicts[0].truth is True, result.verdicts


async def test_signals_that_reach_nobody_prove_nothing(place: Place, unit: Unit, tmp_path: Path) -> None:
    unit.deaf = True
    result = await run(HANG, place, tmp_path)
    assert result.verdict.truth is None
    assert "0 of 2 processes" in result.verdicts[0].because


@pytest.mark.parametrize("at", ["hang haproxy", "what clients notice", "continue haproxy"])
async def test_an_interrupted_hang_is_continued_and_its_timer_gone(place: Place, unit: Unit, tmp_path: Path,
                                                                   at: str) -> None:
    await interrupted(place, tmp_path, at, HANG)
    assert (unit.state, unit.timers) == ("S", set())
    assert unit.said[-2:] == ["--signal=CONT", "disarm"]
    assert armed(tmp_path) == {}


@pytest.mark.parametrize("at", ["cut management", "what clients notice", "plug in"])
async def test_an_interrupted_cut_is_healed(place: Place, machine: MadeUpMachine, tmp_path: Path,
                                            at: str) -> None:
    await interrupted(place, tmp_path, at, CUT)
    assert machine.pulled == set()
    assert machine.done == ["cut management", "heal management"]
    assert armed(tmp_path) == {}


async def test_the_undo_is_on_disk_and_armed_before_the_fault(place: Place, unit: Unit,
                                                              tmp_path: Path) -> None:
    seen: list[tuple[object, list[str]]] = []

    def tell(message: str) -> None:
        if message.startswith("hang "):
            (written,) = tmp_path.glob("*/undo.json")
            seen.append(([each["act"] for each in json.loads(written.read_text())], list(unit.said)))

    await run(HANG, place, tmp_path, tell)
    assert seen == [(["continue"], ["arm"])]


async def test_what_cannot_be_armed_is_not_broken(place: Place, unit: Unit, tmp_path: Path) -> None:
    node = place.nodes["ctl1"]
    assert isinstance(node, FakeNode)
    node.script(lambda request: isinstance(request, Run) and request.argv[0] == "systemd-run",
                Failed("no systemd-run"))
    with pytest.raises(DrillError, match="no systemd-run"):
        await run(HANG, place, tmp_path)
    assert "--signal=STOP" not in unit.said
    assert armed(tmp_path) == {}


async def test_a_node_that_is_lost_before_healing_is_left_to_its_timer(place: Place, unit: Unit,
                                                                       tmp_path: Path) -> None:
    node, told = place.nodes["ctl1"], []
    assert isinstance(node, FakeNode)

    def tell(message: str) -> None:
        told.append(message)
        if "what clients notice" in message:
            node.unreachable = "no route to host"

    with pytest.raises(Unreachable):
        await run(HANG, place, tmp_path, tell)
    (timer,) = unit.timers
    assert f"ctl1 does not answer: its timer {timer.removesuffix('.timer')} takes the fault away" in told
    ((left,),) = armed(tmp_path).values()   # and the next drill looks after it
    assert (left.act, left.target) == (Act.CONTINUE, "ctl1")


async def test_a_unit_that_does_not_serve_is_not_broken_further(place: Place, unit: Unit,
                                                                tmp_path: Path) -> None:
    unit.state = "T"
    with pytest.raises(DrillError, match="does not serve"):
        await run(HANG, place, tmp_path)
    assert unit.said == []


async def test_what_a_killed_runner_left_in_a_node_is_healed_later(place: Place, unit: Unit,
                                                                   machine: MadeUpMachine,
                                                                   tmp_path: Path) -> None:
    RunFolder.create(tmp_path, "x").arm([Intervention(Act.CONTINUE, "ctl1", UNIT, timer="fournines-drill-x")])
    RunFolder.create(tmp_path, "y").arm([Intervention(Act.PLUG_IN, "ctl1", networks=("management",))])
    unit.state = "T"
    assert await heal_left_behind(place, tmp_path) == ("ctl1", "ctl1")
    assert (unit.state, unit.said) == ("S", ["--signal=CONT", "disarm"])
    assert machine.done == ["heal management"]
    assert await heal_left_behind(place, tmp_path) == ()


async def test_a_target_that_moves_with_nothing_broken_is_left_alone(place: Place, machine: MadeUpMachine,
                                                                     tmp_path: Path) -> None:
    said = iter((("ctl1",), ("ctl2",)))

    async def find(target: Target, settings: ClientSettings) -> tuple[str, ...]:
        return next(said)

    moving = replace(CUT, fault=replace(CUT.fault, target=Target.DATABASE_WRITER))
    with pytest.raises(DrillError, match="the database writer moved from ctl1 to ctl2"):
        await run(moving, replace(place, find=find), tmp_path)
    assert machine.done == []


async def test_a_named_node_is_hit_whoever_the_target_is(place: Place, machine: MadeUpMachine,
                                                         tmp_path: Path) -> None:
    elsewhere = replace(CUT, fault=replace(CUT.fault, target=Target.CACHE_IN_USE))
    result = await run(elsewhere, place, tmp_path, named="ctl1")
    assert result.target == "ctl1"
    assert result.verdicts[0].question == "ctl1 was a controller and was hit"
    with pytest.raises(Refused, match="ctl9 is no controller"):
        await run(elsewhere, place, tmp_path, named="ctl9")


async def test_a_gap_stands_beside_its_prediction(place: Place, unit: Unit, tmp_path: Path) -> None:
    """The service refuses for 0.8 s: more than a chain of a hundredth, whatever else this computer does."""
    chain = Chain("tiny", "VIP client", "loadbalancer", (Branch((Term("x", (), 0.0, 0.01),)),))
    result = await run(replace(HANG, chain="tiny"), replace(place, chains=(chain,)), tmp_path)
    (row,) = result.rows
    assert (row.predicted_lower_s, row.predicted_upper_s) == (0.0, 0.01)
    (remark,) = result.remarks
    assert remark.startswith("slower than predicted: TCP connect")
    assert json.loads((result.folder / "verdict.json").read_text())["remarks"] == [remark]


async def test_what_the_cluster_does_not_have_is_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="the layer cache, which the cluster does not have"):
        await run(DRILLS["kill-memcached-in-use"], place, tmp_path)
    with pytest.raises(Refused, match="no network replication"):
        await run(replace(CUT, fault=replace(CUT.fault, networks=("replication",))), place, tmp_path)


async def test_a_run_is_held_against_sentences(place: Place, unit: Unit, tmp_path: Path) -> None:
    """The service refuses for 0.8 s: no more than a minute, and more than nothing."""
    wanted = [parse("within 1m every path is served again"), parse("at most 0 requests of TCP connect fail")]
    result = await run(HANG, place, tmp_path, expect=wanted)
    assert [(item.question, item.truth) for item in result.verdicts[-2:]] == [
        (wanted[0].text, True), (wanted[1].text, False)]
    assert result.verdict.truth is False


async def test_of_a_fault_that_was_not_there_nothing_follows(place: Place, unit: Unit,
                                                             tmp_path: Path) -> None:
    unit.deaf = True
    result = await run(HANG, place, tmp_path, expect=[parse("within 1m every path is served again")])
    assert result.verdicts[-1].truth is None


async def test_of_one_database_only_that_is_read_back(place: Place) -> None:
    """The other side has none that could be asked."""
    async def find(target: Target, settings: ClientSettings) -> tuple[str, ...]:
        return ("ctl2",) if target is Target.DATABASE_WRITER else ()

    folder = RunFolder(Path("/nowhere/20260101T000000Z-x"))
    for pattern, asked in (("active-passive", ("ctl2",)), ("active-active", ("ctl1", "ctl2"))):
        cluster = replace(place.cluster, layers={"database": {"pattern": pattern}})
        here = replace(place, cluster=cluster, find=find)
        assert await _Run(CUT, here, folder, lambda _: None, "", 0)._keepers() == asked
