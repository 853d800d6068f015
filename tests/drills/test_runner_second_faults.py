"""The runner and more than one fault: while the first heals, beside it, and on one node after the other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from drills.made_up import CUT, HANG, UNIT, MadeUpMachine, Service, Unit, interrupted, short, unit_on
from fournines.blueprint.requests import Reply, Request, Run, UnitFacts
from fournines.blueprint.snapshot import Snapshot
from fournines.cluster.topology import Recovery
from fournines.drills.aim import draw
from fournines.drills.drill import Capability, Target
from fournines.drills.faults import detach, fill
from fournines.drills.folder import armed
from fournines.drills.place import Health, Place
from fournines.drills.recorded import read_run
from fournines.drills.result import Result
from fournines.drills.runner import run
from fournines.drills.schedule import Deed
from fournines.errors import Refused
from fournines.findings import Finding, Severity
from fournines.nodes.fake import FakeNode

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="makes network namespaces")


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
    first, later = deeds(result)
    assert (first.what, first.undo, later.what, later.undo) == (
        "cut management", "plug in management", f"hang {UNIT}", f"continue {UNIT}")
    assert first.injected_s < first.undone_s < later.injected_s < later.undone_s


def deeds(result: Result) -> tuple[Deed, ...]:
    """As they are read back from the run's folder."""
    return read_run(result.folder).deeds


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
    assert [(deed.what, deed.target) for deed in deeds(result)] == [(f"hang {UNIT}", "ctl1"),
                                                                   (f"hang {UNIT}", "ctl2")]


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
    beside, first = deeds(result)
    assert [(deed.what, deed.target) for deed in (beside, first)] == [("detach", "ctl2"),
                                                                     ("cut management", "ctl1")]
    assert beside.injected_s < first.injected_s < first.undone_s == beside.undone_s
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


@pytest.mark.parametrize("others", [Target.OTHER, Target.OTHERS])
async def test_beside_a_node_that_was_named_the_others_are_hit(
        others: Target, place: Place, other_unit: Unit, machine: MadeUpMachine, tmp_path: Path) -> None:
    """The one with the service address among them, and the named one once."""
    both = replace(HANG, beside=replace(CUT.fault, target=others))
    result = await run(both, place, tmp_path, named="ctl2")
    assert machine.done == ["cut management", "heal management"]
    assert other_unit.said == ["arm", "--signal=STOP", "--signal=CONT", "disarm"]
    assert result.target == "ctl2"


async def test_what_fills_a_volume_goes_wherever_the_volume_went(place: Place, tmp_path: Path) -> None:
    emptied: list[str] = []

    def answering(name: str) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            if isinstance(request, UnitFacts):
                return {unit: {"active": "inactive"} for unit in request.units}
            assert isinstance(request, Run)
            if request.argv[0] == "rm":
                emptied.append(f"{name}: {request.argv[-1]}")
            return {"rc": 0, "stdout": "100%" if request.argv[0] == "df" else "", "stderr": ""}
        return answer

    for name, node in place.nodes.items():
        assert isinstance(node, FakeNode)
        node.script(lambda request: isinstance(request, Run | UnitFacts), answering(name))
    moves = replace(place, cluster=replace(place.cluster, layers={"membership": {}}))
    await run(replace(CUT, fault=fill(Target.VIP_HOLDER, "/var/lib/data")), moves, tmp_path)
    filler = "/var/lib/data/.fournines-drill-filler"
    assert sorted(emptied) == [f"ctl1: {filler}", f"ctl2: {filler}"]
