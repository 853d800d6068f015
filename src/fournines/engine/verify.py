"""Verify: judge every invariant of the blueprint against a snapshot. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.predicate import Judgement
from fournines.blueprint.snapshot import Snapshot
from fournines.engine.compile import Blueprint
from fournines.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Checked:
    """An invariant and its judgement."""

    invariant: Invariant
    judgement: Judgement

    @property
    def finding(self) -> Finding | None:
        """What is wrong, or not known; None where the invariant holds."""
        if self.judgement.truth:
            return None
        state = "does not hold" if self.judgement.truth is False else "cannot be known"
        return Finding(self.invariant.severity, f"{state}: {self.invariant.name}",
                       remedy=self.invariant.remedy, detail=self.judgement.because)


def verify(blueprint: Blueprint, snapshot: Snapshot) -> tuple[Checked, ...]:
    """Every invariant, in the order of the layers. Invariants speak of the cluster, not of a node."""
    return tuple(Checked(item, item.holds.judge(snapshot, "")) for item in blueprint.invariants)


def missing(checked: Sequence[Checked]) -> tuple[str, ...]:
    """In a sentence each, the invariants that must hold and do not, or are not known to."""
    return tuple(f"{item.finding.summary}: {item.finding.detail}" for item in checked
                 if item.finding is not None and item.finding.severity is Severity.ERROR)


def first_missing(checked: Sequence[Checked]) -> Judgement:
    """True where every invariant that must hold does; else about the first that does not, or is not known to,
    and how many more there are."""
    wrong = missing(checked)
    if not wrong:
        return Judgement(True, "every invariant holds")
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return Judgement(False, f"{wrong[0]}{more}")


def exit_code(checked: Sequence[Checked]) -> int:
    """1 where an invariant that must hold does not, or is not known to; else 0."""
    return int(first_missing(checked).truth is not True)
