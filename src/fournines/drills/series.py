"""Series: several drills one after the other, and what came of each; ``series.json`` in the folder above
theirs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fournines.drills.drill import Drill
from fournines.drills.expectation import Expectation
from fournines.drills.folder import RunFolder
from fournines.drills.plain import Data, number, objects
from fournines.drills.result import Result
from fournines.drills.verdict import Verdict, merge, truth_of, word
from fournines.errors import DrillError

SERIES = "series.json"


@dataclass(frozen=True, slots=True)
class Planned:
    """A drill to be run. ``named`` is a node to hit instead of the drill's target, ``seed`` decides where the
    target is any of several; ``expect`` is what the run is held against besides."""

    drill: Drill
    named: str = ""
    seed: int = 0
    expect: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of the drill that was the ``number``-th, from 1. ``folder`` is the name of the run's, empty
    where it came to no verdict; ``truth`` is then unknown, and ``because`` says why."""

    number: int
    drill: str
    named: str
    seed: int
    target: str = ""
    truth: bool | None = None
    because: str = ""
    folder: str = ""

    def as_data(self) -> dict[str, object]:
        """Plain data for ``series.json``."""
        return {"number": self.number, "drill": self.drill, "named": self.named, "seed": self.seed,
                "target": self.target, "truth": word(self.truth), "because": self.because,
                "folder": self.folder}


@dataclass(frozen=True, slots=True)
class Series:
    """``asked`` is how many drills were to be run. ``stopped`` says why it ended before its end, and is empty
    where it did not; ``interrupted``: because somebody wanted it to."""

    title: str
    folder: Path
    asked: int
    attempts: tuple[Attempt, ...] = ()
    stopped: str = ""
    interrupted: bool = False

    def with_attempt(self, attempt: Attempt) -> Series:
        return replace(self, attempts=(*self.attempts, attempt))

    @property
    def verdict(self) -> Verdict:
        """Worst wins; a series that did not come to its end is not known to be good."""
        verdicts = [Verdict(f"run {item.number}, {item.drill}", item.truth, item.because)
                    for item in self.attempts]
        if self.stopped:
            verdicts.append(Verdict(f"{len(self.attempts)} of {self.asked} drills were run", None,
                                    self.stopped))
        return merge(self.title, verdicts)

    def write(self) -> None:
        """Durably: what was done stays known whatever becomes of us."""
        RunFolder(self.folder).write(SERIES, {
            "title": self.title, "asked": self.asked, "stopped": self.stopped,
            "interrupted": self.interrupted, "attempts": [item.as_data() for item in self.attempts]})


def attempted(number: int, planned: Planned, result: Result) -> Attempt:
    """One that came to a verdict."""
    return Attempt(number, planned.drill.name, planned.named, planned.seed, result.target,
                   result.verdict.truth, result.verdict.because, result.folder.name)


def without_result(number: int, planned: Planned, because: str) -> Attempt:
    """One that did not."""
    return Attempt(number, planned.drill.name, planned.named, planned.seed, because=because)


def is_series(path: Path) -> bool:
    """Whether the folder is that of a series, and not of one run."""
    return (path / SERIES).is_file()


def read_series(path: Path) -> Series:
    """What ``write`` wrote. Raises ``DrillError``."""
    try:
        data = json.loads((path / SERIES).read_bytes())
        return Series(str(data["title"]), path, int(number(data, "asked")),
                      tuple(map(_attempt, objects(data, "attempts"))), str(data["stopped"]),
                      data["interrupted"] is True)
    except OSError as problem:
        raise DrillError(f"{path / SERIES} cannot be read: {problem.strerror}",
                         hint="name the folder of a series") from None
    except (KeyError, ValueError, TypeError) as problem:
        raise DrillError(f"{path / SERIES} cannot be used: {problem}",
                         hint="name the folders of its runs") from None


def _attempt(data: Data) -> Attempt:
    return Attempt(int(number(data, "number")), str(data["drill"]), str(data["named"]),
                   int(number(data, "seed")), str(data["target"]), truth_of(data["truth"]),
                   str(data["because"]), str(data["folder"]))


def times(drill: Drill, count: int, seed: int, named: str = "",
          expect: Sequence[Expectation] = ()) -> tuple[Planned, ...]:
    """The same drill ``count`` times, with ``seed`` and those that follow it."""
    return tuple(Planned(drill, named, seed + offset, tuple(expect)) for offset in range(count))


def seeds(planned: Sequence[Planned]) -> str:
    """``17``, ``17 to 36``; those of the drills of which a seed decides anything, empty where there are
    none."""
    drawn = [item.seed for item in planned if item.drill.fault.target.is_drawn and not item.named]
    if not drawn:
        return ""
    return str(drawn[0]) if len(set(drawn)) == 1 else f"{min(drawn)} to {max(drawn)}"
