"""An audit as JUnit XML: a test case for each rule, which fails where it found something that is bad
enough."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from fournines.audit.judge import Audit, Verdict
from fournines.audit.rule import RULES, Rule
from fournines.findings import Severity


def audit_junit(audit: Audit, threshold: Severity) -> str:
    """The whole document. What is less bad than the threshold, or accepted, is told and fails nothing."""
    found: dict[str, list[Verdict]] = {}
    for verdict in audit.verdicts:
        found.setdefault(verdict.rule.id, []).append(verdict)
    failing = {name for name, verdicts in found.items() if any(_fails(each, threshold) for each in verdicts)}
    counts = {"tests": str(len(RULES)), "failures": str(len(failing)), "errors": "0", "skipped": "0"}
    suites = Xml.Element("testsuites", {"name": "fournines", **counts})
    suite = Xml.SubElement(suites, "testsuite", {"name": "fournines audit", **counts})
    for name, rule in sorted(RULES.items()):
        _case(suite, rule, found.get(name, []), threshold)
    Xml.indent(suites)
    text: bytes = Xml.tostring(suites, encoding="utf-8", xml_declaration=True)
    return f"{text.decode()}\n"


def _fails(verdict: Verdict, threshold: Severity) -> bool:
    return not verdict.accepted and verdict.severity.rank <= threshold.rank


def _case(suite: Xml.Element, rule: Rule, verdicts: list[Verdict], threshold: Severity) -> None:
    case = Xml.SubElement(suite, "testcase", classname=f"audit.{rule.id[:3]}", name=f"{rule.id} {rule.title}")
    bad = [verdict for verdict in verdicts if _fails(verdict, threshold)]
    others = [verdict for verdict in verdicts if verdict not in bad]
    if bad:
        message = f"{bad[0].what}: {bad[0].fix}"
        Xml.SubElement(case, "failure", message=_plain(message), type=rule.effect.value).text = _told(bad)
    if others:
        Xml.SubElement(case, "system-out").text = _told(others)


def _told(verdicts: list[Verdict]) -> str:
    return _plain("\n".join(f"{verdict.severity}: {verdict.place}: {verdict.what}: "
                            f"{f'accepted because {verdict.accepted}' if verdict.accepted else verdict.fix}"
                            for verdict in verdicts))


def _plain(text: str) -> str:
    """Without what XML cannot carry; files may hold anything."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)
