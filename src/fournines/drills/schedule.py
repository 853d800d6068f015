"""When things happen in a drill: the fixed grid of the probes, and the windows. Pure.

The grid is open: a probe is due at its time whether or not those before it have ended, and its latency counts
from that time. A closed loop would wait out the very stall that it should measure (coordinated omission).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """Probe ``n`` is due at ``start_s + n * period_s``."""

    start_s: float
    period_s: float

    def due_s(self, number: int) -> float:
        return self.start_s + number * self.period_s


def spread(start_s: float, periods_s: Sequence[float]) -> tuple[Grid, ...]:
    """One grid per path, so shifted against each other that they do not all ask in the same instant."""
    count = len(periods_s)
    return tuple(Grid(start_s + period_s * index / count, period_s)
                 for index, period_s in enumerate(periods_s))


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start_s`` up to and without ``end_s``."""

    start_s: float
    end_s: float

    def __contains__(self, moment_s: float) -> bool:
        return self.start_s <= moment_s < self.end_s


@dataclass(frozen=True, slots=True)
class Timeline:
    """When what happened; the clock is that of the operations. ``injected_s`` is just before the fault."""

    began_s: float
    injected_s: float
    healed_s: float
    ended_s: float

    @property
    def healing(self) -> Window:
        """The fault was taken away and the cluster became whole again."""
        return Window(self.healed_s, self.ended_s)


@dataclass(frozen=True, slots=True)
class Deed:
    """A fault as it was made: ``power off`` on ``target``, and what took it away again. ``injected_s`` is
    just before it, ``undone_s`` when taking it away began; the clock is that of the timeline."""

    what: str
    undo: str
    target: str
    injected_s: float
    undone_s: float
