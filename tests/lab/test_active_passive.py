"""Pacemaker on real machines: only an address of the example, whose holder is lost, fenced and back again.

What else the example has is in test_services_together.py. Fencing is real: the stock fence_redfish on the
nodes asks the lab's BMC, over TLS. One cluster for the whole file; a test leaves it whole. Timers are of a
longer promise than the example's: the machine has other work.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fournines.cli.opened import open_cluster
from lab.conftest import eventually, on
from lab.controlplane import ControlPlane, one_at_a_time, up_and_applied

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "three-node-active-passive.yaml"
NODES = ("node1", "node2", "node3")
ADDRESS = "192.168.42.101"
RESTART = "membership: restart corosync.service"


@pytest.fixture(scope="module")
def plane(can_host: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """What of the example Pacemaker's membership alone needs, up and applied; taken down at the end."""
    example = EXAMPLE.read_text()
    others = example[example.index("  database:"):example.index("  membership:")]
    changes = {"cluster: active-passive": "cluster: actpass", "recover_within: 20s": "recover_within: 30s",
               "  api:      192.168.42.103": "# ", others: ""}
    with up_and_applied(tmp_path_factory.mktemp("plane"), EXAMPLE, changes) as made:
        yield made


def holders(plane: ControlPlane) -> list[str]:
    """Who has the VIP."""
    return plane.owners(ADDRESS, NODES)


def test_every_invariant_holds(plane: ControlPlane) -> None:
    assert "invariants hold" in plane.become_whole().out
    assert len(holders(plane)) == 1


def test_a_second_apply_changes_nothing(plane: ControlPlane) -> None:
    plan = plane.say("plan")
    assert plan.code == 0, plan.out + plan.err


def test_status_says_when_fencing_was_proven(plane: ControlPlane) -> None:
    status = plane.say("status", "--json").data
    seats = {seat["name"]: seat["holders"] for seat in status["seats"]}  # type: ignore[attr-defined]
    assert seats["vip internal"] == holders(plane)
    assert len(seats["controller of Pacemaker"]) == 1
    proofs = status["proofs"]
    assert isinstance(proofs, list)
    assert len([proof for proof in proofs if proof["at"]]) == len(NODES)


def test_the_password_of_the_bmc_is_in_no_configuration_and_no_log(plane: ControlPlane) -> None:
    password = plane.lab.bmc.password
    for name in NODES:
        assert password not in on(plane.lab, name, "cibadmin", "--query")
        assert password not in on(plane.lab, name, "journalctl", "--no-pager")
        assert on(plane.lab, name, "stat", "-c", "%a %U", "/etc/corosync/authkey") == "400 root"


def test_the_holder_of_the_vip_loses_power(plane: ControlPlane) -> None:
    lab, (lost,) = plane.lab, holders(plane)
    before = len(lab.bmc.actions())
    lab.machine(lost).power_off()
    eventually(lambda: holders(plane) not in ([], [lost]), f"another node than {lost} has the VIP")
    # The agent finds it off, and turns it on: that it is fenced is known before anything starts elsewhere.
    assert {action.node for action in lab.bmc.actions()[before:]} == {lost}
    (taker,) = [name for name in holders(plane) if name != lost]
    assert f'target="{lost}"' in on(lab, taker, "crm_mon", "--one-shot", "--output-as=xml")
    plane.become_whole()
    assert holders(plane) != [lost]   # it is back, and leaves the VIP where it is
    assert plane.say("plan").code == 0


def test_nothing_is_taken_over_while_fencing_cannot_be_reached(plane: ControlPlane) -> None:
    """Blocked, and says so, rather than twice active."""
    lab, (lost,) = plane.lab, holders(plane)
    (witness, *_) = [name for name in NODES if name != lost]
    lab.bmc.stop()
    try:
        lab.machine(lost).power_off()
        eventually(lambda: "UNCLEAN" in on(lab, witness, "crm_mon", "--one-shot"), f"{lost} is missed")
        eventually(lambda: any(f"reboot of {lost}" in line and "last failed" in line for line in
                               on(lab, witness, "crm_mon", "--one-shot").splitlines()),
                   "an attempt to fence has failed")
        assert holders(plane) == []
        verified = plane.say("verify")
        assert verified.code == 1
        assert f"{lost} is lost and not fenced yet" in verified.out.replace("\n", " ")
    finally:
        lab.bmc.start()
    eventually(lambda: len(holders(plane)) == 1, "fencing succeeded, and one node has the VIP")
    on(lab, witness, "crm_resource", "--cleanup")   # monitors of devices may have failed meanwhile
    plane.become_whole()


def test_a_holder_that_clients_do_not_reach_gives_the_address_up(plane: ControlPlane) -> None:
    """Its heartbeats go on over the other link: nobody is fenced, and it does not come back by itself."""
    lab, (cut,) = plane.lab, holders(plane)
    before = len(lab.bmc.actions())
    lab.machine(cut).cut("management")
    try:
        eventually(lambda: holders(plane) not in ([], [cut]), f"another node than {cut} has the VIP")
    finally:
        lab.machine(cut).heal("management")
    (taker,) = holders(plane)
    assert not lab.bmc.actions()[before:]
    on(lab, taker, "crm_resource", "--cleanup")   # its monitors of fencing devices have failed
    plane.become_whole()
    assert holders(plane) == [taker]


def test_a_cut_node_is_fenced_and_never_a_second_holder(plane: ControlPlane) -> None:
    """Alive, on neither network: it may not go on."""
    lab, (lost,) = plane.lab, holders(plane)
    before = len(lab.bmc.actions())
    for network in ("management", "replication"):
        lab.machine(lost).cut(network)
    eventually(lambda: any(name != lost for name in holders(plane)), "another node has the VIP")
    for network in ("management", "replication"):
        lab.machine(lost).heal(network)
    assert (lost, "ForceOff") in [(action.node, action.asked) for action in lab.bmc.actions()[before:]]
    plane.become_whole()
    assert len(holders(plane)) == 1


def test_another_token_restarts_one_member_at_a_time(plane: ControlPlane) -> None:
    plane.change("cluster: actpass", "cluster: actpass\noverrides: {corosync.token: 2500ms}")
    assert open_cluster(plane.file).timers.ms("corosync.consensus") == 3000
    applied = plane.say("apply", "--json")
    assert applied.code == 0, applied.out + applied.err
    assert one_at_a_time(applied.events, RESTART)
    for name in NODES:
        assert on(plane.lab, name, "corosync-cmapctl", "-g", "runtime.config.totem.token").endswith("2500")
    plane.become_whole()
    assert plane.say("plan").code == 0
