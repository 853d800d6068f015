"""Runs as JUnit XML, for continuous integration: a suite for each run, a test case for each verdict.

True is a case that passed, false a failure. Unknown is an *error*, not a case that was skipped: programs
count skipped cases as good, and unknown is never a pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from fournines.drills.series import Series
from fournines.drills.verdict import Verdict
from fournines.report.run_view import RunView


def junit(views: Sequence[RunView], series: Sequence[Series] = ()) -> str:
    """The whole document. What came to no verdict in ``series``, and what they stopped before, is unknown."""
    unknown = {each.folder.resolve().name: found for each in series if (found := _without_verdict(each))}
    everything = [verdict for view in views for verdict in view.verdicts]
    everything += [verdict for found in unknown.values() for verdict in found]
    suites = Xml.Element("testsuites", {"name": "fournines", **_counts(everything)})
    for view in views:
        took_s = view.moments.ended_s - view.moments.began_s
        suite = Xml.SubElement(suites, "testsuite", {"name": view.name, **_counts(view.verdicts),
                                                     "time": f"{took_s:.1f}"})
        properties = Xml.SubElement(suite, "properties")
        for name, value in (("drill", view.drill), ("target", view.target),
                            ("recover_within_s", f"{view.recover_within_s:g}")):
            Xml.SubElement(properties, "property", name=name, value=value)
        for verdict in view.verdicts:
            _case(suite, view.drill, verdict)
    for name, verdicts in unknown.items():
        suite = Xml.SubElement(suites, "testsuite", {"name": name, **_counts(verdicts)})
        for verdict in verdicts:
            _case(suite, name, verdict)
    Xml.indent(suites)
    text: bytes = Xml.tostring(suites, encoding="utf-8", xml_declaration=True)
    return f"{text.decode()}\n"


def _without_verdict(series: Series) -> list[Verdict]:
    found = [Verdict(f"run {item.number}, {item.drill}", None, item.because)
             for item in series.attempts if not item.folder]
    if series.stopped:
        question = f"all {series.asked} drills of {series.title} are run"
        found.append(Verdict(question, None, series.stopped))
    return found


def _counts(verdicts: Sequence[Verdict]) -> dict[str, str]:
    return {"tests": str(len(verdicts)), "skipped": "0",
            "failures": str(sum(item.truth is False for item in verdicts)),
            "errors": str(sum(item.truth is None for item in verdicts))}


def _case(suite: Xml.Element, classname: str, verdict: Verdict) -> None:
    case = Xml.SubElement(suite, "testcase", classname=classname, name=verdict.question)
    detail = "\n".join((verdict.because, *verdict.evidence))
    if verdict.truth is False:
        Xml.SubElement(case, "failure", message=verdict.because, type="broken").text = detail
    elif verdict.truth is None:
        Xml.SubElement(case, "error", message=verdict.because, type="unknown").text = detail
    else:
        Xml.SubElement(case, "system-out").text = detail
