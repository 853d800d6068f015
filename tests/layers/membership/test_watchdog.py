"""The watchdog as the last level of fencing: sbd without a disk, and only with a true majority."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.artifacts import cib, environment
from fournines.artifacts.pacemaker import Level
from fournines.blueprint.snapshot import Snapshot
from fournines.blueprint.steps import On
from fournines.cluster import file
from fournines.cluster.notation import Wrong
from fournines.cluster.timers import derive
from fournines.errors import ClusterFileError
from fournines.layers import SPECS
from fournines.layers.layer import Site
from fournines.layers.membership import (
    LAYER,
    answers,
    artifacts,
    configuration,
    fencing,
    procedures,
    watchdog,
)
from fournines.layers.membership.node import cib_load
from fournines.layers.membership.spec import FencingDevice, MembershipSpec

from .test_arbitrator import EXAMPLE, MEMBERS, site_of

BMC = FencingDevice("fence_redfish", nodes={name: {"ip": "192.168.43.1"} for name in MEMBERS},
                    secrets={"password": "bmc"})


def guarded_by(*devices: FencingDevice) -> Site:
    cluster = replace(file.load(EXAMPLE, SPECS), layers={"membership": MembershipSpec(devices)})
    return site_of(cluster)


@pytest.fixture
def guarded() -> Site:
    return guarded_by(BMC, FencingDevice("fence_watchdog", level=2))


def test_it_is_the_level_that_is_waited_for_when_no_switch_answers(guarded: Site) -> None:
    made = configuration.whole(guarded)
    assert set(made.levels) == {Level(f"fl_{name}_{level}", name, level, (device,)) for name in MEMBERS
                                for level, device in ((1, f"fence_{name}_1"), (2, "watchdog"))}
    (device,) = [each for each in made.resources.primitives if each.id == "watchdog"]
    assert (device.agent, device.parameters["pcmk_host_list"]) == ("stonith:fence_watchdog", "node1 node2")
    assert {each.name: each.value for each in made.properties}["stonith-watchdog-timeout"] == "16s"
    assert [each.name for each in fencing.devices(guarded.cluster)] == ["fence_node1_1", "fence_node2_1"]


def test_nobody_is_reset_while_the_arbitrator_decides(guarded: Site) -> None:
    (settings,) = [each for each in artifacts.files(guarded, guarded.cluster.nodes[0])
                   if each.path == watchdog.SETTINGS]
    told = {entry.key: entry.value for entry in environment.parse(settings.content.decode()).entries}
    limit_s = int(told["SBD_WATCHDOG_TIMEOUT"])
    assert limit_s > guarded.timers.seconds("corosync.device_sync_timeout")
    assert guarded.timers.seconds("pacemaker.stonith_watchdog_timeout") >= 2 * limit_s
    assert guarded.timers.seconds("pacemaker.stonith_timeout") > 2 * limit_s
    assert (told["SBD_WATCHDOG_DEV"], "SBD_DEVICE" in told) == ("/dev/watchdog", False)


@pytest.mark.parametrize(("present", "truth"), [({"rc": 0}, True), ({"rc": 1}, False)])
def test_a_node_without_one_is_refused_with_the_way_out(guarded: Site, present: dict[str, int],
                                                        truth: bool) -> None:
    (arm,) = watchdog.steps(guarded)
    snapshot = Snapshot({"node1": {answers.WATCHDOG_DEVICE: answers.parse_present(present)}}, {})  # type: ignore[arg-type]
    assert arm.only_if is not None
    assert arm.only_if.judge(snapshot, "node1").truth is truth
    armed = snapshot.merged(Snapshot({"node1": {answers.SBD: answers.Sbd(enabled=True, running=True)}}, {}))
    assert arm.unless is not None
    assert arm.unless.judge(armed, "node1").truth is truth   # not where the device is another one now
    assert "/dev/watchdog" in arm.refusal
    assert "take fence_watchdog out of fencing" in arm.refusal


def test_before_it_goes_pacemaker_counts_on_none(guarded: Site) -> None:
    """And on what else there is as before."""
    in_force = cib_load.read(cib.emit(configuration.whole(guarded)))
    released = cib_load.without_watchdog(in_force)
    assert released is not None
    taken_out = ("crm_config stonith-watchdog-timeout", "watchdog", "fl_node1_2", "fl_node2_2")
    assert cib_load.differences(released, in_force) == [f"{each} is new" for each in taken_out]
    assert cib_load.without_watchdog(released) is None


@pytest.mark.parametrize(("enabled", "running", "done"), [
    (True, True, False), (False, True, False), (True, False, False), (False, False, True)])
def test_it_is_let_go_when_pacemaker_counts_on_it_no_longer(
        enabled: bool, running: bool, done: bool) -> None:
    site = guarded_by(BMC)
    (disarm,) = (each for each in procedures.steps(site) if each.name == watchdog.DISARM)
    corosync, = (each for each in procedures.services(site) if each.unit == artifacts.COROSYNC_UNIT)
    assert disarm.name in corosync.needs   # or sbd would reset who is left of two without an arbitrator
    assert [request.describe() for request in disarm.do["node1"]] == [
        "run /usr/lib/fournines/cib_load.py release", "systemctl disable sbd.service",
        "systemctl stop corosync.service", "systemctl start pacemaker.service"]
    assert disarm.on is On.ROLLING
    seen = Snapshot({"node1": {answers.SBD: answers.Sbd(enabled=enabled, running=running)}}, {})
    assert disarm.unless is not None
    assert disarm.unless.judge(seen, "node1").truth is done


def test_the_machines_have_to_have_one(guarded: Site) -> None:
    for site, needed in ((guarded, True), (guarded_by(BMC), False)):
        asked = LAYER.exchange(site.cluster, site.timers).hardware
        assert [each.node for each in asked if each.watchdog] == (list(MEMBERS) if needed else [])


def test_pacemaker_hears_of_it_once_corosync_has_brought_it_along(guarded: Site) -> None:
    corosync, = (each for each in procedures.services(guarded) if each.unit == artifacts.COROSYNC_UNIT)
    assert watchdog.ARM in corosync.needs
    assert watchdog.SETTINGS in corosync.files
    load, = (each for each in procedures.steps(guarded) if each.name.endswith("resources"))
    assert f"membership: restart {artifacts.COROSYNC_UNIT}" in load.needs
    assert "sbd" in LAYER.contribute(guarded).packages["node1"]


def test_sbd_is_judged_by_its_unit() -> None:
    facts = {"sbd.service": {"enabled": "enabled", "active": "inactive"}}
    assert answers.parse_sbd(facts) == answers.Sbd(enabled=True, running=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [
    {"nodes": {"node1": {"plug": 1}}}, {"secrets": {"password": "bmc"}}, {"parameters": {"ip": "192.0.2.1"}},
    {"parameters": {"device": "/dev/null; reboot"}}, {"parameters": {"device": "watchdog"}}])
def test_what_no_watchdog_has_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Wrong):
        FencingDevice("fence_watchdog", level=2, **wrong)  # type: ignore[arg-type]


def test_members_may_not_be_reset_after_they_are_taken_for_reset(guarded: Site) -> None:
    hasty = replace(guarded.cluster, overrides={"pacemaker.stonith_watchdog_timeout": "12s"})
    with pytest.raises(ClusterFileError) as refused:
        derive(hasty)
    assert "sbd.watchdog_timeout is 8 s, but has to be at most 0.5 x" in str(refused.value.findings[0])


@pytest.mark.tool("crm_verify", "pacemaker-cli-utils")
def test_pacemaker_takes_the_levels(tool: str, guarded: Site, tmp_path: Path) -> None:
    (tmp_path / "cib.xml").write_text(cib.emit(configuration.whole(guarded)))
    said = subprocess.run([tool, "--xml-file", tmp_path / "cib.xml", "-V"], capture_output=True, text=True,
                          check=False)
    assert (said.returncode, said.stderr) == (0, "")
