"""Finding: the one currency for load errors, verification, audit and drill verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad; ordered from worst to least."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: 1-based line and column; without them 0, which means the whole file or line."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = (self.file, self.line, self.column) if self.column else (self.file, self.line)
        return ":".join(map(str, parts)) if self.line else self.file


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (``summary``), why it matters (``detail``) and what to do (``remedy``)."""

    severity: Severity
    summary: str
    remedy: str = ""
    detail: str = ""
    where: Place | str = ""

    def __str__(self) -> str:
        parts = [str(self.where), self.summary, self.remedy]
        return ": ".join(part for part in parts if part)

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {"severity": self.severity, "summary": self.summary, "remedy": self.remedy,
                "detail": self.detail, "where": str(self.where)}


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by severity, then by place."""
    def key(finding: Finding) -> tuple[int, str, int, int, str]:
        place = finding.where if isinstance(finding.where, Place) else Place(str(finding.where))
        return (finding.severity.rank, place.file, place.line, place.column, finding.summary)

    return tuple(sorted(findings, key=key))
