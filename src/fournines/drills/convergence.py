"""Convergence: wait until the cluster is whole again, to its last member, and say when it was.

*Whole* is more than *served*: every invariant of ``verify`` holds, everybody who consumed from a queue does
so again, and no session is with a database that is not the writer. Until then the next failure would find
less than one expects.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass

from fournines.drills.deaf import Work, deaf
from fournines.drills.drill import Target
from fournines.drills.folder import RunFolder
from fournines.drills.place import Health, Place
from fournines.drills.plain import Data
from fournines.drills.schedule import Timeline
from fournines.drills.settings import ClientSettings

# Each look asks every node everything, which a cluster that boots feels: where that takes longer, so is this.
LOOK_AGAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Redundancy:
    """How long after the fault everything was there again: more than ``lower_s`` (when something was last
    seen missing; 0 where nothing ever was) and at most ``upper_s``, infinite where it never was.
    ``after_undo_s`` is the same upper bound from the undo. ``last`` is what was missing longest."""

    lower_s: float
    upper_s: float
    after_undo_s: float
    last: str = ""

    def as_data(self) -> dict[str, object]:
        """Plain data; JSON has no infinity."""
        return {name: None if isinstance(value, float) and math.isinf(value) else value
                for name, value in asdict(self).items()}


def redundancy_from_data(data: Data) -> Redundancy:
    """What ``as_data`` made. Raises KeyError or TypeError where it is something else."""
    def seconds(key: str) -> float:
        value = data[key]
        if value is None:
            return math.inf
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{key} is not a number")
        return value

    return Redundancy(seconds("lower_s"), seconds("upper_s"), seconds("after_undo_s"), str(data["last"]))


@dataclass(frozen=True, slots=True)
class Convergence:
    """``because`` is a sentence for the verdict. ``missing_s`` is when something was last seen to be missing,
    None where it never was; ``whole_s`` when nothing was, None where that did not come true in time.
    ``certain``: at the last look something was known to be missing, and not only not known to be there."""

    because: str
    missing_s: float | None
    whole_s: float | None
    last: str = ""
    certain: bool = False

    @property
    def truth(self) -> bool | None:
        """Whether the cluster became whole again."""
        return True if self.whole_s is not None else False if self.certain else None

    def redundancy(self, timeline: Timeline) -> Redundancy:
        """Counted from the fault."""
        lower_s = max(0.0, self.missing_s - timeline.injected_s) if self.missing_s is not None else 0.0
        if self.whole_s is None:
            return Redundancy(lower_s, math.inf, math.inf, self.last)
        return Redundancy(lower_s, self.whole_s - timeline.injected_s, self.whole_s - timeline.healed_s,
                          self.last)


async def converge(place: Place, settings: ClientSettings, before: Work, folder: RunFolder, healed_s: float,
                   within_s: float) -> Convergence:
    """Look again and again until nothing is missing, or ``within_s`` after ``healed_s``."""
    missing_s, last = None, ""
    while True:
        asked_s = time.monotonic()
        health = await place.health()
        folder.write_health("after.json", health)
        missing, certain = _first(health), health.certain
        if not missing:
            missing, certain = await _deaf(place, settings, before)
        seen_s = time.monotonic()
        if not missing:
            ending = f"; last to come back: {last}" if last else ""
            return Convergence(f"whole again {seen_s - healed_s:.1f} s after the undo{ending}", missing_s,
                               seen_s, last)
        missing_s, last = asked_s, missing
        if seen_s - healed_s > within_s:
            return Convergence(f"not within {within_s:g} s: {missing}", missing_s, None, missing, certain)
        await asyncio.sleep(max(LOOK_AGAIN_S, seen_s - asked_s))


async def _deaf(place: Place, settings: ClientSettings, before: Work) -> tuple[str, bool]:
    """Who does no work any more; empty where all do. And whether anybody was there to say so."""
    writer: Collection[str] = ()
    if "database" in place.cluster.layers:
        writer = await place.find(Target.DATABASE_WRITER, settings)
    now = await place.work()
    return next(iter(deaf(before, now, writer)), ""), now.consumers is not None


def _first(health: Health) -> str:
    """Of what is wrong; empty where nothing is."""
    if not health.broken:
        return ""
    finding = health.broken[0]
    return f"{finding} ({finding.detail})" if finding.detail else str(finding)
