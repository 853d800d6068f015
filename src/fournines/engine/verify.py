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


def exit_code(checked: Sequence[Checked]) -> int:
    """1 where an invariant that must hold does not, or is not known to; else 0."""
    findings = [item.finding for item in checked]
    return int(any(finding is not None and finding.severity is Severity.ERROR for finding in findings))
