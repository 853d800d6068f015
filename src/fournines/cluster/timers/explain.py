"""The derivation as rows for people: ``render --explain``."""

from __future__ import annotations

from dataclasses import dataclass

from fournines.cluster.timers.timer import Timers, shown


@dataclass(frozen=True, slots=True)
class Row:
    """One timer: ``value`` with its unit, the rest as in ``Timer``."""

    name: str
    value: str
    formula: str
    source: str
    because: str
    overridden: bool


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One failure on one path: its bounds, and the waits that make the upper one."""

    name: str
    lower: str
    upper: str
    waits: str


def explain(timers: Timers) -> tuple[Row, ...]:
    """One row for each timer, in the order of derivation."""
    return tuple(Row(timer.name, timer.shown, timer.formula, timer.source, timer.because, timer.overridden)
                 for timer in timers.values())


def explain_chains(timers: Timers) -> tuple[ChainRow, ...]:
    """One row for each single failure on each path."""
    return tuple(
        ChainRow(chain.name, shown(round(chain.lower_s, 3)), shown(round(chain.upper_s, 3)),
                 " + ".join(f"{term.what} {shown(round(term.upper_s, 3))}" for term in chain.terms))
        for chain in timers.chains)
