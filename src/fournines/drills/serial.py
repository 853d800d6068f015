"""Run several drills one after the other: between two of them the cluster has to become whole again.

Ctrl-C ends the drill under way, which heals, and then the series: what was done until then is the result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from fournines.drills.beforehand import (
    Progress,
    heal_left_behind,
    refuse_what_cannot_be,
    silently,
    wait_whole,
)
from fournines.drills.folder import RunFolder
from fournines.drills.place import Machine, Place
from fournines.drills.result import Result
from fournines.drills.runner import run
from fournines.drills.series import Attempt, Planned, Series, attempted, without_result
from fournines.errors import FourninesError, GateTimeout, Refused

WHOLE_WITHIN_S = 300.0
UP_TIMEOUT_S = 120.0


async def run_series(title: str, planned: Sequence[Planned], place: Place, runs: Path,
                     progress: Progress = silently, *, name: str,
                     whole_within_s: float = WHOLE_WITHIN_S) -> Series:
    """Every drill in its own folder below that of the series, which is made below ``runs`` with ``name`` in
    its name. Never raises ``CancelledError``: being cancelled ends the series.

    Raises ``Refused`` where not one of the drills can be run here.
    """
    _refuse_if_none_can_be(planned, place)
    series = Series(title, RunFolder.create(runs, name).path, len(planned))
    series.write()
    task = asyncio.current_task()
    try:
        for number, item in enumerate(planned, 1):
            if number > 1:
                await become_whole(place, series.folder, progress, whole_within_s)
            progress(f"run {number} of {len(planned)}: {item.drill.name}")
            attempt = await _attempt(number, item, place, series.folder, progress)
            if task is not None and task.cancelling():   # it was told to stop, and healing failed then
                raise asyncio.CancelledError
            series = series.with_attempt(attempt)
            series.write()
    except asyncio.CancelledError:
        if task is not None:
            task.uncancel()
        series = _stopped(series, "interrupted; the drill under way was healed first, and does not count",
                          interrupted=True)
    except FourninesError as problem:   # what stopped us is told whatever it was
        series = _stopped(series, f"the cluster cannot be healed: {problem}")
    series.write()
    return series


def _refuse_if_none_can_be(planned: Sequence[Planned], place: Place) -> None:
    refusals = []
    for item in planned:
        try:
            refuse_what_cannot_be(item.drill, place, item.named)
        except Refused as refusal:
            refusals.append(refusal)
    if refusals and len(refusals) == len(planned):
        raise refusals[0]


async def _attempt(number: int, item: Planned, place: Place, folder: Path, progress: Progress) -> Attempt:
    try:
        result = await run(item.drill, place, folder, progress, named=item.named, seed=item.seed,
                           expect=item.expect)
    except FourninesError as problem:
        progress(f"run {number} came to no result: {problem}")
        return without_result(number, item, str(problem))
    progress(f"run {number}: {_told(result)}")
    return attempted(number, item, result)


def _told(result: Result) -> str:
    truth = {True: "kept", False: "broken", None: "unknown"}[result.verdict.truth]
    worst = max(result.rows, key=lambda row: max(row.gap_upper_s, row.return_upper_s), default=None)
    gap_s = max(worst.gap_upper_s, worst.return_upper_s) if worst else 0.0
    return f"{truth}; " + (f"longest gap {gap_s:.2f} s ({worst.path})" if worst and gap_s else "no gap seen")


def _stopped(series: Series, because: str, *, interrupted: bool = False) -> Series:
    return Series(series.title, series.folder, series.asked, series.attempts, because, interrupted)


async def become_whole(place: Place, runs: Path, progress: Progress, within_s: float) -> None:
    """Take away what a drill may have left: faults below ``runs``, machines that are off or frozen, cables
    that are out; then wait until nothing is wrong. Raises ``Refused`` where something stays wrong."""
    await heal_left_behind(place, runs, progress)
    await asyncio.gather(*(asyncio.to_thread(_start, machine, tuple(place.cluster.node(name).addresses))
                           for name, machine in place.machines.items()))
    try:
        await wait_whole(place, within_s, progress)
    except GateTimeout as timeout:
        raise Refused(f"not whole within {within_s:g} s: {timeout.last_seen}",
                      hint="see 'fournines verify'") from None


def _start(machine: Machine, networks: Sequence[str]) -> None:
    """Blocks. ``networks`` are those that it has a cable to: an arbitrator has not all."""
    if machine.power == "frozen":
        machine.thaw()
    for network in networks:
        if not machine.has_link(network):
            machine.heal(network)
    if machine.power in ("off", "starting"):
        machine.power_on()
        machine.wait_up(UP_TIMEOUT_S)
