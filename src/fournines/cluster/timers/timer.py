"""Timer and Timers: one value in the cluster's timing, and all of them by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fournines.findings import Finding

if TYPE_CHECKING:
    from fournines.cluster.timers.chain import Chain

RECOVER_WITHIN = "recover_within"   # the promise itself, as formulas name it


class Unit(StrEnum):
    """What a timer's value counts."""

    SECONDS = "s"
    COUNT = ""


@dataclass(frozen=True, slots=True)
class Timer:
    """One derived value. ``formula`` has its numbers filled in, ``source`` says where option and formula are
    documented, ``because`` is the reason in one sentence. ``overridden``: the operator set it."""

    name: str
    value: float
    unit: Unit
    formula: str
    source: str
    because: str
    overridden: bool = False

    @property
    def seconds(self) -> float:
        """The duration in seconds; TypeError for a count."""
        if self.unit is not Unit.SECONDS:
            raise TypeError(f"{self.name} is a count, not a duration")
        return self.value

    @property
    def count(self) -> int:
        """The count; TypeError for a duration."""
        if self.unit is not Unit.COUNT:
            raise TypeError(f"{self.name} is a duration, not a count")
        return int(self.value)

    @property
    def shown(self) -> str:
        """The value as people read it: ``1.5 s``, ``300 ms``, ``3``."""
        return shown(self.value, self.unit)


def shown(value: float, unit: Unit = Unit.SECONDS) -> str:
    """``1.5 s``, ``300 ms``, ``3``."""
    if unit is Unit.COUNT:
        return str(int(value))
    return f"{value * 1000:.0f} ms" if 0 < value < 1 else f"{value:g} s"


class Timers(Mapping[str, Timer]):
    """Every timer by name, in the order of derivation; ``chains`` are the bounds that follow for each single
    failure, ``warnings`` what the operator's overrides do to the promise. Immutable."""

    __slots__ = ("_by_name", "chains", "target_s", "warnings")

    def __init__(self, target_s: float, timers: Iterable[Timer], chains: tuple[Chain, ...] = (),
                 warnings: tuple[Finding, ...] = ()) -> None:
        self.target_s = target_s
        self.chains = chains
        self.warnings = warnings
        self._by_name = {timer.name: timer for timer in timers}

    def __getitem__(self, name: str) -> Timer:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def seconds(self, name: str) -> float:
        """The duration of that name in seconds."""
        return self[name].seconds

    def ms(self, name: str) -> int:
        """The duration of that name in whole milliseconds."""
        return round(self[name].seconds * 1000)

    def count(self, name: str) -> int:
        """The count of that name."""
        return self[name].count
