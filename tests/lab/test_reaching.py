"""Reaching real machines, past their network and over SSH: the agent's verbs that need a real system, and
samplers that see a machine lose its power."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fournines.blueprint.requests import (
    Failed,
    FileFacts,
    InstallPackages,
    JsonValue,
    PackageFacts,
    Run,
    Unit,
    UnitFacts,
    WriteFile,
)
from fournines.cluster.topology import Reach
from fournines.drills.sampling import sampling
from fournines.errors import Unreachable
from fournines.lab.lab import Lab
from fournines.nodes.door import CommandDoor
from fournines.nodes.hosts import SshDoor
from fournines.nodes.openssh import SshFiles
from fournines.nodes.pipe import PipeNode

POLICY = "/usr/sbin/policy-rc.d"
BROKEN = ("[Service]\nType=oneshot\n"
          "ExecStart=/bin/sh -c 'echo the table space is gone; exit 7'\n")
STEADY = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"


def ssh(lab: Lab, name: str) -> SshDoor:
    return SshDoor(name, Reach(name), SshFiles((lab.ssh_config,), ()))


@pytest.fixture(params=["past the network", "over SSH"])
async def node(lab: Lab, request: pytest.FixtureRequest) -> AsyncIterator[PipeNode]:
    inside = CommandDoor("ctl1", lab.machine("ctl1").enter_argv())
    reached = PipeNode(inside if request.param == "past the network" else ssh(lab, "ctl1"))
    yield reached
    await reached.close()


async def facts(node: PipeNode, *units: str) -> dict[str, dict[str, JsonValue]]:
    (reply,) = await node.ask([UnitFacts(units)])
    assert isinstance(reply, dict)
    return {unit: value for unit, value in reply.items() if isinstance(value, dict)}


async def test_units_are_started_looked_at_and_stopped(node: PipeNode) -> None:
    name, absent = "fournines-test.service", "no-such.service"
    replies = await node.ask([
        WriteFile(f"/etc/systemd/system/{name}", STEADY.encode()), Unit("daemon-reload"),
        Unit("enable", name), Unit("start", name)])
    assert replies[1:] == [{}, {}, {}]
    seen = await facts(node, name, absent, "ssh.service")
    assert [seen[name][key] for key in ("load", "active", "sub", "enabled")] == [
        "loaded", "active", "running", "enabled"]
    assert int(str(seen[name]["main_pid"])) > 1
    assert int(str(seen[name]["since_monotonic_us"])) > 0
    assert (seen[absent]["load"], seen[absent]["enabled"], seen[absent]["main_pid"]) == ("not-found", "", 0)
    assert seen["ssh.service"]["active"] == "active"
    assert await node.ask([Unit("restart", name)]) == [{}]
    assert (await facts(node, name))[name]["main_pid"] != seen[name]["main_pid"]
    assert await node.ask([Unit("stop", name), Unit("disable", name)]) == [{}, {}]
    assert (await facts(node, name))[name]["active"] == "inactive"


async def test_a_unit_that_does_not_start_says_why(node: PipeNode) -> None:
    name = "fournines-broken.service"
    *_, reply = await node.ask([WriteFile(f"/etc/systemd/system/{name}", BROKEN.encode()),
                                Unit("daemon-reload"), Unit("start", name)])
    assert isinstance(reply, Failed)
    assert "the table space is gone" in reply.reason
    (reply,) = await node.ask([Unit("start", "no-such.service")])
    assert isinstance(reply, Failed)
    assert "not found" in reply.reason


async def test_packages_are_looked_at_and_an_installation_leaves_nothing_behind(node: PipeNode) -> None:
    known, policy, failed, after, theirs = await node.ask([
        PackageFacts(("openssh-server", "no-such-package")),
        InstallPackages(("openssh-server",), timeout_s=120),
        InstallPackages(("no-such-package",), timeout_s=120),
        FileFacts((POLICY,)),
        WriteFile(POLICY, b"#!/bin/sh\nexit 0\n", 0o755)])
    assert isinstance(known, dict)
    assert (known["no-such-package"], str(known["openssh-server"])[:2]) == (None, "1:")
    assert policy == {}
    assert isinstance(failed, Failed)
    assert "no-such-package" in failed.reason
    assert (after, theirs) == ({POLICY: None}, {"changed": True})
    kept = await node.ask([InstallPackages(("openssh-server",), timeout_s=120), Run(("cat", POLICY)),
                           Run(("rm", POLICY))])
    assert kept[1] == {"rc": 0, "stdout": "#!/bin/sh\nexit 0\n", "stderr": ""}


async def test_the_samplers_see_a_machine_lose_its_power_and_come_back(lab: Lab) -> None:
    machine = lab.machine("ctl2")
    address = "192.168.42.12"
    found_doors = {each.name: CommandDoor(each.name, each.enter_argv()) for each in lab.machines}
    async with sampling(found_doors, [address]) as samples:
        assert await samples.first_of_each(60.0) == ()
        (session,) = samples.sessions["ctl2"]
        assert session.offset.lo_s <= 0.0 <= session.offset.hi_s   # one kernel, one clock
        assert samples.holders(address, 0.0) == ("ctl2",)
        await asyncio.to_thread(machine.power_off)
        spoken = len(session.seen)
        await asyncio.to_thread(machine.power_on)
        await asyncio.to_thread(machine.wait_up)
        async with asyncio.timeout(60):
            last_s = session.samples(address)[-1].lo_s
            while samples.holders(address, last_s + 0.5) != ("ctl2",):  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0.1)
        assert len(session.seen) <= spoken + 1
        assert len(samples.sessions["ctl2"]) > 1


async def test_a_machine_that_is_off_is_unreachable_and_answers_again_once_on(lab: Lab) -> None:
    machine = lab.machine("ctl3")
    node = PipeNode(ssh(lab, "ctl3"))
    who = Run(("hostname",))
    answer = {"rc": 0, "stdout": "ctl3\n", "stderr": ""}
    assert await node.ask([who]) == [answer]
    await asyncio.to_thread(machine.power_off)
    with pytest.raises(Unreachable):
        await node.ask([who], timeout_s=20)
    await asyncio.to_thread(machine.power_on)
    await asyncio.to_thread(machine.wait_up)
    assert await node.ask([who]) == [answer]
    await node.close()
