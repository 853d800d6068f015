"""The runner and the faults that are not a machine's: cables, and the units of a node."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from drills.made_up import MadeUpMachine, Service, interrupted
from fournines.blueprint.requests import Failed, Reply, Request, Run, UnitFacts, UnitProcesses
from fournines.blueprint.snapshot import Snapshot
from fournines.cluster.timers.chain import Branch, Chain, Term
from fournines.cluster.topology import Recovery
from fournines.drills.aim import draw
from fournines.drills.beforehand import heal_left_behind
from fournines.drills.catalog import DRILLS
from fournines.drills.drill import Act, Capability, Drill, Target
from fournines.drills.expectation import parse
from fournines.drills.faults import detach
from fournines.drills.folder import RunFolder, armed
from fournines.drills.intervention import Intervention
from fournines.drills.place import Health, Place
from fournines.drills.runner import _Run, run
from fournines.drills.settings import ClientSettings
from fournines.errors import DrillError, Refused, Unreachable
from fournines.findings import Finding, Severity
from fournines.nodes.fake import FakeNode

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="makes network namespaces")
UNIT = "haproxy.service"


def short(name: str) -> Drill:
    return replace(DRILLS[name], layer="", baseline_s=3.0, observe_s=2.0, converge_s=30.0)


CUT, HANG = short("cut-management-of-vip-holder"), short("hang-haproxy-on-vip-holder")


@dataclass
class Unit:
    """Two processes behind a FakeNode that signals reach; the service refuses while they stand still."""

    service: Service
    state: str = "S"
    deaf: bool = False              # true: signals reach nobody
    late: int = 0                   # looks until a signal has come true
    said: list[str] = field(default_factory=list)
    timers: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Reply:
        if isinstance(request, UnitProcesses):
            states = (self.state, self.state)
            if self.state == "T" and self.late:
                self.late, states = self.late - 1, ("T", "S")
            return {pid: {"state": state, "started": 100}
                    for pid, state in zip(("10", "11"), states, strict=True)}
        if isinstance(request, UnitFacts):
            return {name: {"active": "active" if name == UNIT or name in self.timers else "inactive"}
                    for name in request.units}
        assert isinstance(request, Run)
        return self._run(request.argv)

    def _run(self, argv: tuple[str, ...]) -> Reply:
        if argv[0] in ("nft", "find", "journalctl", "df") or "list-units" in argv:
            return {"rc": 0, "stdout": "", "stderr": ""}   # what a look for traces finds
        if argv[0] == "systemd-run":
            self.said.append("arm")
            self.timers.add(argv[1].removeprefix("--unit=") + ".timer")
        elif argv[:2] == ("systemctl", "stop"):
            self.said.append("disarm")
            self.timers.discard(argv[2])
        else:
            self.said.append(argv[2])
            if not self.deaf:
                self.state = {"--signal=STOP": "T", "--signal=CONT": "S"}[argv[2]]
            if self.state == "T":
                self.service.refuse(0.8)
        return {"rc": 0, "stdout": "", "stderr": ""}


def unit_on(name: str, place: Place, service: Service) -> Unit:
    made = Unit(service)
    node = place.nodes[name]
    assert isinstance(node, FakeNode)
    node.script(lambda request: isinstance(request, Run | UnitFacts | UnitProcesses), made.answer)
    return made


@pytest.fixture
def unit(place: Place, service: Service) -> Unit:
    return unit_on("ctl1", place, service)


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


async def test_a_second_fault_comes_while_the_first_heals(place: Place, unit: Unit, machine: MadeUpMachine,
                                                          tmp_path: Path) -> None:
    """A cable, then a hang; each with its own undo, and both have to be seen."""
    told: list[str] = []
    result = await run(replace(CUT, then=HANG.fault), place, tmp_path, told.append)
    assert machine.done == ["cut management", "heal management"]
    assert unit.said == ["arm", "--signal=STOP", "--signal=CONT", "disarm"]
    second = told.index(f"hang {UNIT}: ctl1, while the first one heals")
    assert second > told.index("plug in management: ctl1")
    hit = result.verdicts[0]
    assert hit.truth is True
    assert "its link to management is down; then 2 of 2 processes" in hit.because
    assert armed(tmp_path) == {}


@pytest.fixture
def other_unit(place: Place, service: Service) -> Unit:
    return unit_on("ctl2", place, service)


async def test_every_controller_has_its_turn(place: Place, unit: Unit, other_unit: Unit,
                                             tmp_path: Path) -> None:
    told: list[str] = []
    result = await run(replace(HANG, rolling=True), place, tmp_path, told.append)
    whole = ["arm", "--signal=STOP", "--signal=CONT", "disarm"]
    assert (unit.said, other_unit.said) == (whole, whole)
    assert told.index(f"hang {UNIT}: ctl2, in its turn") > told.index(f"continue {UNIT}: ctl1")
    assert result.verdicts[0].truth is True
    assert result.verdicts[0].because.count("2 of 2 processes") == 2


async def test_nobody_has_a_turn_while_something_is_missing(place: Place, unit: Unit, other_unit: Unit,
                                                            tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fournines.drills.runner.TURN_TIMEOUT_S", 1.0)

    async def health() -> Health:
        lost = Finding(Severity.ERROR, "a member is missing")
        return Health((lost,) if "--signal=CONT" in unit.said else (), Snapshot({}, {}))

    result = await run(replace(HANG, rolling=True, converge_s=1.0), replace(place, health=health), tmp_path)
    assert other_unit.said == []
    assert result.verdicts[0].truth is None
    assert "ctl2 had no turn: not within 1 s: " in result.verdicts[0].because


async def test_what_was_off_may_speak_again_while_the_second_fault_is_there(
        place: Place, unit: Unit, machine: MadeUpMachine, tmp_path: Path) -> None:
    controllers = [node.name for node in place.cluster.controllers]
    seed = next(each for each in range(99) if draw(controllers, each) == ("ctl1",))
    off = replace(short("power-off-vip-holder"), then=replace(HANG.fault, target=Target.ONE))
    result = await run(off, place, tmp_path, named="ctl1", seed=seed)
    assert result.verdicts[0].truth is True, result.verdicts[0].because


async def test_a_cascade_whose_second_fault_is_not_seen_proves_nothing(place: Place, unit: Unit,
                                                                       tmp_path: Path) -> None:
    unit.deaf = True
    result = await run(replace(CUT, then=HANG.fault), place, tmp_path)
    assert result.verdict.truth is None


async def test_an_interrupted_cascade_heals_both(place: Place, unit: Unit, machine: MadeUpMachine,
                                                 tmp_path: Path) -> None:
    await interrupted(place, tmp_path, "while the first one heals", replace(CUT, then=HANG.fault))
    assert (unit.state, unit.timers, machine.pulled) == ("S", set(), set())
    assert armed(tmp_path) == {}


async def test_a_second_fault_needs_its_capabilities_too(place: Place, tmp_path: Path) -> None:
    only_cables = replace(place, can=frozenset({Capability.CABLES}))
    with pytest.raises(Refused, match="not allowed: processes"):
        await run(replace(CUT, then=HANG.fault), only_cables, tmp_path)


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


@dataclass
class Side:
    """A node whose volumes lose their disks and get them back."""

    diskless: bool = False
    said: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        if isinstance(request, UnitFacts):
            return {name: {"active": "inactive"} for name in request.units}
        assert isinstance(request, Run)
        text = ""
        if request.argv[0] == "drbdadm":
            self.said.append(request.argv[1])
            self.diskless = request.argv[1] == "detach"
        elif request.argv[0] == "systemd-run":
            self.said.append("arm")
        elif request.argv == ("cat", "/proc/drbd"):
            text = f" 0: cs:Connected ro:Secondary/Primary ds:{'Diskless' if self.diskless else 'UpToDate'}/"
        return {"rc": 0, "stdout": text, "stderr": ""}


async def test_a_fault_beside_the_first_is_there_before_and_goes_with_it(place: Place, machine: MadeUpMachine,
                                                                         tmp_path: Path) -> None:
    side, order = Side(), []
    node = place.nodes["ctl2"]
    assert isinstance(node, FakeNode)
    node.script(lambda request: isinstance(request, Run | UnitFacts), side.answer)

    def tell(message: str) -> None:
        if message.startswith(("cut ", "detach", "watching for 5")):
            (written,) = tmp_path.glob("*/undo.json")
            order.append((message[:6], [each["act"] for each in json.loads(written.read_text())]))

    both = replace(CUT, beside=detach(Target.OTHER), blocks=True, observe_s=5.0)
    result = await run(both, place, tmp_path, tell)
    assert order == [(begins, ["plug_in", "attach"]) for begins in ("detach", "cut ma", "watchi")]
    assert side.said == ["arm", "detach", "adjust"]
    assert machine.done == ["cut management", "heal management"]
    assert armed(tmp_path) == {}
    hit = result.verdicts[0]
    assert hit.truth is True
    assert "1 of its 1 volumes have no disk" in hit.because
    assert (result.folder / "during.json").exists()
    truths = {each.question: each.truth for each in result.verdicts}
    assert truths["nothing is served before the fault is taken away"] is False   # the heir went on
    assert truths["verify says what is wrong meanwhile"] is False                # and this place sees nothing
    assert truths["TCP connect recovers within 20 s of the undo"] is not False


async def test_all_others_can_be_hit_beside_the_first(place: Place, machine: MadeUpMachine,
                                                      tmp_path: Path) -> None:
    """However long it takes, as long as it ends."""
    side = Side()
    node = place.nodes["ctl2"]
    assert isinstance(node, FakeNode)
    node.script(lambda request: isinstance(request, Run | UnitFacts), side.answer)
    hasty = replace(place, cluster=replace(place.cluster, recovery=Recovery(0.1)))
    result = await run(replace(CUT, beside=detach(Target.OTHERS), beyond=True), hasty, tmp_path)
    assert side.said == ["arm", "detach", "adjust"]
    truths = {each.question: each.truth for each in result.verdicts}
    assert truths["TCP connect is served again by itself"] is True
    assert not any("recovers within" in question for question in truths)


async def test_of_one_database_only_that_is_read_back(place: Place) -> None:
    """The other side has none that could be asked."""
    async def find(target: Target, settings: ClientSettings) -> tuple[str, ...]:
        return ("ctl2",) if target is Target.DATABASE_WRITER else ()

    folder = RunFolder(Path("/nowhere/20260101T000000Z-x"))
    for pattern, asked in (("active-passive", ("ctl2",)), ("active-active", ("ctl1", "ctl2"))):
        cluster = replace(place.cluster, layers={"database": {"pattern": pattern}})
        here = replace(place, cluster=cluster, find=find)
        assert await _Run(CUT, here, folder, lambda _: None, "", 0)._keepers() == asked
