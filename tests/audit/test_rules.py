"""Every rule fires at the line of its planted fault, and is silent where the fault is not."""

from __future__ import annotations

import re

import pytest

from fournines.audit.cloud import Cloud, Unread
from fournines.audit.judge import judge
from fournines.audit.rule import RULES, Effect, rule
from fournines.findings import Severity

from .faults import FAULTS
from .planting import Fault, cloud, fired, marked, unmarked

every_fault = pytest.mark.parametrize("fault", FAULTS, ids=[f"{number}-{fault.rule}" for number, fault in
                                                            enumerate(FAULTS)])
BESIDES = {"AUD001", "SEC003"}   # planted below: they need more than texts


@every_fault
def test_a_planted_fault_is_found_at_its_line(fault: Fault) -> None:
    assert marked(fault.broken)
    assert fired(fault.rule, unmarked(fault.broken)) == marked(fault.broken)


@every_fault
def test_where_the_fault_is_not_the_rule_is_silent(fault: Fault) -> None:
    assert fired(fault.rule, fault.right) == set()


def test_every_rule_has_a_planted_fault() -> None:
    assert {fault.rule for fault in FAULTS} | BESIDES == set(RULES)


def test_a_file_that_cannot_be_read_is_found() -> None:
    unread = Cloud(unread=(Unread("/etc/haproxy/haproxy.cfg", "Permission denied"),))
    (verdict,) = judge(unread).verdicts
    assert (verdict.rule.id, str(verdict.place)) == ("AUD001", "/etc/haproxy/haproxy.cfg")
    assert not judge(cloud({"haproxy": "global\n"}), [RULES["AUD001"]]).verdicts


def test_permissions_count_only_where_they_are_known() -> None:
    texts = {"nova": "[database]\nconnection = mysql://nova:8e1d@10.0.0.1/nova\n", "haproxy": "global\n"}
    assert fired("SEC003", texts, mode=0o644) == {("nova", 0)}
    assert fired("SEC003", texts, mode=0o640) == set()
    assert fired("SEC003", texts) == set()


def test_no_secret_is_ever_repeated() -> None:
    for fault in FAULTS:
        if fault.rule == "SEC002":
            said = "".join(verdict.what for verdict in judge(cloud(unmarked(fault.broken))).verdicts)
            assert not re.search(r"secrete|wspass|Password|1234", said)


def test_what_is_said_of_each_rule_is_whole() -> None:
    for each in RULES.values():
        assert re.fullmatch(r"[A-Z]{3}[0-9]{3}", each.id)
        assert each.consequence.endswith("."), each.id
        assert each.title
        assert each.fix
        assert each.source
        assert all(re.fullmatch(r"E[0-9]{3}", erratum) for erratum in each.errata)


def test_an_id_is_given_once() -> None:
    with pytest.raises(ValueError, match="two rules"):
        rule("HAP001", Severity.INFO, Effect.BLIND, "", consequence="", fix="",
             source="")(lambda cloud: iter(()))
