"""Machines with a kernel of their own: the same verbs, and what only such a machine can show."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator

import pytest

from fournines.blueprint.hardware import Disk, Hardware
from fournines.errors import CommandFailed, LabError
from fournines.lab.cgroups import ControlGroup
from fournines.lab.driver import Power
from fournines.lab.lab import Lab
from fournines.lab.places import Places
from fournines.lab.process import run
from fournines.lab.requirements import findings
from lab.conftest import (
    TIMEOUT_S,
    command_lines,
    connect,
    eventually,
    hears,
    lab_with,
    loses_power_without_a_word,
    on,
    traces,
)
from lab.test_leaving import start_up

pytestmark = pytest.mark.own_kernel
DISK = Disk("/dev/vg0/mysql", 64)
NAME = f"test-uml-{os.getpid()}"


@pytest.fixture(scope="module")
def mixed(can_host: None) -> Iterator[Lab]:
    """ctl1 and ctl2 need a kernel module and a disk, ctl3 nothing."""
    hardware = {name: Hardware(name, ("drbd",), (DISK,)) for name in ("ctl1", "ctl2")}
    with lab_with(NAME, hardware, findings(own_kernel=True)) as made:
        yield made


def test_nodes_get_the_machine_that_their_layers_need(mixed: Lab) -> None:
    assert [machine.driver for machine in mixed.status().machines] == ["uml", "uml", "nspawn"]
    kernels = [on(mixed, name, "uname", "--kernel-release") for name in ("ctl1", "ctl2", "ctl3")]
    assert kernels[0] == kernels[1] != kernels[2] == os.uname().release
    assert on(mixed, "ctl1", "systemctl", "is-system-running", "--wait") == "running"
    assert on(mixed, "ctl1", "hostname") == "ctl1"
    assert on(mixed, "ctl1", "cat", "/etc/machine-id") != on(mixed, "ctl2", "cat", "/etc/machine-id")


def test_a_kernel_and_its_processes_stay_on_one_processor(mixed: Lab) -> None:
    """Where they wake each other on two, everything takes two to four times as long."""
    usable = sorted(os.sched_getaffinity(0))
    for number, name in enumerate(("ctl1", "ctl2")):
        directory = ControlGroup(NAME, name).directories[0]
        words = command_lines()
        found = {frozenset(os.sched_getaffinity(int(pid)))
                 for pid in (directory / "cgroup.procs").read_text().split()
                 if "linux.uml" in words.get(int(pid), "")}
        assert found == {frozenset({usable[number % len(usable)]})}


def test_both_kinds_are_on_the_same_networks(mixed: Lab) -> None:
    assert hears(mixed, "ctl1", "192.168.42.12")
    assert hears(mixed, "ctl1", "10.0.42.13")
    assert hears(mixed, "ctl3", "10.0.42.12")
    assert run(["ssh", "-F", str(mixed.ssh_config), "-o", "BatchMode=yes", "ctl2", "hostname"],
               timeout_s=TIMEOUT_S).output == "ctl2\n"


def test_large_transfers_pass_between_the_kernels(mixed: Lab) -> None:
    """Frames that the sender's kernel leaves uncut must not be lost on the way: TCP would crawl."""
    receive = ("import socket\nlink = socket.create_server(('10.0.42.12', 7000)).accept()[0]\n"
               "got = 0\nwhile part := link.recv(1 << 16): got += len(part)\nprint(got)")
    send = ("import socket, time\nwhile True:\n try: link = socket.create_connection(('10.0.42.12', 7000))\n"
            " except ConnectionRefusedError: time.sleep(.1)\n else: break\nlink.sendall(bytes(32 << 20))")
    with subprocess.Popen(mixed.machine("ctl2").enter_argv(["python3", "-c", receive]), text=True,
                          stdout=subprocess.PIPE) as receiver:
        on(mixed, "ctl1", "python3", "-c", send)
        assert receiver.communicate(timeout=TIMEOUT_S)[0].strip() == str(32 << 20)
    assert "eth1: Incoming GSO" not in mixed.machine("ctl2").console()   # how it complains of one it lost


def test_the_kernel_has_what_the_layers_asked_for(mixed: Lab) -> None:
    on(mixed, "ctl1", "modprobe", "drbd")

    assert "drbd" in on(mixed, "ctl1", "cat", "/proc/modules")
    assert on(mixed, "ctl1", "blockdev", "--getsize64", DISK.path) == str(DISK.size_mib << 20)


def test_a_power_loss_keeps_what_was_synced_and_loses_what_was_not(mixed: Lab) -> None:
    machine = mixed.machine("ctl2")
    on(mixed, "ctl2", "sh", "-c", f"echo kept >/root/kept && sync && echo kept | "
                                  f"dd of={DISK.path} conv=fsync status=none && echo lost >/root/lost")
    loses_power_without_a_word(mixed, "ctl2", "192.168.42.12")

    machine.power_on()
    machine.wait_up(TIMEOUT_S)

    assert on(mixed, "ctl2", "cat", "/root/kept") == "kept"
    assert on(mixed, "ctl2", "head", "--lines=1", DISK.path) == "kept"
    assert "lost" not in on(mixed, "ctl2", "sh", "-c", "cat /root/lost || true")
    assert machine.console().count("Linux version") == 2
    eventually(lambda: hears(mixed, "ctl1", "192.168.42.12"), "ctl2 is back on the network")


def test_who_is_inside_when_the_power_goes_is_thrown_out(mixed: Lab) -> None:
    machine = mixed.machine("ctl2")
    with subprocess.Popen(machine.enter_argv(["sh", "-c", "echo in; exec sleep 1000"]), text=True,
                          stdout=subprocess.PIPE) as visitor:
        assert visitor.stdout is not None
        assert visitor.stdout.readline() == "in\n"

        machine.power_off()

        assert visitor.wait(TIMEOUT_S) == 255
    machine.power_on()
    machine.wait_up(TIMEOUT_S)


def test_an_orderly_shutdown_runs_to_its_end(mixed: Lab) -> None:
    machine = mixed.machine("ctl2")
    on(mixed, "ctl2", "sh", "-c", "echo unsynced >/root/unsynced")

    machine.shut_down()

    assert machine.power is Power.OFF
    assert "Powering off" in machine.console(20) or "Power down" in machine.console(20)
    machine.power_on()
    machine.wait_up(TIMEOUT_S)
    assert on(mixed, "ctl2", "cat", "/root/unsynced") == "unsynced"


def test_a_reboot_from_inside_comes_back_by_itself(mixed: Lab) -> None:
    machine = mixed.machine("ctl2")
    boot = on(mixed, "ctl2", "cat", "/proc/sys/kernel/random/boot_id")

    run(machine.enter_argv(["sh", "-c", "echo b >/proc/sysrq-trigger"]), accept=None, timeout_s=TIMEOUT_S)

    def back() -> bool:
        seen = run(machine.enter_argv(["cat", "/proc/sys/kernel/random/boot_id"]), accept=None,
                   timeout_s=TIMEOUT_S)
        return seen.returncode == 0 and seen.output.strip() != boot
    eventually(back, "ctl2 has booted anew")
    machine.wait_up(TIMEOUT_S)
    eventually(lambda: hears(mixed, "ctl1", "10.0.42.12"), "its network is back")


def test_a_login_that_a_reboot_cut_short_ends(mixed: Lab) -> None:
    """Before it is done OpenSSH does not ask whether the other is still there."""
    machine = mixed.machine("ctl2")
    argv = json.loads(Places().lab(NAME).node("ctl2").state.read_text())["door"]
    (through,) = (word.partition("=")[2] for word in argv if word.startswith("-oProxyCommand="))
    with subprocess.Popen(shlex.split(through), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as login:
        try:
            assert login.stdout is not None
            assert login.stdout.read(4) == b"SSH-"
            run(machine.enter_argv(["sh", "-c", "echo b >/proc/sysrq-trigger"]), accept=None,
                timeout_s=TIMEOUT_S)
            login.wait(TIMEOUT_S)
        finally:
            login.kill()
    machine.wait_up(TIMEOUT_S)


def test_a_frozen_machine_is_silent_and_goes_on_when_thawed(mixed: Lab) -> None:
    machine = mixed.machine("ctl2")
    with connect(mixed, "192.168.42.12") as client:
        assert client.recv(100).startswith(b"SSH-2.0")
        machine.freeze()
        try:
            assert machine.power is Power.FROZEN
            assert not hears(mixed, "ctl1", "192.168.42.12")   # its kernel has stopped too
            with pytest.raises(CommandFailed, match="not finished"):   # the way in hangs, and can be left
                run(machine.enter_argv(["true"]), timeout_s=1.0)
        finally:
            machine.thaw()
        client.settimeout(60.0)
        client.sendall(b"SSH-2.0-test\r\n")
        assert client.recv(1) != b""
    assert machine.power is Power.ON
    assert on(mixed, "ctl2", "hostname") == "ctl2"


def test_a_cut_cable_stays_cut_over_a_power_cycle_and_the_way_in_stays(mixed: Lab) -> None:
    machine = mixed.machine("ctl2")
    machine.cut("management")
    machine.cut("replication")
    try:
        assert not hears(mixed, "ctl1", "10.0.42.12")
        assert on(mixed, "ctl2", "hostname") == "ctl2"
        machine.freeze()
        machine.power_off()   # what is frozen can lose power
        machine.power_on()
        machine.wait_up(TIMEOUT_S)
        assert not machine.has_link("management")
    finally:
        machine.heal("management")
        machine.heal("replication")
    eventually(lambda: hears(mixed, "ctl1", "10.0.42.12"), "the healed cable carries again")
    with pytest.raises(LabError, match="no cable to storage"):
        machine.cut("storage")


def test_the_way_in_carries_bytes_both_ways_and_exit_codes(mixed: Lab) -> None:
    everything = bytes(range(256)) * 1024
    machine = mixed.machine("ctl1")

    echoed = subprocess.run(machine.enter_argv(["cat"]), input=everything, capture_output=True, check=True,
                            timeout=TIMEOUT_S)

    assert echoed.stdout == everything
    assert run(machine.enter_argv(["sh", "-c", 'exit "$1"', "sh", "7"]), accept=None,
               timeout_s=TIMEOUT_S).returncode == 7
    assert on(mixed, "ctl1", "printf", "%s|", "a b", "", "$x'\"") == "a b||$x'\"|"


def test_a_lab_without_what_is_needed_now_is_refused(mixed: Lab) -> None:
    with pytest.raises(LabError, match="without the kernels or disks that are needed now on ctl3"):
        mixed.up({"ctl3": Hardware("ctl3", ("drbd",))})
    assert mixed.up({"ctl1": Hardware("ctl1", ("drbd",))}).up


def test_an_interrupted_up_leaves_nothing(mixed: Lab) -> None:
    name = f"{NAME}-other"
    with start_up(name, "own_kernel=True") as process:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=TIMEOUT_S)

    assert "KeyboardInterrupt" in said
    assert traces(name) == set()
    assert on(mixed, "ctl1", "hostname") == "ctl1"
