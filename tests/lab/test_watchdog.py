"""sbd on real machines: two members and an arbitrator, and the BMC out of reach. Who is cut off then resets
itself, and the other goes on once that must have happened; so does one whose sbd hangs.

The cluster file asks for a watchdog, and so the members have kernels of their own; the arbitrator has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fournines.errors import CommandFailed
from lab.conftest import eventually, on
from lab.controlplane import ControlPlane, up_and_applied

pytestmark = pytest.mark.long
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two-node-arbitrator.yaml"
MEMBERS, NETWORKS = ("node1", "node2"), ("management", "replication")
ADDRESS, BMC = "192.168.42.101", "192.168.42.254"
NODES = ", ".join(f"{name}: {{systems_uri: /redfish/v1/Systems/{name}}}" for name in MEMBERS)
FENCING = (f"fencing:\n      - {{agent: fence_redfish, secrets: {{password: bmc}}, nodes: {{{NODES}}}, "
           f"parameters: {{ip: {BMC}, username: fournines, ssl_secure: true}}}}\n"
           "      - {agent: fence_watchdog, level: 2}\n")


@pytest.fixture(scope="module")
def plane(can_host: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The example with these levels, up and applied; taken down at the end."""
    changes = {"fencing: lab  ": f"{FENCING}    # lab: ", "cluster: arbitrated": "cluster: dog"}
    with pytest.MonkeyPatch.context() as patch, up_and_applied(
            tmp_path_factory.mktemp("plane"), EXAMPLE, changes,
            lambda lab: patch.setenv("FOURNINES_SECRET_FENCING_BMC", lab.bmc.password)) as made:
        yield made


def holders(plane: ControlPlane) -> list[str]:
    """Who has the VIP."""
    return plane.owners(ADDRESS, MEMBERS)


def booted(plane: ControlPlane, node: str) -> str:
    """By which its kernel tells one boot from the next; empty while it is down."""
    with suppress(CommandFailed):
        return on(plane.lab, node, "cat", "/proc/sys/kernel/random/boot_id")
    return ""


def test_who_is_cut_off_resets_itself_where_no_switch_answers(plane: ControlPlane) -> None:
    """And only then does the other have its VIP."""
    plane.become_whole()
    lab, (lost,) = plane.lab, holders(plane)
    (taker,) = (name for name in MEMBERS if name != lost)
    before = booted(plane, lost)
    lab.bmc.stop()
    try:
        for network in NETWORKS:
            lab.machine(lost).cut(network)
        eventually(lambda: plane.owners(ADDRESS, [taker]) == [taker], f"{taker} has the VIP of {lost}")
    finally:
        for network in NETWORKS:
            lab.machine(lost).heal(network)
        lab.bmc.start()
    on(lab, taker, "crm_resource", "--cleanup")   # monitors of the switch have failed
    plane.become_whole()
    assert holders(plane) == [taker]
    assert booted(plane, lost) != before
    said = on(lab, taker, "journalctl", "--output=short-unix", "--quiet")
    assert f"Self-fencing (reboot) by {lost}" in said
    taken_at = [float(line.split()[0]) for line in said.splitlines() if "Adding inet address" in line][-1]
    # Both clocks are this computer's.
    assert float(on(lab, lost, "sed", "-n", "s/^btime //p", "/proc/stat")) < taken_at


def test_who_no_longer_feeds_its_watchdog_is_reset(plane: ControlPlane) -> None:
    """The last one: the lab is left to become whole, or to be taken down."""
    (hung,) = holders(plane)
    before = booted(plane, hung)
    on(plane.lab, hung, "pkill", "-STOP", "-f", "sbd: inquisitor")
    eventually(lambda: booted(plane, hung) not in ("", before), f"{hung} is reset")
