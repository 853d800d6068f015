"""A rule: a function from a cloud to hits, and what is said about it. ``RULES`` is the catalogue.

The numbers of the rules are those of the catalogue they come from; one that goes is never given again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from fournines.audit.change import Change
from fournines.audit.cloud import Cloud
from fournines.findings import Place, Severity


class Effect(StrEnum):
    """What a rule's violation costs when it comes to it; from worst to least."""

    DATA = "data lost, or two masters"
    OUTAGE = "an outage"
    PERSON = "no recovery without a person"
    SECURITY = "open to others"
    SLOW = "slow or noisy recovery"
    BLIND = "not what it seems"
    UNKNOWN = "not judged"


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule found something: where, what, and where it differs from the rule's own, how bad and what to
    do. ``change``: the corrected text of that line, where the rule is certain of it."""

    where: Place
    what: str
    severity: Severity | None = None
    fix: str = ""
    change: Change | None = None


Hits: TypeAlias = Iterator[Hit]
Detect: TypeAlias = Callable[[Cloud], Hits]


@dataclass(frozen=True, slots=True)
class Rule:
    """``consequence``: what happens in which failure. ``errata``: of the 2014 guide. ``versions``: where only
    some are meant."""

    id: str
    severity: Severity
    effect: Effect
    title: str
    consequence: str
    fix: str
    source: str
    detect: Detect
    errata: tuple[str, ...] = ()
    versions: str = ""


RULES: dict[str, Rule] = {}


def rule(
    id: str, severity: Severity, effect: Effect, title: str, *, consequence: str, fix: str, source: str,
    errata: tuple[str, ...] = (), versions: str = "",
) -> Callable[[Detect], Detect]:
    """Register the function below it as a rule."""
    def register(detect: Detect) -> Detect:
        if id in RULES:
            raise ValueError(f"there are two rules {id}")
        RULES[id] = Rule(id, severity, effect, title, consequence, fix, source, detect, errata, versions)
        return detect

    return register
