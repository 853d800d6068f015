"""Two nodes and an arbitrator on real machines, with two levels of fencing: the quorum device over TLS;
the loss of a node, of the arbitrator, and of the first power switch; a start of one node alone.

Both levels are the stock fence_redfish. The second asks the lab's BMC, the first a forwarder of the test's
before it, which can be taken away.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.conftest import eventually, on
from lab.controlplane import ControlPlane, one_at_a_time

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two-node-arbitrator.yaml"
MEMBERS, ARBITRATOR = ("node1", "node2"), "arbiter"
OF_NODE = {"node1": "192.168.42.81", "node2": "192.168.42.82"}
ADDRESS, BMC, FORWARDED = "192.168.42.101", "192.168.42.254", 8443
NODES = ", ".join(f"{name}: {{systems_uri: /redfish/v1/Systems/{name}}}" for name in MEMBERS)


def level(number: int, port: int) -> str:
    """A line of ``fencing``."""
    parameters = f"{{ip: {BMC}, ipport: {port}, username: fournines, ssl_secure: true}}"
    return (f"      - {{agent: fence_redfish, level: {number}, secrets: {{password: bmc}}, "
            f"nodes: {{{NODES}}}, parameters: {parameters}}}\n")


FENCING = f"fencing:\n{level(1, FORWARDED)}{level(2, 443)}"


@pytest.fixture(scope="module")
def forwarder() -> list[subprocess.Popen[bytes]]:
    """The process before the BMC, where it runs."""
    return []


@pytest.fixture(scope="module")
def plane(can_host: None, tmp_path_factory: pytest.TempPathFactory,
          forwarder: list[subprocess.Popen[bytes]]) -> Iterator[ControlPlane]:
    """The example with these levels, up and applied; taken down at the end."""
    text = EXAMPLE.read_text().replace("fencing: lab  ", f"{FENCING}    # lab: ")
    text = text.replace("cluster: arbitrated", "cluster: arb").replace("within: 15s", "within: 30s")
    made = ControlPlane(tmp_path_factory.mktemp("plane") / "cluster.yaml")
    made.file.write_text(text)
    try:
        up = made.say("lab", "up", made.file, "--machines-only")
        assert up.code == 0, up.out + up.err
        forward(made, forwarder)
        os.environ["FOURNINES_SECRET_FENCING_BMC"] = made.lab.bmc.password
        applied = made.say("apply")
        assert applied.code == 0, applied.out + applied.err
        yield made
    finally:
        os.environ.pop("FOURNINES_SECRET_FENCING_BMC", None)
        cut_off(forwarder)
        assert made.say("lab", "down", made.file).code == 0


def forward(plane: ControlPlane, forwarder: list[subprocess.Popen[bytes]]) -> None:
    listen = f"TCP-LISTEN:{FORWARDED},bind={BMC},reuseaddr,fork"
    forwarder.append(subprocess.Popen(plane.lab.inside(["socat", listen, f"TCP:{BMC}:443"])))


def cut_off(forwarder: list[subprocess.Popen[bytes]]) -> None:
    while forwarder:
        forwarder[-1].kill()
        forwarder.pop().wait()


def holders(plane: ControlPlane) -> list[str]:
    """Who has the VIP."""
    return plane.owners(ADDRESS, MEMBERS)


def membership(plane: ControlPlane) -> dict[str, object]:
    """As ``status`` shows it."""
    members = plane.say("status", "--json").data["members"]
    (found,) = [each for each in members if each["layer"] == "membership"]  # type: ignore[attr-defined]
    assert isinstance(found, dict)
    return found


def loses_power(plane: ControlPlane) -> tuple[str, str, list[str]]:
    """Who held the VIP and is powered off, who has it now, and which addresses asked the BMC."""
    lab, (lost,) = plane.lab, holders(plane)
    before = len(lab.bmc.actions())
    lab.machine(lost).power_off()
    eventually(lambda: holders(plane) not in ([], [lost]), f"another node than {lost} has the VIP")
    (taker,) = [name for name in holders(plane) if name != lost]
    actions = lab.bmc.actions()[before:]
    assert {action.node for action in actions} == {lost}
    return lost, taker, [action.by for action in actions]


def test_every_invariant_holds_and_a_second_apply_changes_nothing(plane: ControlPlane) -> None:
    assert "invariants hold" in plane.become_whole().out
    plan = plane.say("plan")
    assert plan.code == 0, plan.out + plan.err
    assert membership(plane) == {"layer": "membership", "well": ["node1", "node2", "arbiter"], "unwell": {},
                                 "needs": 2, "margin": 1}


def test_the_vote_is_given_over_tls_to_who_has_a_certificate(plane: ControlPlane) -> None:
    lab = plane.lab
    assert "client certificate required" in on(lab, ARBITRATOR, "corosync-qnetd-tool", "-s")
    clients = on(lab, ARBITRATOR, "corosync-qnetd-tool", "-l", "-v", "-c", "arb")
    assert clients.count("TLS active:\t\tYes (client certificate verified)") == 2, clients
    assert on(lab, "node1", "stat", "-c", "%a %U", "/etc/fournines/arbitrator.pem") == "600 root"
    for name in MEMBERS:
        assert "two_node (u8) = 1" not in on(lab, name, "corosync-cmapctl")
        assert "Qdevice" in on(lab, name, "corosync-quorumtool", "-s")


def test_the_holder_of_the_vip_loses_power(plane: ControlPlane) -> None:
    _, taker, by = loses_power(plane)
    assert set(by) == {BMC}   # by way of the forwarder: the first level
    assert "Quorate:          Yes" in on(plane.lab, taker, "corosync-quorumtool", "-s")
    plane.become_whole()


def test_the_second_level_fences_where_the_first_cannot_be_reached(
        plane: ControlPlane, forwarder: list[subprocess.Popen[bytes]]) -> None:
    cut_off(forwarder)
    try:
        _, taker, by = loses_power(plane)
        assert set(by) == {OF_NODE[taker]}   # nobody forwards: the node itself asked the BMC
    finally:
        forward(plane, forwarder)
    on(plane.lab, taker, "crm_resource", "--cleanup")   # monitors of the first level have failed
    plane.become_whole()


def test_the_arbitrator_may_be_lost_and_nothing_stops(plane: ControlPlane) -> None:
    """But nobody else may go then: no member is restarted."""
    lab, (holder,) = plane.lab, holders(plane)
    lab.machine(ARBITRATOR).power_off()
    shown = dict[str, object]()

    def without() -> bool:
        shown.update(membership(plane))
        return shown["well"] == list(MEMBERS)

    try:
        eventually(without, "the vote of the arbitrator is missed")
        assert shown["margin"] == 0
        assert holders(plane) == [holder]
        plane.change("cluster: arb", "cluster: arb\noverrides: {corosync.token: 2500ms}")
        refused = plane.say("apply")
        assert refused.code != 0
        assert holders(plane) == [holder]
        assert on(lab, holder, "corosync-cmapctl", "-g", "runtime.config.totem.token").endswith("3000")
        plane.change("\noverrides: {corosync.token: 2500ms}", "")
    finally:
        lab.machine(ARBITRATOR).power_on()
    assert plane.say("apply").code == 0
    plane.become_whole()
    assert holders(plane) == [holder]


def test_one_node_alone_begins_with_the_arbitrators_vote(plane: ControlPlane) -> None:
    """With ``wait_for_all`` it would wait for the other for ever."""
    lab = plane.lab
    for name in MEMBERS:
        lab.machine(name).power_off()
    before = len(lab.bmc.actions())
    lab.machine("node2").power_on()
    eventually(lambda: holders(plane) == ["node2"], "node2 alone has the VIP", timeout_s=240.0)
    # That the other is off had to be known first.
    assert {action.node for action in lab.bmc.actions()[before:]} == {"node1"}
    plane.become_whole()


def test_a_watchdog_is_refused_where_there_is_none(plane: ControlPlane) -> None:
    (holder,) = holders(plane)
    third = "      - {agent: fence_watchdog, level: 3}\n"
    plane.change("    # lab: ", f"{third}    # lab: ")
    refused = plane.say("apply")
    told = " ".join((refused.out + refused.err).split())
    assert refused.code != 0
    assert "there is no /dev/watchdog on it" in told
    assert holders(plane) == [holder]
    assert "stonith-watchdog-timeout" not in on(plane.lab, holder, "cibadmin", "--query")
    plane.change(third, "")
    applied = plane.say("apply")
    assert applied.code == 0, applied.out + applied.err
    plane.become_whole()


@pytest.mark.long
def test_an_arbitrator_is_taken_out_while_its_vote_is_not_needed(plane: ControlPlane) -> None:
    lab, written = plane.lab, plane.file.read_text().splitlines()
    (line,) = [each for each in written if f"name: {ARBITRATOR}" in each]
    plane.change(f"{line}\n", "")

    def voted(name: str) -> bool:
        return "A,V" in on(lab, name, "corosync-quorumtool", "-s")

    lab.machine(ARBITRATOR).power_off()
    eventually(lambda: not any(map(voted, MEMBERS)), "its vote is missed")
    refused = plane.say("apply")
    assert refused.code != 0   # with one vote of three left the other member would stop everything
    assert "membership.quorum.spare is 0" in " ".join((refused.out + refused.err).split())
    assert "two_node (u8) = 1" not in on(lab, "node1", "corosync-cmapctl")

    lab.machine(ARBITRATOR).power_on()
    eventually(lambda: all(map(voted, MEMBERS)), "its vote is back")
    applied = plane.say("apply", "--json")
    assert applied.code == 0, applied.out + applied.err
    assert one_at_a_time(applied.events, "membership: restart corosync.service")
    for name in MEMBERS:
        assert "two_node (u8) = 1" in on(lab, name, "corosync-cmapctl")
        assert "2Node Quorate WaitForAll" in on(lab, name, "corosync-quorumtool", "-s")
        assert not voted(name)
        assert on(lab, name, "systemctl", "show", "--property=ActiveState", "corosync-qdevice") \
            == "ActiveState=inactive"
    assert plane.say("plan").code == 0
    plane.become_whole()
    lab.machine(ARBITRATOR).power_off()   # nobody asks for it
    loses_power(plane)
    plane.become_whole()
