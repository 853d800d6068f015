"""A machine made of systemd-nspawn: a container with its own systemd, at native speed, on the host's kernel.

What differs from a computer: power loss does not lose what was written but not synced (the page cache is the
host's), the clock cannot be set (it is the host's), and ``reboot`` inside is a power off.
See systemd-nspawn(1).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path

from fournines.errors import CommandFailed, GateTimeout, LabError
from fournines.lab import rootfs
from fournines.lab.cgroups import ControlGroup
from fournines.lab.driver import Power
from fournines.lab.pids import ProcessId, parent_of
from fournines.lab.places import NodePlaces
from fournines.lab.process import run, start_detached
from fournines.lab.state import MachineState, read_machine, write_machine
from fournines.lab.wires import Fabric

INIT_TIMEOUT_S = 120.0
DEATH_TIMEOUT_S = 60.0
POLL_S = 0.1
ORDERLY_POWEROFF = signal.SIGRTMIN + 4   # systemd(1), "Signals"
# Beyond what nspawn gives to any container. Not CAP_SYS_TIME: the clock is the host's.
CAPABILITIES = "CAP_NET_ADMIN,CAP_IPC_LOCK,CAP_SYS_NICE,CAP_SYSLOG"
# As on a Debian 12 machine: /tmp is on the disk, and services may raise their limits as far as systemd does.
ENVIRONMENT = {"SYSTEMD_NSPAWN_TMPFS_TMP": "0"}
OPEN_FILES = "RLIMIT_NOFILE=1024:1048576"


class NspawnMachine:
    """See ``driver.Machine``."""

    def __init__(self, lab: str, name: str, interfaces: Mapping[str, str], places: NodePlaces, fabric: Fabric,
                 image: Path) -> None:
        """``interfaces`` maps each network that it has a cable to, to the name of the interface inside;
        ``image`` is the root directory that its own disk lies over."""
        self._lab = lab
        self._name = name
        self._interfaces = interfaces
        self._places = places
        self._fabric = fabric
        self._image = image

    @property
    def name(self) -> str:
        return self._name

    @property
    def networks(self) -> tuple[str, ...]:
        return tuple(self._interfaces)

    @property
    def power(self) -> Power:
        """See ``driver.Machine``."""
        init = self._state().init
        if init is None or not init.alive:
            return Power.OFF
        return Power.FROZEN if self._group().frozen else Power.ON

    def power_on(self) -> None:
        """See ``driver.Machine``."""
        if self.power is not Power.OFF:
            return
        self._clear_away()
        group = self._group()
        try:
            group.create()
            rootfs.mount(self._places, self._image, f"fournines-{self._lab}-{self._name}")
            init = self._boot(group)
            supervisor = ProcessId.of(parent_of(init.pid))
            state = replace(self._state(), init=init, supervisor=supervisor,
                            visitors=tuple(map(str, group.visitors)))
            write_machine(self._places.state, state)
            self._fabric.plug(self._name, self.networks, cut=state.cut)
        except BaseException:
            self._destroy(group)
            self._clear_away()
            raise

    def wait_up(self, timeout_s: float = 120.0) -> None:
        """See ``driver.Machine``."""
        end = time.monotonic() + timeout_s
        while True:
            if self.power is Power.OFF:
                raise LabError(f"{self._name} went off while it booted: {self.console(3)}",
                               hint=f"see {self._places.console}")
            with suppress(CommandFailed):
                seen = run(self.enter_argv(["systemctl", "is-active", "ssh.service"]), timeout_s=timeout_s,
                           accept=None)
                if seen.output.strip() == "active":
                    return
            if time.monotonic() > end:
                raise GateTimeout(f"{self._name} is up", timeout_s, self.console(3),
                                  hint=f"see {self._places.console}")
            time.sleep(POLL_S)

    def power_off(self) -> None:
        """See ``driver.Machine``."""
        self._destroy(self._group())
        self._clear_away()

    def shut_down(self, timeout_s: float = 120.0) -> None:
        """See ``driver.Machine``."""
        init = self._state().init
        if init is not None and init.alive:
            os.kill(init.pid, ORDERLY_POWEROFF)
            if not init.wait_gone(timeout_s):
                raise GateTimeout(f"{self._name} has shut down", timeout_s, self.console(3),
                                  hint="power it off instead")
        self.power_off()

    def freeze(self) -> None:
        """See ``driver.Machine``."""
        if self.power is Power.OFF:
            raise LabError(f"{self._name} is off and cannot freeze")
        self._group().freeze()

    def thaw(self) -> None:
        """See ``driver.Machine``."""
        if self.power is Power.FROZEN:
            self._group().thaw()

    def cut(self, network: str) -> None:
        """See ``driver.Machine``."""
        self._set_link(network, up=False)

    def heal(self, network: str) -> None:
        """See ``driver.Machine``."""
        self._set_link(network, up=True)

    def has_link(self, network: str) -> bool:
        """See ``driver.Machine``."""
        return self.power is not Power.OFF and self._fabric.has_link(self._name, network)

    def enter_argv(self, argv: Sequence[str] = ()) -> tuple[str, ...]:
        """See ``driver.Machine``."""
        return (*_join(), "enter", str(self._places.state), "--", *argv)

    def console(self, lines: int = 0) -> str:
        """See ``driver.Machine``."""
        try:
            text = self._places.console.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _state(self) -> MachineState:
        return read_machine(self._places.state)

    def _group(self) -> ControlGroup:
        return ControlGroup(self._lab, self._name)

    def _set_link(self, network: str, *, up: bool) -> None:
        if network not in self._interfaces:
            raise LabError(f"{self._name} has no cable to {network}",
                           hint=f"it has: {', '.join(self.networks)}")
        state = self._state()
        cut = set(state.cut) - {network} if up else {*state.cut, network}
        write_machine(self._places.state, replace(state, cut=tuple(sorted(cut))))
        if self.power is not Power.OFF:
            self._fabric.set_link(self._name, network, up=up)

    def _boot(self, group: ControlGroup) -> ProcessId:
        """Start it and return its process 1, which nspawn names to its notification socket."""
        address = self._places.directory / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            notifications.bind(os.fspath(address))
            try:
                start_detached([*_join(), "start", *map(str, group.directories), "--",
                                *self._fabric.inside(self._nspawn_argv())],
                               self._places.console, {**ENVIRONMENT, "NOTIFY_SOCKET": os.fspath(address)})
                return self._await_init(notifications, group)
            finally:
                address.unlink(missing_ok=True)

    def _await_init(self, notifications: socket.socket, group: ControlGroup) -> ProcessId:
        end = time.monotonic() + INIT_TIMEOUT_S
        notifications.settimeout(POLL_S)
        was_there = False
        while time.monotonic() < end:
            with suppress(TimeoutError):
                fields = dict(line.split("=", 1) for line in notifications.recv(4096).decode().splitlines())
                if init := ProcessId.of(int(fields.get("X_NSPAWN_LEADER_PID", 0))):
                    return init
            if was_there and not group.populated:
                break
            was_there = was_there or group.populated
        raise LabError(f"{self._name} did not start: {self.console(3)}", hint=f"see {self._places.console}")

    def _nspawn_argv(self) -> list[str]:
        cables = [f"--network-veth-extra={self._fabric.cable(self._name, network)}:{interface}"
                  for network, interface in self._interfaces.items()]
        return ["systemd-nspawn", "--quiet", "--boot", "--settings=no", "--register=no", "--keep-unit",
                f"--machine={self._lab}-{self._name}", f"--hostname={self._name}",
                f"--directory={self._places.root}", f"--bind={self._places.srv}:/srv", "--bind=/dev/fuse",
                f"--capability={CAPABILITIES}", f"--rlimit={OPEN_FILES}", "--resolv-conf=off",
                "--timezone=off", "--link-journal=no", "--console=read-only", *cables]

    def _destroy(self, group: ControlGroup) -> None:
        """First the cables: what the dying processes' sockets still say must not reach a peer. Then process
        1, with which the kernel kills everything in the node. What is frozen dies when thawed."""
        state = self._state()
        if state.init is not None and state.init.alive:
            for network in self.networks:
                if self._fabric.has_link(self._name, network):
                    self._fabric.set_link(self._name, network, up=False)
            state.init.kill()
            if group.frozen:
                group.thaw()
            if not state.init.wait_gone(DEATH_TIMEOUT_S):
                raise LabError(f"{self._name} survives being killed (process {state.init.pid})",
                               hint="a process of it may be stuck in the kernel: see dmesg")
        if state.supervisor is not None and not state.supervisor.wait_gone(DEATH_TIMEOUT_S):
            state.supervisor.kill()

    def _clear_away(self) -> None:
        """Remove what a dead machine leaves on this computer; its disk stays."""
        group = self._group()
        group.kill_all()
        rootfs.unmount(self._places)
        group.remove()
        state = self._state()
        if state.init is not None:
            write_machine(self._places.state, state.off())


def _join() -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", str(resources.files("fournines.lab").joinpath("join.py")))
