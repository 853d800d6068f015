"""The runner: two nodes that are network namespaces, real samplers and clients, and a machine that loses
power.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from drills.made_up import VIP, MadeUpMachine, Namespace, interrupted
from fournines.blueprint.snapshot import Snapshot
from fournines.cluster.topology import Recovery, Vip
from fournines.drills.beforehand import heal_left_behind
from fournines.drills.catalog import DRILLS
from fournines.drills.checkers.gaps import measure
from fournines.drills.checkers.owners import one_owner
from fournines.drills.drill import Act
from fournines.drills.folder import RunFolder, armed
from fournines.drills.intervention import Intervention
from fournines.drills.place import Health, Place
from fournines.drills.recorded import read_run
from fournines.drills.result import Result
from fournines.drills.runner import run
from fournines.drills.schedule import Window
from fournines.drills.settings import TCP
from fournines.errors import DrillError, Refused
from fournines.findings import Finding, Severity

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="makes network namespaces")
DRILL = replace(DRILLS["power-off-vip-holder"], baseline_s=3.0, observe_s=2.5, converge_s=30.0)


def verdicts(folder: Path) -> Mapping[str, str]:
    found = json.loads((folder / "verdict.json").read_text())
    return {item["question"]: item["truth"] for item in found["verdicts"]}


async def test_a_drill_from_end_to_end(place: Place, machine: MadeUpMachine, tmp_path: Path) -> None:
    told: list[str] = []
    result = await run(DRILL, replace(place, made_of={"ctl1": "nspawn"}), tmp_path / "runs", told.append)
    assert result.verdict.truth is not False, result.verdicts
    assert machine.done == ["power_off", "power_on", "wait_up"]
    (row,) = result.rows
    assert row.path == TCP
    assert row.failed >= 5
    assert 0.3 <= row.gap_lower_s <= row.gap_upper_s
    assert {item.name for item in result.folder.iterdir()} == {
        "spec.json", "history.jsonl", "samples.jsonl", "timeline.json", "before.json", "after.json",
        "verdict.json", "clients.log", "console-ctl1.log"}
    found = dict(verdicts(result.folder))
    # On a computer that is starved a sampler may fall silent for too long: then this is not known, rightly.
    assert found.pop("never two owners of 192.0.2.100") in ("true", "unknown")
    assert found == {
        "ctl1 held 192.0.2.100 and was hit": "true", "TCP connect recovers within 20 s": "true",
        "the cluster becomes whole again": "true", "the drill leaves nothing behind": "true",
        "nothing else broke on the way": "true"}
    spec = json.loads((result.folder / "spec.json").read_text())
    assert (spec["timers"], spec["machines"]) == ({"vrrp.advert_int": "0.2s"}, {"ctl1": "nspawn"})
    assert "power off: ctl1, which holds 192.0.2.100" in told
    reads_back_as(result)


def reads_back_as(result: Result) -> None:
    """What is in the folder yields the values that were judged, by the times and clocks written there."""
    recorded = read_run(result.folder)
    assert (recorded.result, recorded.notes) == (result, ())
    assert recorded.spec.machines == {"ctl1": "nspawn"}
    (deed,) = recorded.deeds
    assert (deed.what, deed.undo, deed.target) == ("power off", "power on", "ctl1")
    assert recorded.timeline.injected_s <= deed.injected_s < deed.undone_s == recorded.timeline.healed_s
    (row,) = result.rows
    measured = measure(recorded.history.of(TCP), recorded.timeline, DRILL.slow_s)
    assert measured.gap is not None
    assert (measured.gap.lower_s, measured.gap.upper_s) == (row.gap_lower_s, row.gap_upper_s)
    window = Window(recorded.timeline.began_s, recorded.timeline.ended_s)
    excused = {"ctl1": Window(recorded.timeline.injected_s, recorded.timeline.ended_s)}
    assert one_owner(str(VIP), recorded.samples, window, excused) in result.verdicts


async def test_a_fault_that_did_not_happen_proves_nothing(place: Place, machine: MadeUpMachine,
                                                          tmp_path: Path) -> None:
    machine.works = False
    result = await run(DRILL, place, tmp_path)
    assert result.verdict.truth is None
    assert verdicts(result.folder)["TCP connect recovers within 20 s"] == "unknown"


async def test_two_owners_are_found(place: Place, machine: MadeUpMachine, tmp_path: Path) -> None:
    machine.works, machine.splits = False, True
    result = await run(DRILL, place, tmp_path)
    assert result.verdict.truth is False
    assert verdicts(result.folder)["never two owners of 192.0.2.100"] == "false"


async def test_the_owners_of_every_address_that_is_held_are_watched(
        place: Place, machine: MadeUpMachine, namespaces: Mapping[str, Namespace], tmp_path: Path) -> None:
    both, one, unused = (IPv4Address(f"192.0.2.{number}") for number in (101, 102, 103))
    vips = {f"vip{address}": Vip(f"vip{address}", address, "management") for address in (both, one, unused)}
    more = replace(place, cluster=replace(place.cluster, vips={**place.cluster.vips, **vips}))
    for node in namespaces.values():
        node.take(both)
    namespaces["ctl2"].take(one)
    found = verdicts((await run(DRILL, more, tmp_path)).folder)
    assert found[f"never two owners of {both}"] == "false"
    assert found[f"never two owners of {one}"] in ("true", "unknown")   # as for the first address, above
    assert f"never two owners of {unused}" not in found


async def test_a_promise_that_is_not_kept(place: Place, tmp_path: Path) -> None:
    strict = replace(place, cluster=replace(place.cluster, recovery=Recovery(0.3)))
    result = await run(DRILL, strict, tmp_path)
    assert result.verdict.truth is False
    assert {item.name for item in result.folder.glob("journal-*")} == {
        f"journal-{name}.log" for name in place.nodes}


@pytest.mark.parametrize("at", ["power off", "what clients notice", "power on"])
async def test_an_interrupted_drill_heals(place: Place, machine: MadeUpMachine, tmp_path: Path,
                                          at: str) -> None:
    await interrupted(place, tmp_path, at, DRILL)
    assert machine.done == ["power_off", "power_on", "wait_up"]
    assert machine.power == "on"
    assert armed(tmp_path) == {}


async def test_a_drill_interrupted_before_the_fault_touches_nothing(place: Place, machine: MadeUpMachine,
                                                                    tmp_path: Path) -> None:
    await interrupted(place, tmp_path, "nothing broken", DRILL)
    assert machine.done == []


async def test_sigterm_heals(place: Place, machine: MadeUpMachine, tmp_path: Path) -> None:
    def tell(message: str) -> None:
        if "what clients notice" in message:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(run(DRILL, place, tmp_path, tell))
    assert machine.done == ["power_off", "power_on", "wait_up"]


async def test_what_a_killed_runner_left_is_healed_later(place: Place, machine: MadeUpMachine,
                                                         tmp_path: Path) -> None:
    RunFolder.create(tmp_path, "x").arm([Intervention(Act.POWER_ON, "ctl1")])
    assert await heal_left_behind(place, tmp_path) == ("ctl1",)
    assert machine.done == ["power_on", "wait_up"]
    assert await heal_left_behind(place, tmp_path) == ()


async def test_what_was_left_in_another_cluster_is_told_and_not_healed(
        place: Place, machine: MadeUpMachine, tmp_path: Path) -> None:
    folder, told = RunFolder.create(tmp_path, "x"), list[str]()
    folder.write("spec.json", {"cluster": {"name": "another"}})
    folder.arm([Intervention(Act.POWER_ON, "ctl1")])
    assert await heal_left_behind(place, tmp_path, told.append) == ()
    assert machine.done == []
    assert told == [f"{folder.name} was killed, and may have left cluster another broken"]


async def test_a_drill_is_refused_where_it_would_be_a_second_failure(place: Place, machine: MadeUpMachine,
                                                                     tmp_path: Path) -> None:
    async def ill() -> Health:
        return Health((Finding(Severity.ERROR, "the database has no quorum"),), Snapshot({}, {}))

    with pytest.raises(Refused, match="not whole: the database has no quorum"):
        await run(DRILL, replace(place, health=ill), tmp_path, patience_s=0.0)
    with pytest.raises(Refused, match="not allowed: power"):
        await run(DRILL, replace(place, can=frozenset()), tmp_path)
    assert machine.done == []


async def test_what_heals_by_itself_is_waited_for(place: Place, namespaces: dict[str, Namespace],
                                                  tmp_path: Path) -> None:
    looks = iter(["a device is asked again", "a device is asked again", ""])

    async def healing() -> Health:
        wrong = next(looks)
        return Health((Finding(Severity.ERROR, wrong),) if wrong else (), Snapshot({}, {}))

    namespaces["ctl1"].drop()
    told: list[str] = []
    with pytest.raises(DrillError, match="held by nobody"):   # so it came past the look
        await run(DRILL, replace(place, health=healing), tmp_path, told.append)
    assert [line for line in told if "whole" in line] == [
        "waiting up to 60 s until the cluster is whole: a device is asked again"]


async def test_nobody_holds_the_address(place: Place, namespaces: dict[str, Namespace],
                                        tmp_path: Path) -> None:
    namespaces["ctl1"].drop()
    with pytest.raises(DrillError, match="held by nobody"):
        await run(DRILL, place, tmp_path)
