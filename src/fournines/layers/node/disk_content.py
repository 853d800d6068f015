"""What is on a block device, found out without a write, and a file system where nothing is: for the node
scripts of the layers that make volumes.

Shipped, see ``shipped_library.py``; standard library only.
"""

from __future__ import annotations

import json
import mmap
import os
import stat
import subprocess
from collections.abc import Iterator

TOOL_TIMEOUT_S = 60.0
BLOCK = 4096
EDGE = 1 << 20          # read whole at both ends, where file systems, LVM, RAID and DRBD have their labels
SAMPLES = 256           # blocks in between


class Refused(Exception):
    """What was asked for would not be safe, or has no sense here."""


def tool(*argv: str, check: bool = True) -> str:
    """The output of a tool; Refused with its words where it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=TOOL_TIMEOUT_S, check=False)
    if check and done.returncode:
        raise Refused(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout if not done.returncode else ""


def offsets(size: int) -> Iterator[int]:
    """Of the blocks that are looked at: all at both ends, and some everywhere between."""
    blocks, edge = size // BLOCK, EDGE // BLOCK
    if blocks <= 2 * edge + SAMPLES:
        yield from (number * BLOCK for number in range(blocks))
        return
    yield from (number * BLOCK for number in range(edge))
    step = (blocks - 2 * edge) // SAMPLES
    yield from ((edge + number * step) * BLOCK for number in range(SAMPLES))
    yield from (number * BLOCK for number in range(blocks - edge, blocks))


class Disk:
    """A block device, read past the page cache: what DRBD writes below is not seen through it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT)
        self.size = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._buffer = mmap.mmap(-1, BLOCK)

    def __enter__(self) -> Disk:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)

    def block(self, offset: int) -> bytes:
        os.preadv(self._descriptor, [self._buffer], offset)
        return self._buffer[:]

    def first_data(self) -> int | None:
        """Where something other than zeros is; None where nothing was found."""
        blank = bytes(BLOCK)
        return next((offset for offset in offsets(self.size) if self.block(offset) != blank), None)


def signatures(path: str) -> list[str]:
    """What wipefs finds on it, such as ``ext4`` or ``LVM2_member``; it writes nothing with -n."""
    found = json.loads(tool("wipefs", "--no-act", "--json", path) or "{}").get("signatures", [])
    return [str(each.get("type")) for each in found]


def holds(path: str) -> str:
    """``blank``; ``DRBD metadata``; or what else is there."""
    if not stat.S_ISBLK(os.stat(path).st_mode):
        return f"{path} is no block device"
    found = signatures(path)
    if "drbd" in found:
        return "DRBD metadata"
    if found:
        return f"data: {', '.join(found)}"
    with Disk(path) as disk:
        where = disk.first_data()
    return "blank" if where is None else f"data: something at byte {where}"


def file_system(path: str) -> str:
    """``xfs``; empty where the first block is blank; else ``unknown``."""
    with Disk(path) as disk:
        block = disk.block(0)
    if block.startswith(b"XFSB"):
        return "xfs"
    return "unknown" if any(block) else ""


def in_use(path: str) -> str:
    """Who has it; empty for nobody: opened exclusively it is refused while mounted or part of another."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL))
    except OSError as error:
        return str(error)
    return ""


def make_file_system(path: str, kind: str, *options: str) -> None:
    """On a device that is proven to be blank at this moment."""
    found = holds(path)
    if found != "blank":
        raise Refused(f"{path} holds {found}: no file system was made")
    print(f"{path} is blank: making {kind}")
    tool(f"mkfs.{kind}", "-q", *options, path)   # it refuses by itself what it knows
