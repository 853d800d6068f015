"""ProcessMachine: what is the same for every machine that is a tree of processes on this computer: one init
that holds them all, a control group around them, and cables into the fabric that end with them.

What it is made of is for the drivers to say, ``nspawn.py`` and ``uml.py``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from typing import ClassVar

from fournines.durable import write_durably
from fournines.errors import CommandFailed, GateTimeout, LabError
from fournines.lab import rootfs
from fournines.lab.cgroups import ControlGroup
from fournines.lab.driver import Power
from fournines.lab.pids import ProcessId, parent_of
from fournines.lab.places import NodePlaces
from fournines.lab.process import run, start_detached
from fournines.lab.state import MachineState, read_machine, write_machine
from fournines.lab.wires import Cables

INIT_TIMEOUT_S = 120.0
DEATH_TIMEOUT_S = 60.0
POLL_S = 0.1


class ProcessMachine(ABC):
    """See ``driver.Machine``."""

    firmware_s: ClassVar[float]

    def __init__(self, lab: str, name: str, interfaces: Mapping[str, str], places: NodePlaces,
                 cables: Cables) -> None:
        """``interfaces`` maps each network that it has a cable to, to the name of the interface inside."""
        self._lab = lab
        self._name = name
        self._interfaces = interfaces
        self._places = places
        self._cables = cables

    @abstractmethod
    def _start(self, group: ControlGroup) -> MachineState:
        """Bring it to life in ``group``, its own file systems included; what is to be remembered of it."""

    @abstractmethod
    def _ask_to_shut_down(self, init: ProcessId, timeout_s: float) -> None:
        """Press the power button. May return before it is off."""

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
            return Power.STARTING if self._places.firmware.exists() else Power.OFF
        return Power.FROZEN if self._group().frozen else Power.ON

    def power_on(self) -> None:
        """See ``driver.Machine``."""
        with self._alone():
            if not self.power.runs:
                self._power_on()

    def enter_firmware(self) -> str:
        """See ``driver.Machine``."""
        with self._alone():
            if self.power.runs:
                return ""
            if self.power is Power.OFF:
                write_durably(self._places.firmware, uuid.uuid4().hex.encode())
            return self._places.firmware.read_text()

    def boot(self, start: str) -> None:
        """See ``driver.Machine``."""
        with self._alone():
            if self.power is Power.STARTING and self._places.firmware.read_text() == start:
                self._power_on()

    def wait_up(self, timeout_s: float = 120.0) -> None:
        """See ``driver.Machine``."""
        end = time.monotonic() + timeout_s
        while True:
            if self.power is Power.OFF:
                raise LabError(f"{self._name} went off while it booted: {self.console(3)}",
                               hint=f"see {self._places.console}")
            if self._may_be_up() and self._is_up(timeout_s):
                return
            if time.monotonic() > end:
                raise GateTimeout(f"{self._name} is up", timeout_s, self.console(3),
                                  hint=f"see {self._places.console}")
            time.sleep(POLL_S)

    def power_off(self) -> None:
        """See ``driver.Machine``."""
        with self._alone():
            self._places.firmware.unlink(missing_ok=True)
            self._destroy(self._group())
            self._clear_away()

    def shut_down(self, timeout_s: float = 120.0) -> None:
        """See ``driver.Machine``."""
        init = self._state().init
        if init is not None and init.alive:
            self._ask_to_shut_down(init, timeout_s)
            if not init.wait_gone(timeout_s):
                raise GateTimeout(f"{self._name} has shut down", timeout_s, self.console(3),
                                  hint="power it off instead")
        self.power_off()

    def freeze(self) -> None:
        """See ``driver.Machine``."""
        if not self.power.runs:
            raise LabError(f"{self._name} is {self.power} and cannot freeze")
        self._group().freeze()

    def thaw(self) -> None:
        """See ``driver.Machine``."""
        if self.power is Power.FROZEN:
            self._group().thaw()

    def throttle(self, percent: int) -> None:
        """See ``driver.Machine``."""
        if self.power.runs:
            self._group().throttle(percent)
        elif percent:
            raise LabError(f"{self._name} is {self.power} and uses no processor")

    @property
    def throttled(self) -> int:
        """See ``driver.Machine``."""
        return self._group().throttled if self.power.runs else 0

    def cut(self, network: str) -> None:
        """See ``driver.Machine``."""
        self._set_link(network, up=False)

    def heal(self, network: str) -> None:
        """See ``driver.Machine``."""
        self._set_link(network, up=True)

    def has_link(self, network: str) -> bool:
        """See ``driver.Machine``."""
        return self.power.runs and self._cables.has_link(self._name, network)

    def enter_argv(self, argv: Sequence[str] = ()) -> tuple[str, ...]:
        """See ``driver.Machine``."""
        return (*script("join"), "enter", str(self._places.state), "--", *argv)

    def console(self, lines: int = 0) -> str:
        """See ``driver.Machine``."""
        try:
            text = self._places.console.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _power_on(self) -> None:
        self._clear_away()
        group = self._group()
        try:
            group.create()
            state = replace(self._start(group), cut=self._state().cut)
            write_machine(self._places.state, state)
            self._cables.plug(self._name, self.networks, cut=state.cut)
        except BaseException:
            self._destroy(group)
            self._clear_away()
            raise
        finally:   # last: until it runs, it starts
            self._places.firmware.unlink(missing_ok=True)

    def _may_be_up(self) -> bool:
        """Whether asking it is worth while."""
        return True

    def _is_up(self, timeout_s: float) -> bool:
        with suppress(CommandFailed):
            seen = run(self.enter_argv(["systemctl", "is-active", "ssh.service"]), timeout_s=timeout_s,
                       accept=None)
            return seen.output.strip() == "active"
        return False

    def _state(self) -> MachineState:
        return read_machine(self._places.state)

    def _group(self) -> ControlGroup:
        return ControlGroup(self._lab, self._name)

    def _set_link(self, network: str, *, up: bool) -> None:
        if network not in self._interfaces:
            raise LabError(f"{self._name} has no cable to {network}",
                           hint=f"it has: {', '.join(self.networks)}")
        with self._alone():
            state = self._state()
            cut = set(state.cut) - {network} if up else {*state.cut, network}
            write_machine(self._places.state, replace(state, cut=tuple(sorted(cut))))
            if self.power.runs:
                self._cables.set_link(self._name, network, up=up)

    def _run(self, argv: Sequence[str], group: ControlGroup, env: Mapping[str, str],
             init_of: Callable[[socket.socket], ProcessId | None]) -> MachineState:
        """Start ``argv`` in the group and return what is known once its init has been named at the datagram
        socket that ``NOTIFY_SOCKET`` is the address of; ``init_of`` reads it from there."""
        address = self._places.directory / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            notifications.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            notifications.bind(os.fspath(address))
            try:
                start_detached([*script("join"), "start", *map(str, group.directories), "--", *argv],
                               self._places.console, {**env, "NOTIFY_SOCKET": os.fspath(address)})
                init = self._await_init(notifications, group, init_of)
            finally:
                address.unlink(missing_ok=True)
        return MachineState(init, ProcessId.of(parent_of(init.pid)), tuple(map(str, group.visitors)))

    def _await_init(self, notifications: socket.socket, group: ControlGroup,
                    init_of: Callable[[socket.socket], ProcessId | None]) -> ProcessId:
        end = time.monotonic() + INIT_TIMEOUT_S
        notifications.settimeout(INIT_TIMEOUT_S)
        with suppress(TimeoutError):
            notifications.recv(1)   # join.py: what becomes the machine is in the group
        notifications.settimeout(POLL_S)
        while time.monotonic() < end:
            with suppress(TimeoutError):
                if init := init_of(notifications):
                    return init
            if not group.populated:
                break
        raise LabError(f"{self._name} did not start: {self.console(3)}", hint=f"see {self._places.console}")

    def _destroy(self, group: ControlGroup) -> None:
        """First the cables: what the dying processes' sockets still say must not reach a peer. Then process
        1, with which the kernel kills everything in the node. What is frozen dies when thawed; whether it was
        can no longer be told from a group whose process 1 is dying (cgroup v2 calls it not frozen)."""
        state = self._state()
        if state.init is not None and state.init.alive:
            for network in self.networks:
                if self._cables.has_link(self._name, network):
                    self._cables.set_link(self._name, network, up=False)
            state.init.kill()
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
        self._cables.unplug(self._name, self.networks)
        rootfs.unmount(self._places)
        group.remove()
        state = self._state()
        if state.init is not None:
            write_machine(self._places.state, state.off())

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Against whoever else changes its power or cables: a drill that heals, a node that fences."""
        descriptor = os.open(self._places.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def script(name: str) -> tuple[str, ...]:
    """The words that run a module of this folder that needs the standard library only."""
    return (sys.executable, "-I", "-S", str(resources.files("fournines.lab").joinpath(f"{name}.py")))
