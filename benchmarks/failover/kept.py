"""Runs of drills as they are kept: a line of JSON each, so that the runs of many evenings make one table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """``example``: the cluster file. ``gaps_s``: for each client path the longest gap at most, None where no
    end was seen; ``refused``: its requests that were refused; ``unanswered``: those that got no answer in
    time, or one that says nothing; None of runs of before that was kept. ``truth``: whether the promise was
    kept, None where that is not known."""

    at: str
    example: str
    drill: str
    profile: str
    target: str
    truth: bool | None
    gaps_s: Mapping[str, float | None]
    refused: Mapping[str, int]
    lost: int
    folder: str
    unanswered: Mapping[str, int] | None = None

    @property
    def kept(self) -> bool:
        return self.truth is True

    @classmethod
    def of(cls, example: str, profile: str, at: datetime, result: Mapping[str, Any]) -> Run:
        """From what ``drill run --json`` prints."""
        rows = result["rows"]
        return cls(f"{at:%Y-%m-%dT%H:%MZ}", example, result["drill"], profile, result["target"],
                   {"true": True, "false": False}.get(result["verdict"]["truth"]),
                   {row["path"]: row["gap_upper_s"] for row in rows},
                   {row["path"]: row["failed"] for row in rows},
                   sum(row["lost"] or 0 for row in rows), result["folder"],
                   {row["path"]: row["unknown"] for row in rows})

    def gap_s(self, path: str) -> float:
        """Infinite where no end was seen."""
        gap_s = self.gaps_s[path]
        return math.inf if gap_s is None else gap_s

    def told(self) -> str:
        gaps = "  ".join(f"{path} {seconds(self.gap_s(path))}" for path in self.gaps_s)
        kept = {True: "kept", False: "broken", None: "unknown"}[self.truth]
        return f"{self.profile}, {self.drill}: {kept}: {gaps}   {self.folder}"


def seconds(value_s: float) -> str:
    return "no end" if math.isinf(value_s) else f"{value_s:.2f} s"


def keep(run: Run, file: Path) -> None:
    """Add it at the end."""
    with file.open("a", encoding="utf-8") as kept:
        kept.write(json.dumps(asdict(run)) + "\n")


def read(file: Path) -> Iterator[Run]:
    """All of a file."""
    for line in file.read_text(encoding="utf-8").splitlines():
        yield Run(**json.loads(line))
