"""Texts that break configuration files, for hypothesis, and the two statements every format is held to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import strategies as st

from fournines.artifacts.document import MANAGED
from fournines.errors import Unparsable, Unwritable

SPECIAL = (" \t\n\r\"'\\#;%$!{}()[]<>=:,@`~|&*?-_.^/0aN"
           "\x00\x08\x0b\x0c\x1b\x7f\x85\u00a0\u00e9\u2028\ufeff\u65e5")

anything = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters()), max_size=16)
"""Any text at all, mostly of characters that mean something somewhere."""

unicode = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters(codec="utf-8")), max_size=16)
"""Any text that can be encoded, control characters included."""

printable = st.text(
    st.one_of(st.sampled_from([c for c in SPECIAL if c.isprintable()]),
              st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))), max_size=16)
"""Any text on one line: unicode, quotes, comment characters, blanks anywhere, or empty."""

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)

files = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(st.sampled_from([
        "[a]", "[a", "[]", "=", "k = v", "k", "k=", "# c", "; c", "! c", "listen a", "global", "{", "}",
        "a {", "a }", '"', "'", "\\", "  x", "\t", "%", "$", "{a, 1}.", "[{a", "]", "<<", ">>", ".",
        "1.2.3.4 a", "::1", "a.b = c", "export A=b", 'A="b', "[Service]", "ExecStart=\\", "\x00", "\r", "0#1",
        "99#1", "1.0e999", "$\\x{FFFFFFFF}", '"\\x{110000}"', "$\\", "16#ZZ", "<<256>>", '<<"\u65e5">>',
        '[1, "a" "b"|c]',
    ]), anything), max_size=8).map("\n".join),
)
"""Whole files: noise, and pieces of every format in any order."""

Document = TypeVar("Document")


def survives_or_is_refused(document: Document, emit: Callable[[Document], str],
                           parse: Callable[[str], Document]) -> None:
    """Either the format refuses the document, or it reads back as exactly that: nothing is smuggled in."""
    try:
        text = emit(document)
    except Unwritable:
        return
    assert parse(text) == document
    assert MANAGED in text.partition("\n")[0]
    assert text.endswith("\n")
    assert emit(document) == text


def is_read_or_refused_with_its_line(text: str, parse: Callable[[str], object]) -> None:
    """No text whatever makes ``parse`` raise anything but Unparsable, which names a line of the text."""
    line = 1
    try:
        parse(text)
    except Unparsable as refusal:
        line = refusal.line
    assert 1 <= line <= text.count("\n") + 1


def refused_line(text: str, parse: Callable[[str], object]) -> int:
    """The line that ``parse`` complains about."""
    with pytest.raises(Unparsable) as caught:
        parse(text)
    assert isinstance(caught.value, ValueError)
    return caught.value.line
