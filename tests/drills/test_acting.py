"""Faults taken away again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from drills.made_up import MadeUpMachine
from fournines.blueprint.requests import Failed, UnitFacts, UnitProcesses
from fournines.drills import acting, on_node
from fournines.drills.drill import Act, Effect
from fournines.drills.effects import Running
from fournines.drills.intervention import Intervention
from fournines.drills.place import Place
from fournines.errors import LabError
from fournines.nodes.fake import FakeNode

ON = Intervention(Act.POWER_ON, "ctl1")


@dataclass
class FencedWhileItBoots(MadeUpMachine):
    """Another powers it off while it boots, and on again two looks later."""

    looks: list[str] = field(default_factory=lambda: ["off", "off", "on"])
    boots: int = 0

    @property
    def power(self) -> str:
        return self.looks.pop(0)

    def wait_up(self, timeout_s: float = 120.0) -> None:
        self.boots += 1
        if self.boots == 1:
            raise LabError("ctl1 went off while it booted")


@pytest.fixture
def fenced(machine: MadeUpMachine) -> FencedWhileItBoots:
    return FencedWhileItBoots(machine.node, machine.heir, machine.service)


async def test_a_machine_that_is_fenced_while_it_boots_is_waited_for(place: Place,
                                                                     fenced: FencedWhileItBoots) -> None:
    layers = {**place.cluster.layers, "membership": object()}
    fencing = replace(place, machines={"ctl1": fenced}, cluster=replace(place.cluster, layers=layers))
    await acting.heal(fencing, ON)
    assert (fenced.boots, fenced.looks) == (2, [])


async def test_where_nobody_fences_a_machine_that_went_off_is_an_error(place: Place,
                                                                       fenced: FencedWhileItBoots) -> None:
    with pytest.raises(LabError, match="went off"):
        await acting.heal(replace(place, machines={"ctl1": fenced}), ON)


async def test_what_failed_is_forgotten_by_whoever_answers(place: Place) -> None:
    asked: list[str] = []
    for name, node in place.nodes.items():
        assert isinstance(node, FakeNode)
        node.script(on_node.FORGIVE, lambda _, name=name: asked.append(name) or  # type: ignore[misc]
                    {"rc": 0, "stdout": "", "stderr": ""})
    first, second = list(place.nodes)[:2]
    lost = place.nodes[first]
    assert isinstance(lost, FakeNode)
    lost.unreachable = "it is off"
    assert await acting.forgive(place) == ""
    assert asked == [second]


async def test_what_is_not_forgotten_is_said_and_costs_no_result(place: Place) -> None:
    """As while something is still being started, for which Pacemaker waits."""
    for node in place.nodes.values():
        assert isinstance(node, FakeNode)
        node.script(on_node.FORGIVE, Failed("crm_resource was killed: not done within 60 s"))
    assert "not done within 60 s" in await acting.forgive(place)
    for node in place.nodes.values():
        assert isinstance(node, FakeNode)
        node.unreachable = "it is off"
    assert "no controller can be asked" in await acting.forgive(place)


@pytest.mark.parametrize(("pid", "shown"), [("11", True), ("10", False)])
async def test_a_process_that_was_not_started_anew_is_not_misconfigured(place: Place, pid: str,
                                                                        shown: bool) -> None:
    """systemd has read the drop-in; what counts is whether the process that runs has been started with it."""
    deed = Intervention(Act.MISCONFIGURE, "ctl1", "x.service", setting="ReadOnlyPaths=/var/lib/x")
    node = place.nodes["ctl1"]
    assert isinstance(node, FakeNode)
    node.script(on_node.look(Effect.IS_MISCONFIGURED, deed)[0],
                {"rc": 0, "stdout": on_node.drop_in("x.service"), "stderr": ""})
    node.script(UnitFacts, {"x.service": {"active": "active"}})
    node.script(UnitProcesses, {pid: {"state": "S", "started": 100}})
    before = Running("x.service", "active", {("10", 100): "S"})
    assert (await acting.look(place, Effect.IS_MISCONFIGURED, deed, before)).shown is shown
