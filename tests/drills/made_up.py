"""A place made up for the runner: nodes that are network namespaces, and a machine that can be broken.

What the layers do in a real cluster (the address moves) the made-up machine does itself, after a while.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from fournines.blueprint.requests import Reply, Request, Run, UnitFacts, UnitProcesses
from fournines.drills.catalog import DRILLS
from fournines.drills.drill import Drill
from fournines.drills.place import Place
from fournines.drills.runner import run
from fournines.nodes.door import CommandDoor
from fournines.nodes.fake import FakeNode

VIP = IPv4Address("192.0.2.100")
MOMENT_S = 0.05


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


@dataclass
class Namespace:
    """A node: a namespace whose loopback may hold the VIP. Nobody can enter while it is off."""

    name: str
    home: Path

    def __post_init__(self) -> None:
        self.netns = f"fn-{os.getpid()}-{self.name}"
        ip("netns", "add", self.netns)
        ip("-n", self.netns, "link", "set", "lo", "up")

    @property
    def off(self) -> Path:
        return self.home / f"{self.name}.off"

    def door(self) -> CommandDoor:
        enter = f'[ -e {self.off} ] && exit 1; exec nsenter --net=/run/netns/{self.netns} "$@"'
        return CommandDoor(self.name, ("sh", "-c", enter, "sh"))

    def take(self, address: IPv4Address = VIP) -> None:
        ip("-n", self.netns, "address", "add", f"{address}/32", "dev", "lo")

    def drop(self) -> None:
        subprocess.run(["ip", "-n", self.netns, "address", "del", f"{VIP}/32", "dev", "lo"],
                       capture_output=True, timeout=10, check=False)

    def end_processes(self) -> None:
        pids = subprocess.run(["ip", "netns", "pids", self.netns], capture_output=True, text=True, timeout=10,
                              check=True)
        for pid in pids.stdout.split():
            os.kill(int(pid), signal.SIGKILL)

    def remove(self) -> None:
        self.end_processes()
        ip("netns", "del", self.netns)


@dataclass
class MadeUpMachine:
    """Cuts the service when it loses power; another node takes the address over at once."""

    node: Namespace
    heir: Namespace
    service: Service
    done: list[str] = field(default_factory=list)
    pulled: set[str] = field(default_factory=set)
    works: bool = True      # false: the power switch, and the cables' plugs, do nothing
    splits: bool = False    # true: the heir takes the address although it is held

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def power(self) -> str:
        return "off" if self.node.off.exists() else "on"

    def power_off(self) -> None:
        self.done.append("power_off")
        if self.splits:
            self.heir.take()
        if not self.works:
            return
        self.service.refuse(0.8)
        self.node.off.touch()
        self.node.end_processes()
        self.node.drop()
        if not self.splits:
            self.heir.take()

    def power_on(self) -> None:
        self.done.append("power_on")
        self.node.off.unlink(missing_ok=True)

    def wait_up(self, timeout_s: float = 120.0) -> None:
        self.done.append("wait_up")

    def freeze(self) -> None:
        raise NotImplementedError

    def thaw(self) -> None:
        raise NotImplementedError

    def throttle(self, percent: int) -> None:
        raise NotImplementedError

    @property
    def throttled(self) -> int:
        raise NotImplementedError

    def cut(self, network: str) -> None:
        self.done.append(f"cut {network}")
        if self.works:
            self.service.refuse(0.8)
            self.pulled.add(network)

    def heal(self, network: str) -> None:
        self.done.append(f"heal {network}")
        self.pulled.discard(network)

    def has_link(self, network: str) -> bool:
        return network not in self.pulled

    def console(self, lines: int = 0) -> str:
        return "Kernel panic - not syncing: no power\n"


class Service:
    """What the clients reach: a listener that refuses for a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def listen(self) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.add(writer)
            await reader.read()
            self._writers.discard(writer)
            writer.close()

        self._server = await asyncio.start_server(answer, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self, seconds: float) -> None:
        await self.close()
        await asyncio.sleep(seconds)
        await self.listen()

    def refuse(self, seconds: float) -> None:
        """From another thread; comes back by itself."""
        self._refusing = asyncio.run_coroutine_threadsafe(self._refuse(seconds), self._loop)

    async def close(self) -> None:
        """Not while a connection is being accepted: asyncio would leave it open, with nobody to close it."""
        server, self._server = self._server, None
        if server is None:
            return
        for listening in server.sockets:
            self._loop.remove_reader(listening.fileno())
        await asyncio.sleep(0)   # what was accepted belongs to the server now
        server.close()

    async def end(self) -> None:
        """Of whom has not left, too."""
        await self.close()
        await asyncio.sleep(MOMENT_S)   # who came last has been taken note of
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)


async def interrupted(place: Place, runs: Path, at: str, drill: Drill) -> None:
    """Cancel the drill when it tells of ``at``."""
    told = asyncio.Event()

    def tell(message: str) -> None:
        if at in message:
            told.set()

    running = asyncio.create_task(run(drill, place, runs, tell))
    await asyncio.wait_for(told.wait(), 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


UNIT = "haproxy.service"


def short(name: str) -> Drill:
    return replace(DRILLS[name], layer="", baseline_s=3.0, observe_s=2.0, converge_s=30.0)


CUT, HANG = short("cut-management-of-vip-holder"), short("hang-haproxy-on-vip-holder")


NO_TRACES: Reply = {"rc": 0, "stdout": "", "stderr": ""}


def looks_for_traces(argv: Sequence[str]) -> bool:
    """Whether a command looks for what a drill has left behind."""
    return argv[0] in ("nft", "find", "journalctl", "df") or "list-units" in argv


@dataclass
class Unit:
    """Two processes behind a FakeNode that signals reach; the service refuses while they stand still."""

    service: Service
    state: str = "S"
    deaf: bool = False              # true: signals reach nobody
    late: int = 0                   # looks until a signal has come true
    said: list[str] = field(default_factory=list)
    timers: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Reply:
        if isinstance(request, UnitProcesses):
            states = (self.state, self.state)
            if self.state == "T" and self.late:
                self.late, states = self.late - 1, ("T", "S")
            return {pid: {"state": state, "started": 100}
                    for pid, state in zip(("10", "11"), states, strict=True)}
        if isinstance(request, UnitFacts):
            return {name: {"active": "active" if name == UNIT or name in self.timers else "inactive"}
                    for name in request.units}
        assert isinstance(request, Run)
        return self._run(request.argv)

    def _run(self, argv: tuple[str, ...]) -> Reply:
        if looks_for_traces(argv):
            return NO_TRACES
        if argv[0] == "systemd-run":
            self.said.append("arm")
            self.timers.add(argv[1].removeprefix("--unit=") + ".timer")
        elif argv[:2] == ("systemctl", "stop"):
            self.said.append("disarm")
            self.timers.discard(argv[2])
        else:
            self.said.append(argv[2])
            if not self.deaf:
                self.state = {"--signal=STOP": "T", "--signal=CONT": "S"}[argv[2]]
            if self.state == "T":
                self.service.refuse(0.8)
        return {"rc": 0, "stdout": "", "stderr": ""}


def unit_on(name: str, place: Place, service: Service) -> Unit:
    made = Unit(service)
    node = place.nodes[name]
    assert isinstance(node, FakeNode)
    node.script(lambda request: isinstance(request, Run | UnitFacts | UnitProcesses), made.answer)
    return made
