"""Samplers on all nodes at once, their clocks compared with ours, and what they saw as samples for the
checkers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources

from fournines.drills.checkers.owners import Sample, View
from fournines.drills.history import HistoryWriter
from fournines.drills.sampler import READY
from fournines.errors import Unreachable
from fournines.nodes.channel import Channel, Door
from fournines.nodes.pipe import send_program

PERIOD_S = 0.1
PING_S = 0.5
RETRY_S = 0.5
START_TIMEOUT_S = 20.0
LINE_LIMIT = 1 << 20
NOWHERE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Offset:
    """Our clock minus the node's lies in [lo_s, hi_s]."""

    lo_s: float = -math.inf
    hi_s: float = math.inf

    def tightened(self, sent_s: float, theirs_s: float, received_s: float) -> Offset:
        """With one more question and answer: the node read its clock between our two readings of ours. Where
        the bounds exclude each other the clocks drift apart, and the newer ones count."""
        lo_s, hi_s = sent_s - theirs_s, received_s - theirs_s
        both = Offset(max(self.lo_s, lo_s), min(self.hi_s, hi_s))
        return both if both.lo_s <= both.hi_s else Offset(lo_s, hi_s)

    def as_data(self) -> dict[str, float | None]:
        """Plain data; JSON has no infinity."""
        return {"lo_s": None if math.isinf(self.lo_s) else self.lo_s,
                "hi_s": None if math.isinf(self.hi_s) else self.hi_s}


@dataclass(slots=True)
class Session:
    """What one sampler said from its start to its end: its boot, its clock."""

    offset: Offset = Offset()
    seen: list[tuple[float, frozenset[str], bool]] = field(default_factory=list)
    asked: dict[int, float] = field(default_factory=dict)
    said: list[tuple[float, str]] = field(default_factory=list)

    def hear(self, line: Mapping[str, object], now_s: float) -> None:
        """Take in one line of the sampler, received at ``now_s``."""
        theirs_s = line["t"]
        if not isinstance(theirs_s, int | float):
            raise ValueError(f"{theirs_s!r} is not a time")
        number = line.get("pong")
        if isinstance(number, int):
            self.offset = self.offset.tightened(self.asked.pop(number), theirs_s, now_s)
            return
        if "view" in line:
            self.said.append((theirs_s, str(line["view"])))
            return
        held = line["held"]
        if not isinstance(held, list):
            raise ValueError(f"{held!r} is not a list of addresses")
        self.seen.append((theirs_s, frozenset(map(str, held)), line.get("quiet") is True))

    def samples(self, address: str) -> list[Sample]:
        """On our clock; none where the clocks could never be compared."""
        if math.isinf(self.offset.lo_s):
            return []
        return [Sample(theirs_s + self.offset.lo_s, theirs_s + self.offset.hi_s, address in held, quiet)
                for theirs_s, held, quiet in self.seen]


    def views(self) -> list[View]:
        """The components that it was in, on our clock."""
        if math.isinf(self.offset.lo_s):
            return []
        return [View(theirs_s + self.offset.lo_s, theirs_s + self.offset.hi_s, view)
                for theirs_s, view in self.said]


class Sampling:
    """``sessions`` by node; a node that was off and came back has several."""

    def __init__(self, record: HistoryWriter | None = None) -> None:
        self.sessions: dict[str, list[Session]] = {}
        self._record = record
        self._heard: dict[str, asyncio.Event] = {}

    def samples(self, address: str) -> dict[str, tuple[Sample, ...]]:
        """node -> everything it said about the address."""
        return {node: tuple(sample for session in sessions for sample in session.samples(address))
                for node, sessions in self.sessions.items()}

    def views(self) -> dict[str, tuple[View, ...]]:
        """node -> every primary component that it said it was in."""
        return {node: tuple(view for session in sessions for view in session.views())
                for node, sessions in self.sessions.items()}

    def clocks(self) -> dict[str, list[dict[str, float | None]]]:
        """node -> what its clock is to ours, one item for each of its sessions; plain data."""
        return {node: [session.offset.as_data() for session in sessions]
                for node, sessions in self.sessions.items()}

    def holders(self, address: str, since_s: float) -> tuple[str, ...]:
        """The nodes whose newest sample, not older than ``since_s``, says that they hold the address."""
        newest = {node: max(samples, key=lambda sample: sample.lo_s)
                  for node, samples in self.samples(address).items() if samples}
        return tuple(node for node, sample in newest.items() if sample.holds and sample.lo_s >= since_s)

    async def first_of_each(self, timeout_s: float) -> tuple[str, ...]:
        """Wait until every node has spoken; returns those that have not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*(event.wait() for event in self._heard.values()))
        return tuple(node for node, event in self._heard.items() if not event.is_set())

    async def follow(self, door: Door, addresses: Sequence[str], state_url: str = "") -> None:
        """Sample one node for ever: whenever its sampler ends, start another as soon as that is possible."""
        self.sessions[door.name] = []
        self._heard[door.name] = asyncio.Event()
        source = resources.files("fournines.drills").joinpath("sampler.py").read_bytes()
        while True:
            with contextlib.suppress(Unreachable, OSError, EOFError, ValueError, KeyError):
                channel = await send_program(door, source, READY, timeout_s=START_TIMEOUT_S)
                try:
                    await self._listen(door.name, channel, addresses, state_url)
                finally:
                    await channel.close()
            await asyncio.sleep(RETRY_S)

    async def _listen(self, node: str, channel: Channel, addresses: Sequence[str], state_url: str) -> None:
        settings = {"addresses": list(addresses), "period_s": PERIOD_S, "state_url": state_url}
        channel.writer.write(json.dumps(settings).encode() + b"\n")
        session, number = Session(), len(self.sessions[node])
        self.sessions[node].append(session)
        asking = asyncio.create_task(_ask_the_time(session, channel))
        pending = b""
        try:
            while piece := await channel.reader.read(65536):
                now_s = time.monotonic()
                *lines, pending = (pending + piece).split(b"\n")
                for line in lines:
                    said = json.loads(line)
                    session.hear(said, now_s)
                    if self._record is not None and "pong" not in said:
                        self._record.write({"node": node, "session": number, **said})
                if session.seen and not math.isinf(session.offset.lo_s):
                    self._heard[node].set()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


async def _ask_the_time(session: Session, channel: Channel) -> None:
    number = 0
    while True:
        session.asked[number] = time.monotonic()
        channel.writer.write(b"%d\n" % number)
        number += 1
        await asyncio.sleep(PING_S)


@asynccontextmanager
async def sampling(doors: Mapping[str, Door], addresses: Sequence[str],
                   record: HistoryWriter | None = None,
                   state_urls: Mapping[str, str] = NOWHERE) -> AsyncIterator[Sampling]:
    """Samples every node for as long as the context lasts. ``state_urls``: node -> where its database's
    health endpoint answers, for nodes that have one."""
    found = Sampling(record)
    following = [asyncio.create_task(found.follow(door, addresses, state_urls.get(name, "")),
                                     name=f"samples of {name}")
                 for name, door in doors.items()]
    await asyncio.sleep(0)   # so that every node is known before anybody waits for the first samples
    try:
        yield found
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
