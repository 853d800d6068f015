"""keepalived.conf: nested blocks and words that hold blanks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import keepalived
from fournines.artifacts.keepalived import Block, Document, Line, block
from fournines.errors import Unwritable

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    names,
    refused_line,
    survives_or_is_refused,
)

carried = st.text("a' \u00a0#!{}@~;%\u00e9\u65e5=/.", max_size=10).filter(lambda word: word not in ("{", "}"))


def documents(words: st.SearchStrategy[str], firsts: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    line_words = st.builds(lambda first, rest: (first, *rest), firsts, st.lists(words, max_size=3))
    items = st.recursive(
        st.builds(Line, line_words),
        lambda inner: st.builds(Block, line_words, st.lists(inner, max_size=3).map(tuple)), max_leaves=6)
    return st.builds(Document, st.lists(items, max_size=3).map(tuple))


@given(documents(carried, names))
def test_any_word_is_read_back_the_same(document: Document) -> None:
    assert keepalived.parse(keepalived.emit(document)) == document


@given(documents(anything, anything))
def test_nothing_is_smuggled_in(document: Document) -> None:
    survives_or_is_refused(document, keepalived.emit, keepalived.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, keepalived.parse)


def test_a_hand_written_file_is_read() -> None:
    assert keepalived.parse(r"""
! Configuration File for keepalived
vrrp_script chk{ script "pidof haproxy # really" }   # one line
vrrp_instance VI_1
{
   state BACKUP ! for now
   notify "/usr/bin/notify 'a b'"
   virtual_ipaddress {
      10.0.0.1/24 dev eth0
   } }
""") == Document((
        Block(("vrrp_script", "chk"), (Line(("script", "pidof haproxy # really")),)),
        Block(("vrrp_instance", "VI_1"), (
            Line(("state", "BACKUP")),
            Line(("notify", "/usr/bin/notify 'a b'")),
            Block(("virtual_ipaddress",), (Line(("10.0.0.1/24", "dev", "eth0")),)))),
    ))


def test_the_builder_nests() -> None:
    document = keepalived.document(block("vrrp_instance", "internal", [
        ("priority", 150), ("advert_int", 0.25), block("track_script", "", ["haproxy"])]))
    assert keepalived.emit(document).splitlines()[2:] == [
        "vrrp_instance internal {", "    priority 150", "    advert_int 0.25", "    track_script {",
        "        haproxy", "    }", "}"]


@pytest.mark.parametrize(("text", "line"), [
    ("a {\n b {\n}\n", 1), ("a {\n}\n}\n", 3), ("{\n", 1), ('a {\n b "c\n}', 2), ("a {" * 60, 1),
])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, keepalived.parse) == line


@pytest.mark.parametrize("word", ['a"b', "a\\b", "$PRIORITY", "a\nb", "{", "}", "x" * 1000])
def test_what_cannot_be_carried_is_refused(word: str) -> None:
    with pytest.raises(Unwritable):
        keepalived.emit(keepalived.document(block("vrrp_script", "a", [("script", word)])))
