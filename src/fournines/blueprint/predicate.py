"""Predicates over a Snapshot, as data: they can be printed, saved and judged again.

Three-valued: True, False, or None when it cannot be known (no answer, unreachable). A judgement always says
why. Per-node predicates (``Fact``) are judged for one node; the quantifiers look at several nodes and
ignore it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fournines.blueprint.snapshot import Absent, Gone, Snapshot


@dataclass(frozen=True, slots=True)
class Judgement:
    """``truth`` and the sentence that explains it; ``consulted`` are the facts looked at, for staleness:
    (node, "probe.field", what was there)."""

    truth: bool | None
    because: str
    consulted: tuple[tuple[str, str, str], ...] = ()


class Predicate(Protocol):
    """Anything that can be judged against a snapshot, for a node."""

    def judge(self, snapshot: Snapshot, node: str) -> Judgement: ...


class Test(StrEnum):
    """How a fact is compared."""

    EQ = "is"
    NE = "is not"
    GE = "is at least"
    LE = "is at most"
    IN = "is one of"
    HAS = "contains"


@dataclass(frozen=True, slots=True)
class Fact:
    """``Fact("database.wsrep", "state", Test.EQ, "Synced")``. ``field`` is an attribute of the probe's value,
    dotted for nested ones, a key where it is a mapping, or empty for the value itself."""

    probe: str
    field: str = ""
    test: Test = Test.EQ
    wanted: object = True

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        name = f"{self.probe}.{self.field}" if self.field else self.probe
        value = self.seen(snapshot, node)
        seen = ((node, name, str(value)),)
        if isinstance(value, Absent | Gone):
            return Judgement(None, f"{node}: {name}: {value}", seen)
        truth = self._compare(value)
        wanted = f"{self.test.value} {self.wanted}"
        relation = wanted if truth else f"is {value}, not: {wanted}"
        return Judgement(truth, f"{node}: {name} {relation}", seen)

    def seen(self, snapshot: Snapshot, node: str) -> object:
        """What is there: the fact's value, ``Absent`` or ``Gone``."""
        value = snapshot.value(node, self.probe)
        for part in self.field.split(".") if self.field else ():
            if isinstance(value, Absent | Gone):
                break
            value = (value.get(part, Absent("no such entry")) if isinstance(value, dict)
                     else getattr(value, part))
        return value

    def _compare(self, value: object) -> bool:
        match self.test:
            case Test.EQ:
                return value == self.wanted
            case Test.NE:
                return value != self.wanted
            case Test.GE | Test.LE:
                if not isinstance(value, int | float) or not isinstance(self.wanted, int | float):
                    raise TypeError(f"{self.probe}.{self.field}: {value!r} cannot be ordered")
                return value >= self.wanted if self.test is Test.GE else value <= self.wanted
            case Test.IN:
                return value in self.wanted  # type: ignore[operator]
            case Test.HAS:
                return self.wanted in value  # type: ignore[operator]

    def __str__(self) -> str:
        name = f"{self.probe}.{self.field}" if self.field else self.probe
        return f"{name} {self.test.value} {self.wanted}"


def _join(judgements: Sequence[Judgement], truth: bool | None) -> Judgement:
    """The reason shown is that of the judgements which decided."""
    deciding = [item for item in judgements if item.truth is truth] or list(judgements)
    consulted = tuple(fact for item in judgements for fact in item.consulted)
    return Judgement(truth, "; ".join(dict.fromkeys(item.because for item in deciding)), consulted)


def _all(judgements: Sequence[Judgement]) -> Judgement:
    truths = [item.truth for item in judgements]
    return _join(judgements, False if False in truths else None if None in truths else True)


def _any(judgements: Sequence[Judgement]) -> Judgement:
    truths = [item.truth for item in judgements]
    return _join(judgements, True if True in truths else None if None in truths else False)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds, for the same node."""

    parts: tuple[Predicate, ...]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        return _all([part.judge(snapshot, node) for part in self.parts])

    def __str__(self) -> str:
        return " and ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds, for the same node."""

    parts: tuple[Predicate, ...]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        return _any([part.judge(snapshot, node) for part in self.parts])

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Surely:
    """The part is known to hold; what is unknown does not."""

    part: Predicate

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        inner = self.part.judge(snapshot, node)
        return Judgement(inner.truth is True, inner.because, inner.consulted)

    def __str__(self) -> str:
        return f"surely {self.part}"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; unknown stays unknown."""

    part: Predicate

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        inner = self.part.judge(snapshot, node)
        return Judgement(None if inner.truth is None else not inner.truth, inner.because, inner.consulted)

    def __str__(self) -> str:
        return f"not ({self.part})"


@dataclass(frozen=True, slots=True)
class Answers:
    """The probe has a value on this node. False (not unknown) when absent; unknown when the node is gone."""

    probe: str

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        value = snapshot.value(node, self.probe)
        truth = None if isinstance(value, Gone) else not isinstance(value, Absent)
        because = f"{node}: {self.probe} answers" if truth else f"{node}: {self.probe}: {value}"
        return Judgement(truth, because, ((node, self.probe, "answers" if truth else str(value)),))

    def __str__(self) -> str:
        return f"{self.probe} answers"


@dataclass(frozen=True, slots=True)
class OnEvery:
    """Holds on each of ``nodes``."""

    nodes: tuple[str, ...]
    part: Predicate

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        return _all([self.part.judge(snapshot, each) for each in self.nodes])

    def __str__(self) -> str:
        return f"on every one of {', '.join(self.nodes)}: {self.part}"


@dataclass(frozen=True, slots=True)
class OnAny:
    """Holds on at least one of ``nodes``."""

    nodes: tuple[str, ...]
    part: Predicate

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        return _any([self.part.judge(snapshot, each) for each in self.nodes])

    def __str__(self) -> str:
        return f"on any of {', '.join(self.nodes)}: {self.part}"


@dataclass(frozen=True, slots=True)
class OnOthers:
    """Holds on each of ``nodes`` but the one judged: guards a rolling restart ("never two of three")."""

    nodes: tuple[str, ...]
    part: Predicate

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        return _all([self.part.judge(snapshot, each) for each in self.nodes if each != node])

    def __str__(self) -> str:
        return f"on every other of {', '.join(self.nodes)}: {self.part}"


@dataclass(frozen=True, slots=True)
class OnExactly:
    """Holds on exactly ``count`` of ``nodes``; unknown while an unknown node could change the answer."""

    count: int
    nodes: tuple[str, ...]
    part: Predicate

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        judged = [self.part.judge(snapshot, each) for each in self.nodes]
        certain = sum(item.truth is True for item in judged)
        possible = certain + sum(item.truth is None for item in judged)
        truth = None if certain != possible and certain <= self.count <= possible else certain == self.count
        more = "" if certain == possible else " (or more)"
        because = f"{self.part}: on {certain} of {len(self.nodes)}{more}"
        return Judgement(truth, because, tuple(fact for item in judged for fact in item.consulted))

    def __str__(self) -> str:
        return f"on exactly {self.count} of {', '.join(self.nodes)}: {self.part}"


@dataclass(frozen=True, slots=True)
class Agree:
    """The fact is the same on each of ``nodes``, whatever it is; unknown while one does not tell and the
    others agree. ``probe`` and ``field`` as in ``Fact``."""

    nodes: tuple[str, ...]
    probe: str
    field: str

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        fact = Fact(self.probe, self.field)
        found = {each: fact.seen(snapshot, each) for each in self.nodes}
        known = {each: value for each, value in found.items() if not isinstance(value, Absent | Gone)}
        consulted = tuple((each, f"{self.probe}.{self.field}", str(value)) for each, value in found.items())
        if len(set(map(str, known.values()))) > 1:
            told = ", ".join(f"{each} {value}" for each, value in known.items())
            return Judgement(False, f"{self.probe}.{self.field} differs: {told}", consulted)
        if len(known) < len(found):
            silent = (f"{each}: {self.probe}: {value}" for each, value in found.items() if each not in known)
            return Judgement(None, "; ".join(silent), consulted)
        return Judgement(True, f"{self.probe}.{self.field} is the same on {', '.join(self.nodes)}", consulted)

    def __str__(self) -> str:
        return f"{self.probe}.{self.field} is the same on every one of {', '.join(self.nodes)}"


def holders(predicate: Predicate, snapshot: Snapshot, nodes: Iterable[str]) -> tuple[str, ...]:
    """The nodes on which the predicate holds."""
    return tuple(node for node in nodes if predicate.judge(snapshot, node).truth is True)
