"""Crowd: the process of the clients, seen from the runner: started, recorded, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fournines.drills.history import HistoryWriter
from fournines.drills.settings import ClientSettings
from fournines.errors import DrillError

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 90.0     # longer than the clients' own limits together
KILL_GRACE_S = 2.0


class Crowd:
    """What the clients say goes to ``record`` line by line, as they say it."""

    def __init__(self, process: Process, record: HistoryWriter, log: Path) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process must have been started with pipes")
        self._process, self._record, self._log = process, record, log
        self._stdin, self._stdout = process.stdin, process.stdout
        self._ready, self._finished = asyncio.Event(), asyncio.Event()
        self._waiting: dict[str, str] = {}
        self._listening = asyncio.create_task(self._listen(), name="what the clients say")

    async def _listen(self) -> None:
        while line := await self._stdout.readline():
            if not line.endswith(b"\n"):
                return   # torn: they were killed
            event = json.loads(line)
            match event["event"]:
                case "ready":
                    self._ready.set()
                case "finished":
                    self._finished.set()
                case "waiting":
                    self._waiting[event["path"]] = event["error"]
                case _:
                    self._record.write_line(line[:-1])

    async def ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Every path has been served once. Raises ``DrillError`` with what each path still says."""
        waiting = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({waiting, self._listening}, timeout=timeout_s,
                               return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not self._ready.is_set():
            said = "; ".join(f"{path}: {error}" for path, error in self._waiting.items())
            said = said or self._last_words()
            raise DrillError(f"the clients are not served: {said}",
                             hint="a drill needs a cluster that serves: see 'fournines verify'")

    async def stop(self) -> bool:
        """Let the last requests end and the queues be drained. False where that did not come to its end."""
        with contextlib.suppress(OSError):
            self._stdin.write(b"stop\n")
            await self._stdin.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._listening
        return self._finished.is_set()

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace").strip()[-500:] or "they ended without a word"

    async def close(self) -> None:
        """End the process, whatever it is doing."""
        self._stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KILL_GRACE_S):
                await self._process.wait()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)


@asynccontextmanager
async def crowd(prefix: Sequence[str], settings: ClientSettings, record: HistoryWriter,
                log: Path) -> AsyncIterator[Crowd]:
    """The clients, for as long as the context lasts. In a session of their own: Ctrl-C is for the runner."""
    command = [*prefix, sys.executable, "-m", "fournines.drills.clients"]
    with log.open("wb") as errors:
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=errors, start_new_session=True)
        except OSError as problem:
            raise DrillError(f"the clients cannot be started: {command[0]}: {problem.strerror}") from None
    clients = Crowd(process, record, log)
    try:
        if process.stdin is not None:
            process.stdin.write(settings.to_line())
        yield clients
    finally:
        await clients.close()
