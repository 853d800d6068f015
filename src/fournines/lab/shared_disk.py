"""Disks that several containers of a lab share, as machines share those of a storage array: one file, seen by
each machine through a block device of its own, so that none sees what another has in its memory.

A machine's name for the file is a hard link of its own: that is how the kernel says whose a device is. See
losetup(8). It finds its devices in a directory of this computer's: one that was mounted alone, over a file,
would be unmounted by the resource agent Filesystem, which takes every mount that names its device for one of
its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from fournines.blueprint.hardware import Disk
from fournines.errors import LabError
from fournines.lab.pids import ProcessId
from fournines.lab.places import NodePlaces
from fournines.lab.process import run

SHUT_DOWN = 0x8004587D          # FS_IOC_SHUTDOWN of linux/fs.h, XFS's own before it was everybody's
WITHOUT_LOG = (2).to_bytes(4, "little")
GONE_TIMEOUT_S, POLL_S = 20.0, 0.05
DEVICES = Path("/dev")   # where a file system may hold devices, whatever else is mounted how


def prepare(nodes: Mapping[str, NodePlaces], disks: Mapping[str, Sequence[Disk]]) -> None:
    """The files: one for each path, a link for each node that has it."""
    made: dict[str, Path] = {}
    for node, places in nodes.items():
        for number, disk in enumerate(disks[node]):
            if disk.shared and disk.path in made:
                places.data(number).hardlink_to(made[disk.path])
            elif disk.shared:
                with places.data(number).open("wb") as file:
                    file.truncate(disk.size_mib << 20)
                made[disk.path] = places.data(number)


def attach(places: NodePlaces, disks: Sequence[Disk]) -> Mapping[str, Path]:
    """The directories on this computer with the block devices of a machine's shared disks, by their paths
    inside. One that is to be in /dev itself, where others are, comes alone."""
    found: dict[str, Path] = {}
    for number, disk in enumerate(disks):
        if disk.shared:
            inside = Path(disk.path)
            folder = _devices(places) / inside.parent.relative_to("/")
            folder.mkdir(parents=True, exist_ok=True)
            device = run(["losetup", "--find", "--show", str(places.data(number))]).output.strip()
            os.mknod(folder / inside.name, stat.S_IFBLK | 0o600, os.stat(device).st_rdev)
            alone = inside.parent == DEVICES
            found[str(inside if alone else inside.parent)] = folder / inside.name if alone else folder
    return found


def _devices(places: NodePlaces) -> Path:
    lab = places.directory.parents[1].name
    return DEVICES / f"fournines-{lab}-{places.directory.name}"


def detach(places: NodePlaces) -> None:
    """No device of a dead machine's is left. The kernel may still be busy to unmount what it had mounted."""
    end = time.monotonic() + GONE_TIMEOUT_S
    while devices := attached(places):
        for device in devices:
            run(["losetup", "--detach", device], accept=None)
        if time.monotonic() > end:
            raise LabError(f"{', '.join(devices)} of {places.directory.name} are still in use",
                           hint="see losetup and /proc/mounts")
        time.sleep(POLL_S)
    shutil.rmtree(_devices(places), ignore_errors=True)


def attached(places: NodePlaces) -> tuple[str, ...]:
    """The devices that are this machine's; nobody is asked where it has no disk."""
    if not places.data(0).exists():
        return ()
    listed = run(["losetup", "--list", "--json", "--output", "NAME,BACK-FILE"]).output
    found = json.loads(listed)["loopdevices"] if listed.strip() else []
    return tuple(each["name"] for each in found
                 if Path(each["back-file"] or "/").parent == places.directory)


def lose_what_is_not_written(places: NodePlaces, init: ProcessId) -> None:
    """The power of the machine goes: what its file systems on shared disks have only in memory is gone, and
    their logs are as they are on the disk. Else the kernel, which is not the machine's, would unmount them in
    good order when its last process has died."""
    numbers = {f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
               for status in (os.stat(device) for device in attached(places))}
    if not numbers:
        return
    with suppress(FileNotFoundError):   # it has died meanwhile, and its file systems with it
        for line in Path(f"/proc/{init.pid}/mountinfo").read_text().splitlines():
            words = line.split()
            if words[2] in numbers:
                _shut_down(Path(f"/proc/{init.pid}/root") / words[4].lstrip("/"))


def _shut_down(mount: Path) -> None:
    descriptor = os.open(mount, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(descriptor, SHUT_DOWN, WITHOUT_LOG)
    finally:
        os.close(descriptor)
