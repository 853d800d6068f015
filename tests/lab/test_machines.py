"""The verbs of a machine, each by what others see of it."""

from __future__ import annotations

import socket
import subprocess

import pytest

from fournines.errors import CommandFailed, LabError
from fournines.lab.driver import Power
from fournines.lab.lab import Lab
from fournines.lab.process import run
from lab.conftest import connect, eventually, hears, loses_power_without_a_word, on


def test_nodes_are_whole_debian_machines_with_names_and_addresses_of_their_own(lab: Lab) -> None:
    for machine in lab.machines:
        assert on(lab, machine.name, "systemctl", "is-system-running", "--wait") == "running"
        assert on(lab, machine.name, "hostname") == machine.name
    assert len({on(lab, machine.name, "cat", "/etc/machine-id") for machine in lab.machines}) == 3
    assert on(lab, "ctl1", "getent", "hosts", "ctl3").split() == ["192.168.42.13", "ctl3"]
    assert "10.0.42.11/24" in on(lab, "ctl1", "ip", "-brief", "address", "show", "eth1")
    assert on(lab, "ctl1", "findmnt", "--noheadings", "--output", "TARGET", "--target", "/tmp") == "/"


def test_nodes_hear_each_other_on_every_network(lab: Lab) -> None:
    assert hears(lab, "ctl1", "192.168.42.12")
    assert hears(lab, "ctl3", "10.0.42.11")


def test_one_logs_in_over_real_ssh_with_host_keys_checked(lab: Lab) -> None:
    ssh = ["ssh", "-F", str(lab.ssh_config), "-o", "BatchMode=yes"]

    assert run([*ssh, "ctl2", "hostname"], timeout_s=60.0).output == "ctl2\n"
    keys = {line.split()[-1] for line in lab.known_hosts.read_text().splitlines()}
    assert len(keys) == 3


def test_srv_takes_the_attributes_that_a_replicated_file_system_needs(lab: Lab) -> None:
    program = "import os; os.setxattr('/srv', 'trusted.x', b'1'); print(os.getxattr('/srv', 'trusted.x'))"

    assert on(lab, "ctl1", "python3", "-c", program) == "b'1'"
    assert on(lab, "ctl1", "findmnt", "--noheadings", "--output", "FSTYPE", "--target", "/srv") != "overlay"
    on(lab, "ctl1", "test", "-c", "/dev/fuse")


def test_up_leaves_running_machines_alone(lab: Lab) -> None:
    started = [on(lab, machine.name, "stat", "--format=%Y", "/proc/1") for machine in lab.machines]

    lab.up()

    assert [on(lab, machine.name, "stat", "--format=%Y", "/proc/1") for machine in lab.machines] == started


def test_a_throttled_machine_gets_its_share_and_no_more(lab: Lab) -> None:
    machine = lab.machine("ctl3")
    work = ("python3", "-c", "import time; end = time.monotonic() + 2\n"
                             "while time.monotonic() < end: pass\nprint(time.process_time())")
    assert machine.throttled == 0
    machine.throttle(10)
    try:
        used_s = float(on(lab, "ctl3", *work))
        assert used_s < 0.4   # of two seconds, with what starting Python takes
        assert machine.throttled > 5
    finally:
        machine.throttle(0)
    assert machine.throttled == 0
    assert float(on(lab, "ctl3", *work)) > 2 * used_s


def test_a_power_loss_says_nothing_to_peers_and_loses_no_disk(lab: Lab) -> None:
    machine = lab.machine("ctl2")
    on(lab, "ctl2", "sh", "-c", "echo kept | tee /srv/kept /root/kept && sync")
    loses_power_without_a_word(lab, "ctl2", "192.168.42.12")
    assert not machine.has_link("management")

    machine.power_on()
    machine.wait_up()

    assert on(lab, "ctl2", "cat", "/srv/kept", "/root/kept").split() == ["kept", "kept"]
    eventually(lambda: hears(lab, "ctl1", "192.168.42.12"), "ctl2 is back on the network")


def test_an_orderly_shutdown_runs_to_its_end(lab: Lab) -> None:
    machine = lab.machine("ctl2")

    machine.shut_down()

    assert machine.power is Power.OFF
    assert "Power-Off" in machine.console(20) or "Powering off" in machine.console(20)
    machine.power_on()
    machine.wait_up()


def test_a_frozen_machine_takes_connections_and_answers_nobody(lab: Lab) -> None:
    machine = lab.machine("ctl3")
    machine.freeze()
    try:
        assert machine.power == "frozen"
        with connect(lab, "192.168.42.13") as client:
            client.settimeout(2.0)
            with pytest.raises(TimeoutError):
                client.recv(1)
            with pytest.raises(CommandFailed, match="not finished"):   # the way in hangs too, and can be left
                run(machine.enter_argv(["true"]), timeout_s=1.0)

            machine.thaw()

            client.settimeout(60.0)
            assert client.recv(100).startswith(b"SSH-2.0")
        assert machine.power == "on"
    finally:
        machine.thaw()


def test_a_frozen_machine_can_lose_power(lab: Lab) -> None:
    machine = lab.machine("ctl3")
    machine.freeze()

    machine.power_off()

    assert machine.power is Power.OFF
    machine.power_on()
    machine.wait_up()
    assert on(lab, "ctl3", "hostname") == "ctl3"


def test_a_cut_cable_stays_cut_over_a_power_cycle_until_it_is_healed(lab: Lab) -> None:
    machine = lab.machine("ctl3")
    machine.cut("replication")
    try:
        assert not machine.has_link("replication")
        assert not hears(lab, "ctl1", "10.0.42.13")
        assert hears(lab, "ctl1", "192.168.42.13")
        assert "10.0.42.13/24" in on(lab, "ctl3", "ip", "-brief", "address", "show", "eth1")

        machine.power_off()
        machine.power_on()
        machine.wait_up()

        assert not machine.has_link("replication")
        assert machine.has_link("management")
    finally:
        machine.heal("replication")
    eventually(lambda: hears(lab, "ctl1", "10.0.42.13"), "the healed cable carries again")
    with pytest.raises(LabError, match="no cable to storage"):
        machine.cut("storage")


def test_a_split_parts_nodes_but_not_clients(lab: Lab) -> None:
    lab.fabric.part([["ctl1"], ["ctl2", "ctl3"]])
    try:
        assert not hears(lab, "ctl1", "192.168.42.12")
        assert not hears(lab, "ctl3", "10.0.42.11")
        assert hears(lab, "ctl2", "192.168.42.13")
        assert lab.machine("ctl1").has_link("management")
        connect(lab, "192.168.42.11").close()
    finally:
        lab.fabric.part([])
    assert hears(lab, "ctl1", "192.168.42.12")


def test_a_client_in_the_fabric_is_on_the_nodes_networks(lab: Lab) -> None:
    client = lab.status().clients["management"]

    assert run(lab.inside(["ping", "-n", "-c", "1", "-W", "5", "192.168.42.11"])).returncode == 0
    assert hears(lab, "ctl1", client)


def test_the_way_in_carries_bytes_both_ways(lab: Lab) -> None:
    everything = bytes(range(256)) * 4096

    echoed = subprocess.run(lab.machine("ctl1").enter_argv(["cat"]), input=everything, capture_output=True,
                            check=True, timeout=60)

    assert echoed.stdout == everything


def test_a_connection_made_before_a_cut_survives_it(lab: Lab) -> None:
    machine = lab.machine("ctl1")
    with connect(lab, "192.168.42.11") as client:
        assert client.recv(100).startswith(b"SSH-2.0")
        machine.cut("management")
        try:
            client.sendall(b"SSH-2.0-test\r\n")
        finally:
            machine.heal("management")
        client.settimeout(60.0)
        assert client.recv(1, socket.MSG_PEEK) != b""
