"""Verdict: true, false or unknown, with its evidence. Never claims more than was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from fournines.drills.plain import Data, items


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to ``question``: True, False, or None where it cannot be known. ``because`` says why."""

    question: str
    truth: bool | None
    because: str
    evidence: tuple[str, ...] = ()

    def as_data(self) -> dict[str, object]:
        """Plain data for ``verdict.json``."""
        return {**asdict(self), "truth": word(self.truth)}


def word(truth: bool | None) -> str:
    """How a verdict is written."""
    return "unknown" if truth is None else "true" if truth else "false"


def truth_of(written: object) -> bool | None:
    """What ``word`` wrote. Raises ValueError for anything else: it must not pass for unknown."""
    for truth in (True, False, None):
        if written == word(truth):
            return truth
    raise ValueError(f"{written!r} is neither true, false nor unknown")


def from_data(data: Data) -> Verdict:
    """What ``as_data`` made. Raises KeyError, TypeError or ValueError where it is something else."""
    return Verdict(str(data["question"]), truth_of(data["truth"]), str(data["because"]),
                   tuple(map(str, items(data, "evidence"))))


def merge(question: str, verdicts: Iterable[Verdict]) -> Verdict:
    """Worst wins: false before unknown before true. No verdict at all is unknown."""
    given = list(verdicts)
    if not given:
        return Verdict(question, None, "nothing was examined")
    truths = [item.truth for item in given]
    truth = False if False in truths else None if None in truths else True
    deciding = [item for item in given if item.truth is truth]
    because = "; ".join(f"{item.question}: {item.because}" for item in deciding)
    if truth:
        because = f"all {len(given)} hold"
    return Verdict(question, truth, because)
