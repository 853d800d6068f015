"""memcached through the VIP: read what a key holds, then set it to a unique value, on one connection.

A cache may forget. What it may not is answer with a value that a later one has replaced, as a server does
that was away and comes back with what it knew.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from fournines.drills.operation import Outcome
from fournines.drills.outcomes import CacheError, of_cache
from fournines.drills.workloads.workload import CONNECT_TIMEOUT_S, REPLY_TIMEOUT_S, Answer

LINE_LIMIT = 4096


@dataclass(slots=True)
class MemcachedWorkload:
    """``key`` is the run's own; ``_asking`` because the protocol has no numbers: one at a time. See
    ``workload.Workload``."""

    host: str
    port: int
    key: str
    path: str
    period_s: float
    op: str = "exchange"
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None:
        """Nothing to prepare: a cache that is away keeps nobody from working."""

    async def attempt(self, value: str) -> Answer:
        """See ``workload.Workload``. The time in the queue counts, and sends nothing."""
        async with self._asking:
            sent_s: float | None = None
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    reader, writer = await self._connected()
                sent_s = time.monotonic()
                async with asyncio.timeout(REPLY_TIMEOUT_S):
                    return await self._exchange(reader, writer, value, sent_s)
            except (TimeoutError, OSError, EOFError, ValueError):
                await self.finish()
                error = CacheError.NOT_CONNECTED if sent_s is None else CacheError.NO_ANSWER
                return Answer(of_cache(error), sent_s, error.value)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port, limit=LINE_LIMIT)
        return self._streams

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, value: str,
                        sent_s: float) -> Answer:
        writer.write(f"get {self.key}\r\n".encode())
        before = ""
        line = await _line(reader)
        if line.startswith("VALUE "):
            before = await _line(reader)
            line = await _line(reader)
        if line != "END":
            raise ValueError(line)
        writer.write(f"set {self.key} 0 0 {len(value)}\r\n{value}\r\n".encode())
        if (line := await _line(reader)) != "STORED":
            return Answer(of_cache(CacheError.NOT_STORED), sent_s, CacheError.NOT_STORED.value)
        return Answer(Outcome.OK, sent_s, result=before)

    async def finish(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await writer.wait_closed()


async def _line(reader: asyncio.StreamReader) -> str:
    line = await reader.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError("the server ended the connection")
    return line[:-2].decode()
