"""Every rule over a cloud: the findings. Those that a comment or the cluster file accepts are told apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import fournines.audit.rules  # noqa: F401  registers the rules
from fournines.audit.change import Change
from fournines.audit.cloud import Cloud
from fournines.audit.rule import RULES, Effect, Rule
from fournines.findings import Finding, Place, Severity

_EFFECTS = {effect: number for number, effect in enumerate(Effect)}
_RANKS = {severity: severity.rank for severity in Severity}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says about one place; ``accepted`` is the reason why its owner takes it as it is, given
    in the file itself or, ``elsewhere``, in the cluster file."""

    rule: Rule
    severity: Severity
    place: Place
    what: str
    fix: str
    accepted: str = ""
    elsewhere: bool = False
    change: Change | None = None

    @property
    def finding(self) -> Finding:
        """The same in the currency of all parts."""
        return Finding(self.severity, self.what, self.fix, self.rule.consequence, self.place)

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {"rule": self.rule.id, **self.finding.as_data(), "file": self.place.file,
                "line": self.place.line, "column": self.place.column,
                "effect": self.rule.effect, "accepted": self.accepted}


@dataclass(frozen=True, slots=True)
class Audit:
    """``verdicts`` worst first; ``files`` and ``nodes`` are how many were read."""

    verdicts: tuple[Verdict, ...]
    files: int
    nodes: int

    @property
    def open(self) -> tuple[Verdict, ...]:
        """Those that nobody has accepted."""
        return tuple(verdict for verdict in self.verdicts if not verdict.accepted)

    def fails(self, threshold: Severity) -> bool:
        """Whether anything open is as bad as the threshold, or worse."""
        return any(verdict.severity.rank <= threshold.rank for verdict in self.open)


def judge(cloud: Cloud, rules: Iterable[Rule] | None = None) -> Audit:
    """What the rules (all of them, if none are given) say about the cloud."""
    accepted, everywhere = _accepted(cloud), {each.rule: each.reason for each in cloud.accepted}
    verdicts: dict[tuple[str, Severity, Place, str], Verdict] = {}   # each is said once
    for rule in RULES.values() if rules is None else rules:
        for hit in rule.detect(cloud):
            here = accepted.get((hit.where.file, hit.where.line, rule.id), "")
            reason = here or everywhere.get(rule.id, "")
            severity = hit.severity or rule.severity
            verdicts.setdefault((rule.id, severity, hit.where, hit.what), Verdict(
                rule, severity, hit.where, hit.what, hit.fix or rule.fix, reason, bool(reason and not here),
                hit.change))
    return Audit(tuple(sorted(verdicts.values(), key=_worst_first)), len(cloud.files), len(cloud.nodes))


def _accepted(cloud: Cloud) -> dict[tuple[str, int, str], str]:
    """(file, line, rule) -> reason; line 0, for findings about the whole file, is meant wherever the comment
    is."""
    return {(file.shown, line, rule): ignore.reason
            for file in cloud.files for ignore in file.ignores if ignore.reason
            for rule in ignore.rules for line in (0, ignore.line, ignore.about)}


def _worst_first(verdict: Verdict) -> tuple[int, int, str, int, str, str]:
    return (_RANKS[verdict.severity], _EFFECTS[verdict.rule.effect], verdict.place.file,
            verdict.place.line,
            verdict.rule.id, verdict.what)
