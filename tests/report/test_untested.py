from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fournines.lab.layout import Driver
from fournines.report.untested import (
    CONTAINERS_CANNOT_SHOW,
    NO_LAB_CAN_SHOW,
    OWN_KERNELS_CANNOT_SHOW,
    limits,
)

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "what-the-lab-shows.md"


def test_what_a_lab_cannot_show_is_what_the_documentation_says() -> None:
    """Every point of the page's list is in the report, and the report has no other."""
    _, _, after = PAGE.read_text(encoding="utf-8").partition("**Not shown by containers**")
    containers, _, own = after.partition("**A machine with its own kernel**")
    for text, points in ((containers, CONTAINERS_CANNOT_SHOW), (own, OWN_KERNELS_CANNOT_SHOW)):
        written = re.findall(r"^- (.*)$", text, flags=re.MULTILINE)
        assert len(written) == len(points) >= 4
        for point, (name, _) in zip(written, points, strict=True):
            assert point.strip("*").startswith(name), point
    ((last, _),) = NO_LAB_CAN_SHOW
    assert after.rpartition("\n\n")[2].startswith(last)


def named(machines: Mapping[str, str] | None) -> list[str]:
    return [name for limit in limits(machines) for name, _ in limit.points]


def test_what_could_not_be_shown_is_that_of_the_place() -> None:
    module = "Kernel modules that the host lacks"
    assert {module, "Clocks are shared", "Switches"} < set(named({"ctl1": "nspawn"}))
    assert named({"ctl1": "uml"}) == [*(name for name, _ in OWN_KERNELS_CANNOT_SHOW), "Switches"]
    assert named({}) == []
    assert "real hosts" in limits({})[0].of
    assert module in named(None)
    assert "does not say" in limits(None)[0].of
    shared, own, _ = limits({"ctl1": "nspawn", "ctl2": "uml", "ctl3": "uml"})
    assert shared.of.endswith(": ctl1.")
    assert own.of.endswith(": ctl2, ctl3.")


def test_the_words_for_machines_are_those_of_the_lab() -> None:
    for driver in Driver:
        assert len(limits({"ctl1": driver.value})) == 2
