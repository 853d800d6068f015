"""An audit as people read it, and as SARIF."""

from __future__ import annotations

import io
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from fournines.audit.cloud import Cloud, File, Unread
from fournines.audit.formats import read
from fournines.audit.judge import Audit, judge
from fournines.audit.rule import RULES
from fournines.report.audit_view import show_audit, show_rule
from fournines.report.sarif import sarif_of

CTL1, CTL2 = "ctl 1/etc/haproxy/haproxy.cfg", "ctl2/etc/haproxy/haproxy.cfg"
TEXT = ("global\n maxconn 10\ndefaults\n maxconn 20\nlisten web\n bind :80\n"
        " server a 10.0.0.1:80 check\n server b 10.0.0.2:80\n"
        " server c 10.0.0.3:80  # fournines: ignore HAP001 because it is being replaced\n")


def file(node: str) -> File:
    found = read(node, "/etc/haproxy/haproxy.cfg", f"{node}/etc/haproxy/haproxy.cfg", TEXT.encode())
    assert found is not None
    return found


@pytest.fixture
def audit() -> Audit:
    rules = [RULES[name] for name in ("AUD001", "HAP001", "HAP011")]
    return judge(Cloud((file("ctl 1"), file("ctl2")), (Unread("/etc/ssl", "Permission denied"),)), rules)


def shown(audit: Audit) -> str:
    screen = io.StringIO()
    show_audit(Console(file=screen, markup=False, highlight=False, soft_wrap=True), audit)
    return screen.getvalue()


def test_an_audit_is_told_worst_first_and_once_for_all_nodes(audit: Audit) -> None:
    assert shown(audit).splitlines() == [
        "error: an outage",
        f"  HAP011 {CTL1}:2: maxconn 10 for the whole process, and 20 for a single proxy (line 4): "
        + RULES["HAP011"].fix,
        f"         also {CTL2}:2",
        f"  HAP001 {CTL1}:8: server b of web has no health check: {RULES['HAP001'].fix}",
        f"         also {CTL2}:8",
        "warning: not judged",
        f"  AUD001 /etc/ssl: could not be read: Permission denied: {RULES['AUD001'].fix}",
        "accepted by a comment in the file",
        f"  HAP001 {CTL1}:9: server c of web has no health check: because it is being replaced",
        f"  HAP001 {CTL2}:9: server c of web has no health check: because it is being replaced",
        f"4 errors, 1 warning, 2 accepted: 2 files of 2 nodes, {len(RULES)} rules",
    ]


def test_nothing_found_is_said() -> None:
    assert shown(judge(Cloud((file("a"),)), [])).startswith("nothing found: 1 file of 1 node")


def test_a_rule_is_explained() -> None:
    screen = io.StringIO()
    show_rule(Console(file=screen, markup=False, highlight=False, width=200), RULES["RMQ003"])
    text = screen.getvalue()
    assert all(part in text for part in ("RMQ003 error", "data lost", "rabbit_quorum_queue = true", "E166",
                                         "removed in RabbitMQ 4.0"))


TEXT_OBJECT = {"type": "object", "required": ["text"],
               "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
SCHEMA = {   # what the schema of SARIF 2.1.0 demands of the parts that are used; no others may be there
    "type": "object", "required": ["version", "runs"], "additionalProperties": False,
    "properties": {"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": {
        "type": "array", "items": {
            "type": "object", "required": ["tool"], "additionalProperties": False,
            "properties": {
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                    "type": "object", "required": ["name"], "additionalProperties": False,
                    "properties": {"name": {"type": "string"}, "version": {"type": "string"}, "rules": {
                        "type": "array", "uniqueItems": True, "items": {
                            "type": "object", "required": ["id"], "additionalProperties": False,
                            "properties": {
                                "id": {"type": "string"}, "shortDescription": TEXT_OBJECT,
                                "fullDescription": TEXT_OBJECT, "help": TEXT_OBJECT,
                                "defaultConfiguration": {"type": "object", "properties": {"level": LEVEL}},
                                "properties": {"type": "object", "properties": {"tags": {
                                    "type": "array", "uniqueItems": True,
                                    "items": {"type": "string"}}}}}}}}}}},
                "results": {"type": "array", "items": {
                    "type": "object", "required": ["message"], "additionalProperties": False,
                    "properties": {
                        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": -1},
                        "level": LEVEL, "message": TEXT_OBJECT,
                        "suppressions": {"type": "array", "uniqueItems": True, "items": {
                            "type": "object", "required": ["kind"], "additionalProperties": False,
                            "properties": {"kind": {"enum": ["inSource", "external"]},
                                           "justification": {"type": "string"}}}},
                        "locations": {"type": "array", "items": {
                            "type": "object", "properties": {"physicalLocation": {
                                "type": "object", "required": ["artifactLocation"], "properties": {
                                    "artifactLocation": {"type": "object", "properties": {
                                        "uri": {"type": "string", "pattern": r"^[^ \\]+$"}}},
                                    "region": {"type": "object", "properties": {
                                        "startLine": {"type": "integer", "minimum": 1}}}}}}}}}}}}}}}}


def test_sarif_is_as_its_schema_demands(audit: Audit) -> None:
    jsonschema.validate(sarif_of(audit), SCHEMA)


def test_sarif_names_rule_place_and_reason(audit: Audit) -> None:
    run = sarif_of(audit)["runs"][0]  # type: ignore[index]
    results = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert len(results) == len(audit.verdicts)
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    locations = [result["locations"][0]["physicalLocation"] for result in results]
    assert {"artifactLocation": {"uri": CTL1.replace(" ", "%20")}, "region": {"startLine": 8}} in locations
    assert {"artifactLocation": {"uri": Path("/etc/ssl").as_uri()}} in locations
    reasons = [result["suppressions"] for result in results if "suppressions" in result]
    assert reasons == [[{"kind": "inSource", "justification": "it is being replaced"}]] * 2
