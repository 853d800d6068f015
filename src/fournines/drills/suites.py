"""Suites: named sets of drills, as data; ours, and those that people write down in a file.

    suite: nightly
    drills:
      - kill-broker                                  # a name alone
      - {drill: kill-keystone, on: ctl2}             # on this controller
      - {drill: power-off-vip-holder, times: 5, seed: 7}
      - {drill: kill-broker, expect: [within 1m the cluster is whole]}
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from fournines.cluster.document import MOST_BYTES, Data, Document, Problem, read_document
from fournines.cluster.topology import Cluster
from fournines.drills.beforehand import why_not_of
from fournines.drills.catalog import DRILLS, FAMILIES
from fournines.drills.drill import BEYOND_A_LAB, Capability
from fournines.drills.expectation import FORMS, parse
from fournines.drills.series import Planned, times
from fournines.errors import DrillError, SuiteFileError
from fournines.findings import Finding, Place, Severity

MOST_TIMES = 1000
_EXAMPLE = "see `fournines drill suite --help`"
_KEYS = {"drill", "on", "times", "seed", "expect"}


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a suite. ``seed`` is None where that of the suite decides."""

    drill: str
    on: str = ""
    times: int = 1
    seed: int | None = None
    expect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """``summary`` is for people who choose one."""

    name: str
    items: tuple[Item, ...]
    summary: str = ""

    def planned(self, seed: int) -> tuple[Planned, ...]:
        """Every drill in its order; the ``seed`` goes on counting from line to line."""
        found: list[Planned] = []
        for item in self.items:
            first = seed + len(found) if item.seed is None else item.seed
            found += times(DRILLS[item.drill], item.times, first, item.on,
                           tuple(map(parse, item.expect)))
        return tuple(found)


    def where(self, cluster: Cluster) -> tuple[Suite, tuple[str, ...]]:
        """What of it breaks something that the cluster has; the names of the rest."""
        there = tuple(item for item in self.items if not why_not_of(DRILLS[item.drill], cluster))
        return replace(self, items=there), tuple(item.drill for item in self.items if item not in there)


def _of(name: str, summary: str, *drills: str) -> Suite:
    return Suite(name, tuple(map(Item, drills)), summary)


SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (
    _of("smoke", "one of each kind, in five minutes: whether drills work here at all",
        "kill-keystone", "hang-database-writer", "cut-management-of-vip-holder", "power-off-vip-holder"),
    _of("core", "every failure that a lab can make of what clients need, once", *(
        name for family, drills in FAMILIES.items() if family != "attendants"
        for name in (drill.name for drill in drills
                     if not drill.needs & BEYOND_A_LAB and not drill.is_orderly))),
    _of("maintenance", "what is stopped or restarted in good order, once", *(
        name for name, drill in DRILLS.items() if drill.is_orderly)),
    *(_of(family, f"every drill of this family once: {', '.join(drill.name for drill in drills[:3])} ...",
          *(drill.name for drill in drills)) for family, drills in FAMILIES.items()),
)}


def at_random(count: int, seed: int, can: Collection[Capability], cluster: Cluster) -> Suite:
    """So many drills in a row, drawn from all that can be done to the cluster, but for what a lab can only do
    by luck; the same for the same seed."""
    possible = [name for name, drill in DRILLS.items() if drill.needs <= set(can)
                and not drill.needs & BEYOND_A_LAB and not why_not_of(drill, cluster)]
    drawn = random.Random(seed).choices(possible, k=count) if possible else []  # noqa: S311 - no secret
    return Suite("random", tuple(map(Item, drawn)), f"{count} drills at random, seed {seed}")


def suite_of(word: str) -> Suite:
    """One of ours by its name, or the one in the file. Raises ``DrillError``, or ``SuiteFileError`` with
    everything that is wrong in the file."""
    if word in SUITES:
        return SUITES[word]
    path = Path(word)
    if path.suffix not in (".yaml", ".yml") and not path.is_file():
        raise DrillError(f"there is no suite {word}",
                         hint=f"there are: {', '.join(SUITES)}; or give a YAML file")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise DrillError(f"{path} cannot be read: {problem.strerror}", hint=_EXAMPLE) from None
    return read_suite(content, path)


def read_suite(content: bytes, path: Path) -> Suite:
    """The suite that a file describes. Raises ``SuiteFileError`` with every problem in it."""
    document = read_document(content)
    problems = list(document.problems)
    if document.data is None and problems:
        raise _refusal(path, document, problems)
    data = document.data
    if not isinstance(data, dict):
        raise _refusal(path, document, [Problem((), "this is no suite", f"write drills: [...]; {_EXAMPLE}")])
    problems += [Problem((key,), f'a suite has no setting "{key}"', "write suite or drills", at_key=True)
                 for key in data if key not in ("suite", "drills")]
    listed = data.get("drills")
    if not isinstance(listed, list) or not listed:
        problems.append(Problem(("drills",) if "drills" in data else (), "there is no list of drills",
                                "write drills: [kill-broker]"))
        listed = []
    found = [_item(value, number) for number, value in enumerate(listed)]
    problems += [problem for _, wrong in found for problem in wrong]
    if problems:
        raise _refusal(path, document, problems)
    return Suite(str(data.get("suite") or path.stem), tuple(item for item, _ in found))


def _item(value: Data, number: int) -> tuple[Item, list[Problem]]:
    at = ("drills", number)
    said: dict[str, Data] = {"drill": value} if isinstance(value, str) else \
        dict(value) if isinstance(value, dict) else {}
    wrong = [Problem((*at, key), f'a drill of a suite has no setting "{key}"',
                     f"write {', '.join(sorted(_KEYS))}", at_key=True) for key in said if key not in _KEYS]
    name = said.get("drill")
    if not isinstance(name, str) or name not in DRILLS:
        close = get_close_matches(str(name), DRILLS, 1)
        wrong.append(Problem((*at, "drill") if isinstance(value, dict) and "drill" in value else at,
                             f"there is no drill {name}" if name else "this names no drill",
                             f"write {close[0]}" if close else "see `fournines drill list`"))
    count, seed, on = said.get("times", 1), said.get("seed"), said.get("on", "")
    if not _is_whole(count, 1, MOST_TIMES):
        wrong.append(Problem((*at, "times"), f"times is {count}", f"write a number from 1 to {MOST_TIMES}"))
    if seed is not None and not _is_whole(seed, 0, 1 << 32):
        wrong.append(Problem((*at, "seed"), f"seed is {seed}", "write a whole number"))
    if not isinstance(on, str):
        wrong.append(Problem((*at, "on"), f"on is {on}", "write the name of a controller"))
    expect, misunderstood = _expectations(said.get("expect", []), (*at, "expect"))
    if wrong := [*wrong, *misunderstood]:
        return Item(""), wrong
    return Item(str(name), str(on), _whole(count), None if seed is None else _whole(seed), expect), []


def _expectations(value: Data, at: tuple[str | int, ...]) -> tuple[tuple[str, ...], list[Problem]]:
    sentences = [value] if isinstance(value, str) else value
    if not isinstance(sentences, list):
        return (), [Problem(at, "expect is no list of sentences", f"write one of: {'; '.join(FORMS)}")]
    wrong = []
    for sentence in sentences:
        try:
            parse(str(sentence))
        except DrillError as problem:
            wrong.append(Problem(at, problem.message, problem.hint))
    return tuple(map(str, sentences)), wrong


def _is_whole(value: Data, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _whole(value: Data) -> int:
    assert isinstance(value, int)
    return value


def _refusal(path: Path, document: Document, problems: list[Problem]) -> SuiteFileError:
    return SuiteFileError([Finding(Severity.ERROR, problem.what, problem.instead,
                                   where=Place(str(path), *document.position(problem)))
                           for problem in problems])
