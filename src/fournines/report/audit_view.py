"""An audit on the screen: by severity and effect, worst first; what several files share is said once."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from fournines.audit.judge import Audit, Verdict
from fournines.audit.rule import RULES, Effect, Rule
from fournines.findings import Severity
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, count, line

_STYLES = {Severity.ERROR: BAD, Severity.WARNING: DOUBTFUL, Severity.INFO: QUIET}
_PLACES = 3


def show_audit(console: Console, audit: Audit) -> None:
    """Each finding as ``file:line: what: what to do``, the accepted ones at the end with their reasons."""
    heading: tuple[Severity, Effect] | None = None
    for verdicts in _alike(audit.open):
        first = verdicts[0]
        if heading != (heading := (first.severity, first.rule.effect)):
            console.print(line((f"{first.severity}: ", _STYLES[first.severity]), (first.rule.effect, STRONG)))
        console.print(line((f"  {first.rule.id} ", QUIET), f"{first.place}: {first.what}: ",
                           (first.fix, GOOD)))
        _show_places(console, verdicts[1:])
    accepted = [verdict for verdict in audit.verdicts if verdict.accepted]
    if accepted:
        console.print(line(("accepted", STRONG), " by a comment in the file"))
        for verdict in accepted:
            console.print(line((f"  {verdict.rule.id} {verdict.place}: {verdict.what}: because "
                                f"{verdict.accepted}", QUIET)))
    console.print(_summary(audit, len(accepted)))


def show_rule(console: Console, rule: Rule) -> None:
    """All that is known about a rule."""
    console.print(line((rule.id, STRONG), " ", (rule.severity, _STYLES[rule.severity]), f" {rule.title}"))
    rows = [("means", f"{rule.effect}. {rule.consequence}"), ("do", rule.fix), ("source", rule.source),
            ("versions", rule.versions), ("errata", ", ".join(rule.errata))]
    for name, text in rows:
        if text:
            console.print(line((f"{name:>9}  ", QUIET), text))


def _alike(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """Those of one rule that say the same of several places, together where the first one stands."""
    groups: dict[tuple[str, Severity, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.rule.id, verdict.severity, verdict.what, verdict.fix), []).append(verdict)
    return list(groups.values())


def _show_places(console: Console, verdicts: list[Verdict]) -> None:
    """The first few; but all that could not be judged, for nobody else tells of them."""
    most = len(verdicts) if verdicts and verdicts[0].rule.effect is Effect.UNKNOWN else _PLACES
    for verdict in verdicts[:most]:
        console.print(line((f"         also {verdict.place}", QUIET)))
    if len(verdicts) > most:
        console.print(line((f"         and at {count(len(verdicts) - most, 'more place')}", QUIET)))


def _summary(audit: Audit, accepted: int) -> str:
    counts = [(sum(verdict.severity is severity for verdict in audit.open), severity)
              for severity in Severity]
    found = ", ".join(count(number, severity) for number, severity in counts if number) or "nothing found"
    more = f", {accepted} accepted" if accepted else ""
    return (f"{found}{more}: {count(audit.files, 'file')} of {count(audit.nodes, 'node')}, "
            f"{count(len(RULES), 'rule')}")
