"""PipeNode: a node behind a byte pipe to ``python3``, through which the agent is sent and then spoken to.

Frames are described in ``agent``. Several ``ask`` may be under way at once; replies are told apart by
their number, so one that was cancelled leaves nothing behind that a later one could read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import struct
from collections.abc import Sequence

from fournines.blueprint.requests import NODE_PYTHON, Failed, JsonValue, Reply, Request
from fournines.errors import Unreachable
from fournines.nodes.agent import MAX_FRAME, READY
from fournines.nodes.channel import Channel, Door, Reader
from fournines.nodes.program import program

# The program comes through stdin and stdin stays open for it.
_BOOTSTRAP = ("import sys;s=sys.stdin.buffer;"
              "exec(compile(s.read(int(s.readline())),'<sent by fournines>','exec'))")
PYTHON = (*NODE_PYTHON, "-c", _BOOTSTRAP)
BANNER_LIMIT = 64 << 10   # what a login shell may print before the agent is there
START_TIMEOUT_S = 20.0


def pack(frame: JsonValue) -> bytes:
    """One frame as bytes; ValueError when it is too large for the other side."""
    data = json.dumps(frame, separators=(",", ":")).encode()
    if len(data) > MAX_FRAME:
        raise ValueError(f"a frame of {len(data)} bytes is too large")
    return struct.pack(">I", len(data)) + data


async def unpack(reader: Reader) -> JsonValue:
    """The next frame. EOFError at a clean end, IncompleteReadError in the middle, ValueError for garbage."""
    try:
        head = await reader.readexactly(4)
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        raise EOFError from None
    size = struct.unpack(">I", head)[0]
    if size > MAX_FRAME:
        raise ValueError(f"a frame of {size} bytes cannot be right")
    frame: JsonValue = json.loads(await reader.readexactly(size))
    return frame


async def send_program(door: Door, source: bytes, ready: bytes, *,
                       timeout_s: float = START_TIMEOUT_S) -> Channel:
    """Start ``source`` under the node's ``python3`` and skip whatever is printed before ``ready``.

    The program then has stdin and stdout to itself. Raises ``Unreachable``.
    """
    channel: Channel | None = None
    try:
        async with asyncio.timeout(timeout_s):
            channel = await door.open(PYTHON)
            with contextlib.suppress(OSError):   # it ended at once: what it printed says why
                channel.writer.write(b"%d\n" % len(source) + source)
                await channel.writer.drain()
            banner = await _skip_until(channel.reader, ready)
            if banner is None:
                return channel
            problem = _no_program(door.name, banner, await channel.ending())
    except TimeoutError:
        problem = Unreachable(door.name, f"python3 did not start there within {timeout_s:g} s",
                              hint="see whether logging in there by hand hangs too")
    except BaseException:
        await _shut(channel)
        raise
    await _shut(channel)
    raise problem


async def _shut(channel: Channel | None) -> None:
    if channel is not None:
        await channel.close()


async def _skip_until(reader: Reader, ready: bytes) -> bytes | None:
    """None once ``ready`` came by; else what came instead."""
    seen = bytearray()
    with contextlib.suppress(OSError):   # a broken pipe is an end too
        while len(seen) < BANNER_LIMIT:
            byte = await reader.read(1)   # no more: what follows ``ready`` belongs to whoever reads next
            if not byte:
                break
            seen += byte
            if seen.endswith(ready):
                return None
    return bytes(seen)


def _no_program(node: str, banner: bytes, ending: str) -> Unreachable:
    printed = banner.decode("utf-8", "replace").strip()[-300:]
    said = "; ".join(part for part in (ending, f"it printed: {printed}" if printed else "") if part)
    if "sudo:" in said:
        return Unreachable(node, f"sudo did not start python3: {said}", hint=(
            "let the login user run python3 with NOPASSWD in sudoers, or log in as root (reach: user:)"))
    if "not found" in said or "No such file" in said:
        return Unreachable(node, f"there is no python3: {said}",
                           hint="install python3 (3.9 or newer) on the node")
    return Unreachable(node, f"python3 did not start: {said}",
                       hint="the login shell on the node must run commands without asking anything")


class _Conversation:
    """One agent that is there: numbers for asks, and a task that hands out the replies."""

    def __init__(self, name: str, channel: Channel) -> None:
        self._name = name
        self._channel = channel
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[list[Reply]]] = {}
        self._lost = ""
        self._listening = asyncio.create_task(self._listen(), name=f"replies of {name}")

    @property
    def alive(self) -> bool:
        return not self._lost

    async def ask(self, requests: Sequence[Request], together: bool) -> list[Reply]:
        number = next(self._numbers)
        wired: list[JsonValue] = [request.to_wire() for request in requests]
        replies: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = replies
        try:
            self._write({"id": number, "together": together, "requests": wired})
            await self._channel.writer.drain()
            return await replies
        except OSError as broken:
            raise self._problem(await self._with_ending(str(broken))) from None
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                self._write({"cancel": number})
            raise
        finally:
            del self._waiting[number]
            replies.cancel()

    def _write(self, frame: JsonValue) -> None:
        """Whole frames only: ``write`` takes all of it before anything else can be written."""
        if self.alive:
            self._channel.writer.write(pack(frame))

    async def _listen(self) -> None:
        try:
            self._lost = await self._hand_out()
            self._lost = await self._with_ending(self._lost)
        finally:   # whatever becomes of this task, nobody is left waiting for it
            self._lost = self._lost or "another request got no reply, which ended the conversation"
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(self._problem(self._lost))

    async def _with_ending(self, reason: str) -> str:
        ending = await self._channel.ending()
        return f"{reason}: {ending}" if ending else reason

    async def _hand_out(self) -> str:
        """Give each reply to whoever waits for it, until there are no more; says why."""
        try:
            while True:
                number, replies = _replies(await unpack(self._channel.reader))
                waiting = self._waiting.get(number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(replies)
        except asyncio.IncompleteReadError:
            return "the connection broke in the middle of a reply"
        except EOFError:
            return "the connection ended"
        except (ValueError, KeyError, TypeError) as garbage:
            return f"what came back is not a reply: {garbage}"
        except OSError as broken:
            return str(broken) or type(broken).__name__

    def _problem(self, reason: str) -> Unreachable:
        return Unreachable(self._name, reason, hint="what was asked may or may not have happened; ask again")

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._channel.close()


def _replies(frame: JsonValue) -> tuple[int, list[Reply]]:
    if not isinstance(frame, dict):
        raise TypeError(f"{frame!r:.100}")
    number, replies = frame["id"], frame["replies"]
    if not isinstance(number, int) or not isinstance(replies, list):
        raise TypeError(f"{frame!r:.100}")
    return number, [_reply(item) for item in replies]


def _reply(item: JsonValue) -> Reply:
    if not isinstance(item, dict):
        raise TypeError(f"{item!r:.100}")
    return Failed(str(item["failed"])) if "failed" in item else item["ok"]


class PipeNode:
    """A node behind a door; see ``node.Node``. Connects at ``approach`` or the first ``ask``, and again after
    any loss."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._connecting = asyncio.Lock()
        self._approach: asyncio.Task[_Conversation] | None = None
        self._conversation: _Conversation | None = None

    @property
    def name(self) -> str:
        return self._door.name

    async def ask(self, requests: Sequence[Request], *, together: bool = False,
                  timeout_s: float = 60.0) -> list[Reply]:
        """See ``node.Node``."""
        if not requests:
            return []
        own = [float(getattr(request, "timeout_s", 0.0)) for request in requests]
        allowed_s = timeout_s + (max(own) if together else sum(own))
        try:
            async with asyncio.timeout(allowed_s):
                conversation = await self._connected()
                return await conversation.ask(requests, together)
        except TimeoutError:
            await self.close()   # the way there may be what hangs
            raise Unreachable(self.name, f"no reply within {allowed_s:g} s", hint=(
                "the node or its network hangs; what was asked may or may not have happened")) from None

    def approach(self) -> None:
        """See ``node.Node``."""
        self._approach = asyncio.create_task(self._connect(), name=f"way to {self.name}")

    async def _connected(self) -> _Conversation:
        async with self._connecting:
            if self._conversation is not None and not self._conversation.alive:
                await self._drop()
            if self._conversation is None:
                approach, self._approach = self._approach, None
                self._conversation = await (approach or self._connect())
            return self._conversation

    async def _connect(self) -> _Conversation:
        source = program("fournines.nodes.agent", "conversation")
        return _Conversation(self.name, await send_program(self._door, source, READY))

    async def _drop(self) -> None:
        if self._approach is not None:   # nobody waited for it
            self._approach.cancel()
            (unused,) = await asyncio.gather(self._approach, return_exceptions=True)
            self._approach = None
            if isinstance(unused, _Conversation):
                await unused.close()
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            await conversation.close()

    async def close(self) -> None:
        """See ``node.Node``."""
        await self._drop()
        await self._door.close()
