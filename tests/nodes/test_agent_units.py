"""Units and packages, and what is no request, told by the real agent on this machine."""

from __future__ import annotations

import asyncio
import os
import signal

from fournines.blueprint.requests import PackageFacts, Request, UnitFacts, UnitProcesses
from fournines.lab.cgroups import ControlGroup
from fournines.lab.pids import ProcessId
from fournines.nodes.pipe import PipeNode
from nodes.asked import as_root, mapping, refused


async def test_package_facts(node: PipeNode) -> None:
    facts = await mapping(node, PackageFacts(("dpkg", "no-such-package-here")))
    assert facts["no-such-package-here"] is None
    assert str(facts["dpkg"])[0].isdigit()


async def test_unit_names_cannot_be_options_or_patterns(node: PipeNode) -> None:
    for name in ("--all", "ssh*", "a b"):
        assert "is not the name of a unit" in await refused(node, UnitFacts((name,)))


async def test_an_unknown_verb_is_refused(node: PipeNode) -> None:
    class Dance(Request):
        verb = "dance"

    assert "does not know the verb" in await refused(node, Dance())


@as_root
async def test_the_processes_of_a_unit_are_those_of_its_control_group(node: PipeNode) -> None:
    """A group of that name stands for the unit; a process outside it is not one of them."""
    unit = f"fournines-{os.getpid()}.service"
    group = ControlGroup(f"agent-{os.getpid()}", unit)
    group.create()
    inside = await asyncio.create_subprocess_exec("sleep", "60")
    outside = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        for directory in group.directories:
            (directory / "cgroup.procs").write_text(str(inside.pid))
        assert await mapping(node, UnitProcesses("fournines-none.service")) == {}
        began = ProcessId.of(inside.pid)
        assert began is not None
        assert await mapping(node, UnitProcesses(unit)) == {
            str(inside.pid): {"state": "S", "started": began.started}}
        inside.send_signal(signal.SIGSTOP)
        stopped = (await mapping(node, UnitProcesses(unit)))[str(inside.pid)]
        assert isinstance(stopped, dict)
        assert stopped["state"] == "T"
    finally:
        for process in (inside, outside):
            process.kill()
            await process.wait()
        group.remove()
