#!/usr/bin/python3
"""The disks that this node shares with others: tells what it sees, and makes a file system where nothing is.

    shared_disk.py facts            a JSON object: each disk by its volume's name, see ``facts_of``
    shared_disk.py format NAME      makes its file system, if the disk is blank from end to end

Shipped as /usr/lib/fournines/shared_disk.py; standard library only.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

sys.path.append("/usr/lib/fournines/python")   # see shipped_library.py
from fournines.layers.node.disk_content import Disk, Refused, file_system, holds, in_use, make_file_system

SETTINGS = Path("/etc/fournines/san.json")
MOUNTS = Path("/proc/self/mountinfo")
XFS_UUID = slice(32, 48)   # xfs_format.h, struct xfs_dsb


def facts_of(disk: str, mounts: str) -> dict[str, object]:
    """``holds``, ``filesystem`` with its ``uuid``, and whether it is ``mounted`` here. Read past the page
    cache, which may be older than what another node has written."""
    facts: dict[str, object] = {"holds": "", "filesystem": "", "uuid": "", "mounted": False}
    try:
        facts["mounted"] = is_mounted(os.stat(disk).st_rdev, mounts)
        if file_system(disk) == "xfs":
            with Disk(disk) as opened:
                found = uuid.UUID(bytes=opened.block(0)[XFS_UUID])
            facts |= {"holds": "data: xfs", "filesystem": "xfs", "uuid": str(found)}
        else:
            facts["holds"] = holds(disk)
    except (OSError, Refused) as error:
        facts["holds"] = f"unknown: {error}"
    return facts


def is_mounted(device: int, mounts: str) -> bool:
    """Whether a file system on the device is mounted: the third word of a line of mountinfo is its number."""
    number = f"{os.major(device)}:{os.minor(device)}"
    return any(line.split(maxsplit=3)[2:3] == [number] for line in mounts.splitlines())


def make(disk: str, kind: str) -> None:
    """A file system, on a disk that is proven to be blank at this moment."""
    user = in_use(disk)
    if user:
        raise Refused(f"{disk} is in use: {user}")
    make_file_system(disk, kind)


def main(arguments: Sequence[str]) -> None:
    """One of the verbs above."""
    volumes = json.loads(SETTINGS.read_text(encoding="utf-8"))
    match arguments:
        case ["facts"]:
            mounts = MOUNTS.read_text(encoding="utf-8")
            print(json.dumps({name: facts_of(each["disk"], mounts) for name, each in volumes.items()}))
        case ["format", name] if name in volumes:
            try:
                make(volumes[name]["disk"], volumes[name]["filesystem"])
            except Refused as refusal:
                raise SystemExit(str(refusal)) from None
        case _:
            raise SystemExit(f"say facts, or format and one of {', '.join(volumes)}")


if __name__ == "__main__":
    main(sys.argv[1:])
