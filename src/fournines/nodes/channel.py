"""Channel and Door: a byte pipe to a process on a node, and whatever can open one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

SAID_LIMIT = 4096   # bytes of stderr kept to explain an end


class Reader(Protocol):
    """What asyncio's and asyncssh's streams have in common, reading."""

    async def read(self, n: int = -1) -> bytes: ...

    async def readexactly(self, n: int) -> bytes: ...


class Writer(Protocol):
    """What asyncio's and asyncssh's streams have in common, writing."""

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...


class Channel(Protocol):
    """A process on a node: its stdout, its stdin, and its end."""

    @property
    def reader(self) -> Reader: ...

    @property
    def writer(self) -> Writer: ...

    async def ending(self) -> str:
        """How the process ended, for a message; waits a moment for the end and for its last words."""
        ...

    async def close(self) -> None:
        """Close its stdin, give it a moment to end by itself, then make it."""
        ...


class Door(Protocol):
    """Opens channels to one node. Raises ``Unreachable`` and nothing else."""

    @property
    def name(self) -> str: ...

    async def open(self, argv: Sequence[str]) -> Channel: ...

    async def close(self) -> None: ...


async def keep_last_words(reader: Reader, said: bytearray) -> None:
    """Read to the end, keeping the last ``SAID_LIMIT`` bytes in ``said``."""
    try:
        while piece := await reader.read(4096):
            said += piece
            del said[:-SAID_LIMIT]
    except (OSError, asyncio.IncompleteReadError):
        return   # the pipe broke: what was said before is all there is
