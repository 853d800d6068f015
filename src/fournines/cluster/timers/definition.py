"""How a timer gets its value: the four kinds of definition that the components' tables are made of.

A definition sees the promise, the number of controllers and the timers before it (``Given``), so that
what the operator overrides is followed by everything derived from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import floor
from typing import Protocol

from fournines.cluster.timers.timer import RECOVER_WITHIN, Unit, shown


@dataclass(frozen=True, slots=True)
class Given:
    """What a definition may look at: the promise in seconds, how many controllers, the values so far, whether
    Corosync has an arbitrator, and whether members can tell who is cut off from clients."""

    target_s: float
    controllers: int
    values: Mapping[str, float]
    arbitrated: bool = False
    knows_who_is_cut_off: bool = False

    def of(self, name: str) -> float:
        """The value of an earlier timer, or of the promise."""
        return self.target_s if name == RECOVER_WITHIN else self.values[name]


class Definition(Protocol):
    """What is known of a timer before its value: ``grain`` is the smallest step its component accepts, in its
    unit; ``least`` the smallest value the component accepts at all."""

    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> Unit: ...
    @property
    def grain(self) -> float: ...
    @property
    def least(self) -> float: ...
    @property
    def source(self) -> str: ...
    @property
    def because(self) -> str: ...

    def value(self, given: Given) -> tuple[float, str]:
        """The value, and the formula with its numbers filled in."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """``factor`` times the promise (or another duration), rounded down to ``grain``, never below ``at_least``
    (where false alarms begin, or what the component can do) nor above ``at_most`` (the vendor's default)."""

    name: str
    factor: float
    at_least: float
    at_most: float
    source: str
    because: str
    of: str = RECOVER_WITHIN
    grain: float = 0.01
    unit: Unit = Unit.SECONDS

    @property
    def least(self) -> float:
        return self.grain

    def value(self, given: Given) -> tuple[float, str]:
        base = given.of(self.of)
        exact = self.factor * base
        grained = to_grain(exact, self.grain)
        value = min(max(grained, self.at_least), self.at_most)
        formula = f"{self.factor:g} x {self.of} = {self.factor:g} x {shown(base)} = {shown(round(exact, 6))}"
        if self.grain == 1 and exact != grained:
            formula += ", in whole seconds"
        return value, formula + limited(value, grained)


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same for every promise."""

    name: str
    fixed: float
    source: str
    because: str
    unit: Unit = Unit.SECONDS
    grain: float = 1
    least: float = 1

    def value(self, given: Given) -> tuple[float, str]:
        return self.fixed, f"always {shown(self.fixed, self.unit)}"


@dataclass(frozen=True, slots=True)
class Steps:
    """A count that grows with the promise: ``steps`` are (from this promise on in seconds, count)."""

    name: str
    steps: tuple[tuple[float, int], ...]
    source: str
    because: str
    unit: Unit = Unit.COUNT
    grain: float = 1
    least: float = 1

    def value(self, given: Given) -> tuple[float, str]:
        count = [count for since_s, count in self.steps if given.target_s >= since_s][-1]
        rest = ", ".join(f"{count} from {shown(since_s)}" for since_s, count in self.steps[1:])
        return count, f"{self.steps[0][1]}; {rest} of {RECOVER_WITHIN} on"


@dataclass(frozen=True, slots=True)
class Calculated:
    """A value with a formula of its own."""

    name: str
    calculate: Callable[[Given], tuple[float, str]]
    source: str
    because: str
    unit: Unit = Unit.COUNT
    grain: float = 1
    least: float = 1

    def value(self, given: Given) -> tuple[float, str]:
        return self.calculate(given)


def limited(value: float, exact: float) -> str:
    """What a formula ends with where its result was below the least, or above the most, that is allowed."""
    return "" if value == exact else f", but at {'least' if value > exact else 'most'} {shown(value)}"


def to_grain(value: float, grain: float) -> float:
    """Rounded down to a multiple of ``grain``, without the noise of binary fractions."""
    return round(floor(value / grain + 1e-9) * grain, 6)
