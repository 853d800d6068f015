from __future__ import annotations

import re
from pathlib import Path

from fournines.report.untested import LAB_CANNOT_SHOW

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "what-the-lab-shows.md"


def test_what_a_lab_cannot_show_is_what_the_documentation_says() -> None:
    """Every point of the page's list is in the report, and the report has no other."""
    _, _, after = PAGE.read_text(encoding="utf-8").partition("**Not shown by containers**")
    points = re.findall(r"^- (.*)$", after.partition("\n\n")[0], flags=re.MULTILINE)
    named = [name for name, _ in LAB_CANNOT_SHOW]
    assert len(points) >= 4
    assert len(named) == len(points) + 1   # and the switches, in the paragraph after the list
    for point, name in zip(points, named, strict=False):
        assert point.strip("*").startswith(name), point
    assert after.rpartition("\n\n")[2].startswith(named[-1])
