"""CommandDoor: reaches a node by a command on this machine, such as ``nsenter`` into a lab machine."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import SubprocessTransport
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections.abc import Sequence

from fournines.errors import Unreachable
from fournines.nodes.channel import Reader, Writer, keep_last_words

CLOSE_GRACE_S = 2.0
ENDING_GRACE_S = 1.0
BUFFER_LIMIT = 1 << 16   # as asyncio's own


class CommandChannel:
    """A child process; see ``channel.Channel``."""

    def __init__(self, process: Process, transport: SubprocessTransport) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("the process must have been started with three pipes")
        self._process = process
        self._transport = transport
        self.reader: Reader = process.stdout
        self.writer: Writer = process.stdin
        self._stdin = process.stdin
        self._said = bytearray()
        self._listening = asyncio.create_task(keep_last_words(process.stderr, self._said))

    async def ending(self) -> str:
        """See ``channel.Channel``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING_GRACE_S):
                await self._process.wait()
                await asyncio.shield(self._listening)
        code = self._process.returncode
        said = self._said.decode("utf-8", "replace").strip()
        return ": ".join(part for part in ("" if code is None else f"exit status {code}", said) if part)

    async def close(self) -> None:
        """See ``channel.Channel``."""
        self._stdin.close()
        try:
            async with asyncio.timeout(CLOSE_GRACE_S):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            # What it started may live on, frozen with its machine, and hold the other ends of the pipes:
            # wait() also waits for those, unless they are closed here.
            self._transport.close()
            await self._process.wait()
        finally:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            with contextlib.suppress(OSError):
                await self._stdin.wait_closed()


class CommandDoor:
    """Opens channels by putting ``prefix`` before the command: ``("nsenter", "--target=4711", "--all")``."""

    def __init__(self, name: str, prefix: Sequence[str] = ()) -> None:
        self._name = name
        self._prefix = tuple(prefix)

    @property
    def name(self) -> str:
        return self._name

    async def open(self, argv: Sequence[str]) -> CommandChannel:
        """See ``channel.Door``. In its own session, so that Ctrl-C reaches this program only."""
        command = [*self._prefix, *argv]
        try:
            loop = asyncio.get_running_loop()
            transport, protocol = await loop.subprocess_exec(
                lambda: SubprocessStreamProtocol(limit=BUFFER_LIMIT, loop=loop), *command,
                stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True)
        except OSError as problem:
            raise Unreachable(self._name, f"{command[0]} cannot be started: {problem.strerror}",
                              hint=f"install {command[0]} on this machine") from None
        return CommandChannel(Process(transport, protocol, loop), transport)

    async def close(self) -> None:
        """Every channel is a process of its own: nothing is shared, nothing to end."""
