"""The way into a machine, as the engine uses it."""

from __future__ import annotations

import pytest

from fournines.blueprint.requests import Run
from fournines.errors import Unreachable
from fournines.lab.lab import Lab
from fournines.lab.process import run
from fournines.nodes.door import CommandDoor
from fournines.nodes.pipe import PipeNode

HOSTNAME = [Run(("hostname",))]


async def test_a_frozen_machine_is_given_up_in_time_and_answers_once_thawed(lab: Lab) -> None:
    machine = lab.machine("ctl1")
    node = PipeNode(CommandDoor("ctl1", machine.enter_argv()))
    before = await node.ask(HOSTNAME)
    machine.freeze()
    try:
        with pytest.raises(Unreachable, match="no reply"):
            await node.ask([Run(("hostname",), timeout_s=0.5)], timeout_s=0.5)   # their sum is allowed
    finally:
        machine.thaw()

    assert await node.ask(HOSTNAME) == before
    await node.close()


@pytest.mark.parametrize(("program", "code", "why"), [
    ("no-such-program", 127, "No such file or directory"), ("/etc/passwd", 126, "Permission denied")])
def test_what_cannot_be_started_is_said_as_a_shell_would(lab: Lab, program: str, code: int, why: str) -> None:
    done = run(lab.machine("ctl1").enter_argv((program,)), accept=None)
    assert (done.returncode, done.said.strip()) == (code, f"{program}: {why}")


async def test_one_way_in_serves_across_a_power_cycle(lab: Lab) -> None:
    machine = lab.machine("ctl1")
    node = PipeNode(CommandDoor("ctl1", machine.enter_argv()))
    before = await node.ask(HOSTNAME)

    machine.power_off()
    with pytest.raises(Unreachable):
        await node.ask(HOSTNAME)
    with pytest.raises(Unreachable, match="powered off"):
        await node.ask(HOSTNAME)
    machine.power_on()
    machine.wait_up()

    assert await node.ask(HOSTNAME) == before
    await node.close()
