from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as Xml

from fournines.drills.recorded import read_run
from fournines.drills.verdict import Verdict
from fournines.report.junit import junit
from fournines.report.run_view import run_view
from recorded_runs import BROKEN, KEPT


def test_a_verdict_is_a_case_and_unknown_is_no_pass() -> None:
    unknown = Verdict("<it> is & was", None, "nobody looked", ("a line",))
    kept = run_view(read_run(KEPT))
    text = junit([replace(kept, verdicts=(*kept.verdicts, unknown)), run_view(read_run(BROKEN))])
    assert text.startswith("<?xml version='1.0' encoding='utf-8'?>")
    suites = Xml.fromstring(text)  # noqa: S314 - made here
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("25", "1", "1")
    first, second = suites
    assert first.get("name") == "20261126T232230Z-power-off-vip-holder"
    assert (first.get("tests"), first.get("failures"), first.get("errors")) == ("13", "0", "1")
    error = first.find("testcase[last()]/error")
    assert error is not None
    assert (error.get("message"), error.text) == ("nobody looked", "nobody looked\na line")
    (failed,) = second.findall("testcase/failure")
    assert failed.get("message") == "a gap of at least 5.20 s and at most 5.41 s"
    passed = [case for case in second.findall("testcase") if case.find("failure") is None]
    assert len(passed) == 11
