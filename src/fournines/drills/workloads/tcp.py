"""A TCP connection to the VIP, opened and closed: the way there, and nothing behind it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from dataclasses import dataclass

from fournines.drills.operation import Outcome
from fournines.drills.workloads.workload import CONNECT_TIMEOUT_S, Answer


@dataclass(slots=True)
class TcpWorkload:
    """See ``workload.Workload``."""

    host: str
    port: int
    path: str
    period_s: float
    op: str = "connect"

    async def start(self) -> None:
        """Nothing to prepare."""

    async def attempt(self, value: str) -> Answer:
        """See ``workload.Workload``."""
        sent_s = time.monotonic()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, writer = await asyncio.open_connection(self.host, self.port)
        except TimeoutError:
            return Answer(Outcome.FAIL, sent_s, "no answer in time")
        except OSError as problem:
            return Answer(Outcome.FAIL, sent_s, errno.errorcode.get(problem.errno or 0, "error"))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return Answer(Outcome.OK, sent_s)

    async def finish(self) -> None:
        """Nothing is kept."""
