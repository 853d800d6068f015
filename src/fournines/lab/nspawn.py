"""A machine made of systemd-nspawn: a container with its own systemd, at native speed, on the host's kernel.

What differs from a computer: power loss does not lose what was written but not synced (the page cache is the
host's), the clock cannot be set (it is the host's), and ``reboot`` inside is a power off.
See systemd-nspawn(1).
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from fournines.blueprint.hardware import Disk
from fournines.lab import rootfs, shared_disk
from fournines.lab.cgroups import ControlGroup
from fournines.lab.pids import ProcessId
from fournines.lab.places import NodePlaces
from fournines.lab.process_machine import ProcessMachine
from fournines.lab.state import MachineState
from fournines.lab.wires import Cables

ORDERLY_POWEROFF = signal.SIGRTMIN + 4   # systemd(1), "Signals"
# Beyond what nspawn gives to any container. Not CAP_SYS_TIME: the clock is the host's.
CAPABILITIES = "CAP_NET_ADMIN,CAP_IPC_LOCK,CAP_SYS_NICE,CAP_SYSLOG"
# As on a Debian 12 machine: /tmp is on the disk, and services may raise their limits as far as systemd does.
ENVIRONMENT = {"SYSTEMD_NSPAWN_TMPFS_TMP": "0"}
OPEN_FILES = "RLIMIT_NOFILE=1024:1048576"


class NspawnMachine(ProcessMachine):
    """See ``driver.Machine``."""

    firmware_s = 10.0

    def __init__(self, lab: str, name: str, interfaces: Mapping[str, str], places: NodePlaces, cables: Cables,
                 image: Path, disks: Sequence[Disk] = ()) -> None:
        """``image`` is the root directory that its own disk lies over; ``disks`` are those that it shares."""
        super().__init__(lab, name, interfaces, places, cables)
        self._image = image
        self._disks = disks

    def _start(self, group: ControlGroup) -> MachineState:
        rootfs.mount(self._places, self._image, f"fournines-{self._lab}-{self._name}")
        devices = shared_disk.attach(self._places, self._disks)
        return self._run(self._cables.inside(self._nspawn_argv(devices)), group, ENVIRONMENT, _leader)

    def _destroy(self, group: ControlGroup) -> None:
        init = self._state().init
        if init is not None and init.alive:
            shared_disk.lose_what_is_not_written(self._places, init)
        super()._destroy(group)

    def _clear_away(self) -> None:
        super()._clear_away()
        shared_disk.detach(self._places)

    def _ask_to_shut_down(self, init: ProcessId, timeout_s: float) -> None:
        os.kill(init.pid, ORDERLY_POWEROFF)

    def _nspawn_argv(self, devices: Mapping[str, Path]) -> list[str]:
        cables = [f"--network-veth-extra={self._cables.cable(self._name, network)}:{interface}"
                  for network, interface in self._interfaces.items()]
        return ["systemd-nspawn", "--quiet", "--boot", "--settings=no", "--register=no", "--keep-unit",
                f"--machine={self._lab}-{self._name}", f"--hostname={self._name}",
                f"--directory={self._places.root}", f"--bind={self._places.srv}:/srv", "--bind=/dev/fuse",
                f"--capability={CAPABILITIES}", f"--rlimit={OPEN_FILES}", "--resolv-conf=off",
                "--timezone=off", "--link-journal=no", "--console=read-only", *cables,
                *(f"--bind={folder}:{path}" for path, folder in devices.items())]


def _leader(notifications: socket.socket) -> ProcessId | None:
    """Its process 1, which nspawn names to its notification socket."""
    fields = dict(line.split("=", 1) for line in notifications.recv(4096).decode().splitlines())
    return ProcessId.of(int(fields.get("X_NSPAWN_LEADER_PID", 0)))
