"""Files of KEY=value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import environment
from fournines.artifacts.environment import Document, Entry
from fournines.errors import Unwritable

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    printable,
    refused_line,
    survives_or_is_refused,
)

keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
carried = st.one_of(printable, st.text("\n\t\"'\\`$#; a", max_size=10))


@given(st.lists(st.builds(Entry, keys, carried), max_size=5).map(tuple))
def test_variables_are_read_back_the_same(entries: tuple[Entry, ...]) -> None:
    assert environment.parse(environment.emit(Document(entries))) == Document(entries)


@given(st.lists(st.builds(Entry, keys | anything, anything), max_size=4).map(tuple))
def test_nothing_is_smuggled_in(entries: tuple[Entry, ...]) -> None:
    survives_or_is_refused(Document(entries), environment.emit, environment.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, environment.parse)


def test_a_hand_written_file_is_read() -> None:
    text = "# c\n; d\nexport A=b # e\nB='x y'\"$z\"\\ w\nC=\n  D=a\\\nb\nE='it'\\''s'\n"
    assert environment.parse(text) == environment.document(
        {"A": "b", "B": "x y$z w", "C": "", "D": "ab", "E": "it's"})


@pytest.mark.parametrize(("text", "line"), [
    ("A=b\nc\n", 2), ("A=b c\n", 1), ("\n\nA='b\n", 3), ("1A=b\n", 1)])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, environment.parse) == line


@pytest.mark.parametrize(("key", "value"), [
    ("A", "\0"), ("A", "\r"), ("A B", "c"), ("1A", "b"), ("A\nB", "c")])
def test_what_cannot_be_carried_is_refused(key: str, value: str) -> None:
    with pytest.raises(Unwritable):
        environment.emit(environment.document({key: value}))
