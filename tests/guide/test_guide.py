"""The guide's mistakes are found at their lines, and what it says rightly is not held against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fournines.audit.collect import collect
from fournines.audit.judge import judge
from fournines.audit.rule import RULES

HERE = Path(__file__).parent
ERRATA = [line.split() for line in (HERE / "ERRATA").read_text(encoding="utf-8").splitlines()]
RIGHT = {578, 604, 644, 693, 709, 827, 853, 1076, 1078, 1079}
"""Lines with settings that the guide has right: devices and their links, the first promotion, the order of a
group, bind_host and its successors in keystone.conf."""

MORE_THAN_THE_GUIDE = {690: "E064", 691: "E064", 712: "E070", 713: "E070", 940: "E084", 1882: "E164"}
"""Right in itself, with a mistake on the same line: two intervals for roles of old names; a constant name of
the broker, on the loopback; rabbit_max_retries=0, which means what the guide says, and the option is gone."""


HEADINGS = ("", "[DEFAULT]", "[keystone_authtoken]", "[filter:authtoken]")


def guide_lines() -> dict[tuple[str, int], int]:
    """(file, its line) -> line of the guide."""
    lines: dict[tuple[str, int], int] = {}
    for row in (HERE / "LINES").read_text(encoding="utf-8").splitlines():
        name, span, first = row.split()
        begin, end = map(int, span.split("-"))
        lines |= {(str(HERE / name), number): int(first) + number - begin for number in range(begin, end + 1)}
    return lines


@pytest.fixture(scope="module")
def found() -> set[tuple[str, int]]:
    """(rule, line of the guide) of everything that is found."""
    lines = guide_lines()
    verdicts = judge(collect([HERE])).verdicts
    return {(verdict.rule.id, lines.get((verdict.place.file, verdict.place.line), 0)) for verdict in verdicts}


def test_every_line_of_the_files_is_one_of_the_guide_or_a_heading() -> None:
    lines = guide_lines()
    for path in (*(HERE / "etc").rglob("*"), *(HERE / "root").rglob("*")):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines() if path.is_file() else (),
                                      1):
            assert (str(path), number) in lines or text in HEADINGS


@pytest.mark.parametrize(("erratum", "rule", "at"), [(row[0], row[1], row[2:]) for row in ERRATA],
                         ids=[row[0] for row in ERRATA])
def test_an_erratum_is_found_by_its_rule_at_its_lines(
        found: set[tuple[str, int]], erratum: str, rule: str, at: list[str]) -> None:
    assert erratum in RULES[rule].errata
    assert {(rule, int(line)) for line in at} <= found


def test_what_the_guide_has_right_is_not_reported(found: set[tuple[str, int]]) -> None:
    assert not [hit for hit in found if hit[1] in RIGHT]
    for line, erratum in MORE_THAN_THE_GUIDE.items():
        rules = {rule for rule, at in found if at == line}
        assert all(erratum in RULES[rule].errata for rule in rules)


def test_a_mistake_is_either_found_or_said_not_to_be() -> None:
    missed = [line.split()[0] for line in (HERE / "NOT_FOUND").read_text(encoding="utf-8").splitlines()]
    assert not {row[0] for row in ERRATA} & set(missed)
    assert len(ERRATA) >= 120
