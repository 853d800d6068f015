"""Fencing as in any cluster: Debian's own ``fence_redfish`` on a node, the lab's BMC outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fournines.lab.driver import Power
from fournines.lab.lab import Lab
from fournines.lab.process import Finished, run
from lab.conftest import TIMEOUT_S, on


def fence(lab: Lab, action: str, *, victim: str = "ctl2", by: str = "ctl1", password: str = "") -> Finished:
    """Its parameters come by standard input, as Pacemaker gives them."""
    access = lab.bmc.access(("ctl1", "ctl2", "ctl3"))
    told = {"action": action, "ip": access.address, "username": access.user,
            "password": password or lab.bmc.password, "systems_uri": access.systems[victim]}
    return run(lab.machine(by).enter_argv(["fence_redfish"]), timeout_s=TIMEOUT_S, accept=None,
               stdin="".join(f"{name}={value}\n" for name, value in told.items()))


@pytest.fixture(autouse=True)
def all_on(lab: Lab) -> Iterator[None]:
    """Tests may leave machines off."""
    yield
    lab.bmc.start()
    for machine in lab.machines:
        machine.power_on()
        machine.wait_up(TIMEOUT_S)


def test_a_node_fences_another_and_brings_it_back(lab: Lab) -> None:
    machine = lab.machine("ctl2")
    begun, before = datetime.now(UTC), len(lab.bmc.actions())
    assert "Status: ON" in fence(lab, "status").output

    off = fence(lab, "off")

    assert (off.returncode, machine.power) == (0, Power.OFF), off.said
    assert fence(lab, "status").returncode == 2   # how fence agents say "off"
    on_again = fence(lab, "on")
    assert (on_again.returncode, machine.power) == (0, Power.STARTING), on_again.said
    assert "Status: ON" in fence(lab, "status").output
    machine.wait_up(TIMEOUT_S)
    noted = lab.bmc.actions()[before:]
    assert [(each.by, each.node, each.asked, each.outcome) for each in noted] == [
        ("192.168.42.11", "ctl2", "ForceOff", "off"), ("192.168.42.11", "ctl2", "On", "starting")]
    assert begun < noted[0].at < noted[1].at < datetime.now(UTC)


def test_a_reboot_gives_a_new_boot(lab: Lab) -> None:
    def boot() -> str:
        return on(lab, "ctl2", "stat", "--format=%Y.%i", "/proc/1/ns/pid")
    before = boot()

    assert fence(lab, "reboot").returncode == 0

    lab.machine("ctl2").wait_up(TIMEOUT_S)
    assert boot() != before


def test_who_loses_its_power_in_its_firmware_does_not_boot(lab: Lab) -> None:
    machine = lab.machine("ctl2")
    machine.power_off()
    begun = machine.enter_firmware()
    assert (machine.enter_firmware(), machine.power) == (begun, Power.STARTING)
    machine.power_off()

    machine.boot(begun)

    assert machine.power is Power.OFF


def test_a_bmc_that_is_started_anew_lets_who_is_in_the_firmware_boot(lab: Lab) -> None:
    machine = lab.machine("ctl2")
    machine.power_off()
    machine.enter_firmware()
    lab.bmc.stop()
    lab.bmc.start()

    machine.wait_up(TIMEOUT_S)

    assert machine.power is Power.ON
    assert machine.enter_firmware() == ""


def test_a_frozen_machine_is_fenced(lab: Lab) -> None:
    machine = lab.machine("ctl2")
    machine.freeze()
    assert "Status: ON" in fence(lab, "status").output

    assert fence(lab, "off").returncode == 0

    assert machine.power is Power.OFF


def test_fencing_needs_the_password_the_cable_and_the_bmc(lab: Lab) -> None:
    assert fence(lab, "off", password="guess").returncode == 1
    lab.bmc.stop()
    assert fence(lab, "off").returncode == 1
    lab.bmc.start()
    lab.machine("ctl1").cut("management")
    try:
        assert fence(lab, "off").returncode == 1
    finally:
        lab.machine("ctl1").heal("management")

    assert lab.machine("ctl2").power is Power.ON


def test_the_bmc_is_in_the_lab_and_nowhere_else(lab: Lab) -> None:
    access = lab.bmc.access(())
    listens = ("ss", "--no-header", "--listening", "--tcp", "--numeric")
    assert f"{access.address}:{access.port} " in run(lab.inside(listens)).output
    assert f"{access.address}:" not in run(listens).output
    status = lab.status().bmc
    assert status is not None
    assert status.running
    assert lab.bmc.password not in run(["ps", "-eo", "args"]).output


def test_nodes_trust_the_labs_authority_and_others_do_not(lab: Lab) -> None:
    access = lab.bmc.access(())
    url = f"https://{access.address}:{access.port}/redfish/v1"

    assert "RootService" in on(lab, "ctl1", "curl", "--silent", "--show-error", url)
    untrusting = run(lab.inside(["curl", "--silent", url]), accept=None)
    assert untrusting.returncode == 60   # curl(1): the peer's certificate cannot be authenticated


def test_up_starts_a_bmc_that_has_died(lab: Lab) -> None:
    lab.bmc.stop()
    assert not lab.bmc.running

    lab.up()

    assert lab.bmc.running
    assert fence(lab, "status").returncode == 0
