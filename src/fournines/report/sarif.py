"""An audit as SARIF 2.1.0, which code forges and editors show at the lines.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.14 to 3.35.
"""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote

from fournines import __version__
from fournines.audit.judge import Audit, Verdict
from fournines.audit.rule import RULES, Rule
from fournines.findings import Place, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif_of(audit: Audit) -> dict[str, object]:
    """The log: one run, all rules, a result for each finding; accepted ones are suppressed."""
    numbers = {name: number for number, name in enumerate(RULES)}
    driver = {"name": "fournines", "version": __version__, "rules": [_rule(rule) for rule in RULES.values()]}
    results = [_result(verdict, numbers[verdict.rule.id]) for verdict in audit.verdicts]
    return {"$schema": SCHEMA, "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}]}


def _rule(rule: Rule) -> dict[str, object]:
    return {"id": rule.id, "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.consequence},
            "help": {"text": f"{rule.fix}\nSource: {rule.source}"},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]}, "properties": {"tags": [rule.effect]}}


def _result(verdict: Verdict, rule_index: int) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": verdict.rule.id, "ruleIndex": rule_index, "level": _LEVELS[verdict.severity],
        "message": {"text": f"{verdict.what}: {verdict.fix}"},
        "locations": [{"physicalLocation": _location(verdict.place)}],
    }
    if verdict.accepted:
        kind = "external" if verdict.elsewhere else "inSource"
        result["suppressions"] = [{"kind": kind, "justification": verdict.accepted}]
    return result


def _location(place: Place) -> dict[str, object]:
    path = PurePath(place.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    location: dict[str, object] = {"artifactLocation": {"uri": uri}}
    if place.line:
        column = {"startColumn": place.column} if place.column else {}
        location["region"] = {"startLine": place.line, **column}
    return location
