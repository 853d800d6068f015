"""Run a drill: watch, break, watch, heal, wait, read back, judge. Whatever happens in between, it heals."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from fournines.drills import history
from fournines.drills.crowd import Crowd, crowd
from fournines.drills.drill import Act, Drill, Effect, Target
from fournines.drills.folder import SPEC, TIMELINE, VERDICT, RunFolder, armed
from fournines.drills.history import HistoryWriter
from fournines.drills.judge import Evidence, judge
from fournines.drills.place import Health, Machine, Place
from fournines.drills.reading import drop, rows_everywhere
from fournines.drills.result import Result
from fournines.drills.sampling import START_TIMEOUT_S, Sampling, sampling
from fournines.drills.schedule import Timeline
from fournines.drills.verdict import merge
from fournines.errors import DrillError, Refused

UP_TIMEOUT_S = 120.0
LOOK_AGAIN_S = 3.0         # each look asks every node everything, which a cluster that boots feels
CONSOLE_LINES = 400
FRESH_S = 1.0               # how old a sample may be to say who holds the address now
Progress = Callable[[str], None]
Done = TypeVar("Done")


def silently(message: str) -> None:
    """The progress of those who do not listen."""


async def run(drill: Drill, place: Place, runs: Path, progress: Progress = silently) -> Result:
    """The result, also in the run's folder below ``runs``.

    Raises ``Refused`` where the drill would be unsafe or cannot be done here (nothing was touched then), and
    ``DrillError`` where it came to no result. Cancelling it (Ctrl-C) heals first; so does SIGTERM.
    """
    lacking = drill.fault.needs - place.can
    if lacking:
        raise Refused(f"{drill.name} needs {', '.join(sorted(lacking))}, which cannot be done here",
                      hint="run it in a lab: fournines lab up")
    folder = RunFolder.create(runs, drill.name)
    folder.write(SPEC, {"drill": asdict(drill), "cluster": place.cluster, "timers": place.timers})
    with _terminated_is_cancelled():
        return await _Run(drill, place, folder, progress).run()


@contextlib.contextmanager
def _terminated_is_cancelled() -> Iterator[None]:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    numbers = (signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        with contextlib.suppress(ValueError, NotImplementedError):   # not in the main thread
            loop.add_signal_handler(number, lambda: task.cancel() if task else None)
    try:
        yield
    finally:
        for number in numbers:
            with contextlib.suppress(ValueError, NotImplementedError):
                loop.remove_signal_handler(number)


async def to_its_end(work: Awaitable[Done]) -> Done:
    """Finish ``work`` although we are cancelled meanwhile, however often; then be cancelled."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True
        except Exception:   # the task's own, raised again below
            break
    if cancelled and not task.exception():
        raise asyncio.CancelledError
    return task.result()


def do(machine: Machine, act: Act) -> None:
    """Act on a machine; blocks."""
    verbs: dict[Act, Callable[[], None]] = {Act.POWER_OFF: machine.power_off, Act.POWER_ON: machine.power_on,
                                            Act.FREEZE: machine.freeze, Act.THAW: machine.thaw}
    verbs[act]()


class _Run:
    """One run: what its steps share."""

    def __init__(self, drill: Drill, place: Place, folder: RunFolder, progress: Progress) -> None:
        self._drill, self._place, self._folder, self._tell = drill, place, folder, progress
        self._address = str(place.cluster.service_vip.address)
        stamp = folder.name.split("-")[0].lower()
        self._settings = place.clients(f"run_{stamp}_{time.monotonic_ns():x}")

    async def run(self) -> Result:
        before = await self._place.health()
        self._folder.write_health("before.json", before)
        if before.broken:
            raise Refused(f"the cluster is not whole: {before.broken[0]}",
                          hint="repair it first ('fournines verify'); a drill would be a second failure")
        evidence = await self._experiment()
        verdicts, rows = judge(evidence, recover_within_s=self._place.cluster.recovery.recover_within_s,
                               slow_s=self._drill.slow_s)
        result = Result(self._drill.name, evidence.target, self._place.cluster.recovery.recover_within_s,
                        merge(self._drill.name, verdicts), tuple(verdicts), tuple(rows), self._folder.path)
        self._folder.write(VERDICT, result.as_data())
        return result

    async def _experiment(self) -> Evidence:
        with HistoryWriter(self._folder.history) as asked, HistoryWriter(self._folder.samples) as seen:
            async with sampling(self._place.doors, [self._address], seen) as samples:
                silent = await samples.first_of_each(START_TIMEOUT_S)
                if silent:
                    raise DrillError(f"no samples from {', '.join(silent)}",
                                     hint="a drill has to see every node before it breaks one")
                async with crowd(self._place.client_prefix, self._settings, asked,
                                 self._folder.clients_log) as clients:
                    return await self._break_and_heal(samples, clients)

    async def _break_and_heal(self, samples: Sampling, clients: Crowd) -> Evidence:
        self._tell("waiting until every client path is served")
        await clients.ready()
        began_s = time.monotonic()
        self._tell(f"watching for {self._drill.baseline_s:g} s with nothing broken")
        await asyncio.sleep(self._drill.baseline_s)
        machine = self._find_target(samples)
        injected_s = time.monotonic()
        try:
            effect_seen = await self._inject(machine)
            self._tell(f"watching for {self._drill.observe_s:g} s what clients notice")
            await asyncio.sleep(self._drill.observe_s)
            effect_seen = effect_seen and await self._effect_seen(machine)
        finally:
            healed_s = time.monotonic()
            await to_its_end(self._heal(machine))
        whole_again, convergence = await self._converge(healed_s)
        timeline = Timeline(began_s, injected_s, healed_s, time.monotonic())
        self._tell("letting the last requests end, and reading back what was written")
        finished = await clients.stop()
        rows = await self._read_back()
        self._folder.write_console(machine.name, await asyncio.to_thread(machine.console, CONSOLE_LINES))
        self._folder.write(TIMELINE, {**asdict(timeline), "clocks": samples.clocks()})
        return Evidence(
            history=history.read(self._folder.history), timeline=timeline, target=machine.name,
            address=self._address, samples=samples.samples(self._address), rows=rows, effect_seen=effect_seen,
            whole_again=whole_again, convergence=convergence, finished=finished)

    def _find_target(self, samples: Sampling) -> Machine:
        match self._drill.fault.target:
            case Target.VIP_HOLDER:
                holders = samples.holders(self._address, time.monotonic() - FRESH_S)
        if len(holders) != 1:
            raise DrillError(f"{self._address} is held by {' and '.join(holders) or 'nobody'}",
                             hint="exactly one node must hold it: see 'fournines status'")
        if holders[0] not in self._place.machines:
            raise Refused(f"{holders[0]} holds {self._address}, and nothing can be done to it from here")
        return self._place.machines[holders[0]]

    async def _inject(self, machine: Machine) -> bool:
        fault = self._drill.fault
        self._folder.arm(fault.undo, machine.name)
        self._tell(f"{fault.inject.value.replace('_', ' ')}: {machine.name}, which holds {self._address}")
        # To its end even when cancelled: healing must not overtake a fault that is still being made.
        await to_its_end(asyncio.to_thread(do, machine, fault.inject))
        return await self._effect_seen(machine)

    async def _effect_seen(self, machine: Machine) -> bool:
        wanted = {Effect.IS_OFF: "off", Effect.IS_FROZEN: "frozen"}[self._drill.fault.effect]
        return await asyncio.to_thread(lambda: machine.power) == wanted

    async def _heal(self, machine: Machine) -> None:
        undo = self._drill.fault.undo
        self._tell(f"{undo.value.replace('_', ' ')}: {machine.name}")
        await asyncio.to_thread(do, machine, undo)
        await asyncio.to_thread(machine.wait_up, UP_TIMEOUT_S)
        self._folder.disarm()

    async def _converge(self, healed_s: float) -> tuple[bool, str]:
        """Wait until nothing is wrong any more; how that went."""
        self._tell(f"waiting up to {self._drill.converge_s:g} s until the cluster is whole again")
        while True:
            health = await self._place.health()
            self._folder.write_health("after.json", health)
            taken_s = time.monotonic() - healed_s
            if not health.broken:
                return True, f"whole again {taken_s:.1f} s after the undo"
            if taken_s > self._drill.converge_s:
                return False, f"not within {self._drill.converge_s:g} s: {_first(health)}"
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _read_back(self) -> dict[str, list[str] | None]:
        if self._settings.sql is None:
            return {}
        members = {node.name: self._place.nodes[node.name] for node in self._place.cluster.controllers}
        rows = await rows_everywhere(members, self._settings.sql)
        await drop(next(iter(members.values())), self._settings.sql)
        return rows


def _first(health: Health) -> str:
    finding = health.broken[0]
    return f"{finding} ({finding.detail})" if finding.detail else str(finding)


async def heal_left_behind(place: Place, runs: Path, progress: Progress = silently) -> tuple[str, ...]:
    """Take away the faults that killed runners have left below ``runs``; the names of the machines healed."""
    healed = []
    for path, (undo, target) in armed(runs).items():
        machine = place.machines.get(target)
        if machine is None:
            raise Refused(f"{path.name} has left {target} broken, and nothing can be done to it from here")
        progress(f"{undo.value.replace('_', ' ')}: {target}, left behind by {path.name}")
        await asyncio.to_thread(do, machine, undo)
        RunFolder(path).disarm()
        healed.append(target)
    return tuple(healed)

