"""fstab, as mount(8) reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts.fstab import Document, Mount, parse
from fournines.errors import Unparsable


def test_the_words_of_each_line_are_its_fields() -> None:
    text = "# device directory\n\n  UUID=1\t/\text4 errors=remount-ro,noatime 0 1\n/dev/sr0 /media\\040x\n"
    assert parse(text) == Document((Mount("UUID=1", "/", "ext4", ("errors=remount-ro", "noatime")),
                                    Mount("/dev/sr0", "/media x")))
    assert [mount.line for mount in parse("#\n/dev/a /a\n").mounts] == [2]


def test_a_device_alone_is_refused_at_its_line_and_the_rest_is_read() -> None:
    with pytest.raises(Unparsable, match="2"):
        parse("/dev/a /a\n/dev/b\n")
    problems: list[Unparsable] = []
    assert parse("/dev/b\n/dev/a /a\n", problems.append).mounts == (Mount("/dev/a", "/a"),)
    assert [problem.line for problem in problems] == [1]


@given(st.text())
def test_no_text_is_too_much(text: str) -> None:
    parse(text, lambda problem: None)
