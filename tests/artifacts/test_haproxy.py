"""haproxy.cfg: every argument stays one argument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import haproxy
from fournines.artifacts.haproxy import Document, Section
from fournines.errors import Unwritable

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    printable,
    refused_line,
    survives_or_is_refused,
)

keywords = st.sampled_from(["bind", "server", "option", "http-request", "timeout"])
kinds = st.sampled_from(sorted(haproxy.SECTION_KINDS))


def documents(words: st.SearchStrategy[str], firsts: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    lines = st.builds(lambda first, rest: (first, *rest), firsts, st.lists(words, max_size=4))
    sections = st.builds(
        Section, kinds, st.lists(words, max_size=2).map(tuple), st.lists(lines, max_size=4).map(tuple))
    return st.builds(Document, st.lists(sections, max_size=3).map(tuple))


@given(documents(st.one_of(printable, st.text("\n\r\t '\"\\#$", max_size=8)), keywords))
def test_any_argument_is_read_back_the_same(document: Document) -> None:
    assert haproxy.parse(haproxy.emit(document)) == document


@given(documents(anything, anything))
def test_nothing_is_smuggled_in(document: Document) -> None:
    survives_or_is_refused(document, haproxy.emit, haproxy.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, haproxy.parse)


def test_a_hand_written_file_is_read() -> None:
    assert haproxy.parse(r"""
global
  log /dev/log local0   # the journal
    daemon
listen  keystone from web
	bind 10.0.0.1:5000 name a' 'b
	http-check send hdr Host "x \"y\"" body \#1\x41 '$HOME \n'
""") == Document((
        Section("global", (), (("log", "/dev/log", "local0"), ("daemon",))),
        Section("listen", ("keystone", "from", "web"), (
            ("bind", "10.0.0.1:5000", "name", "a b"),
            ("http-check", "send", "hdr", "Host", 'x "y"', "body", "#1A", r"$HOME \n"))),
    ))


def test_the_builder_makes_words_of_values() -> None:
    document = haproxy.document(
        haproxy.section("defaults", "", [("timeout", "connect", "500ms")]),
        haproxy.section("listen", "api", [("server", "ctl1", "10.0.0.1:1", "check", "fall", 2)]))
    assert haproxy.emit(document).splitlines()[2:] == [
        "defaults", "    timeout connect 500ms", "", "listen api", "    server ctl1 10.0.0.1:1 check fall 2"]


@pytest.mark.parametrize(("text", "line"), [
    ("# c\nbind :80\n", 2), ("global\n x 'y\n", 2), ("global\n x \\\n", 2), ('global\n\n x "y\n', 3),
    ("global\n x \\xff\n", 2),
])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, haproxy.parse) == line


@pytest.mark.parametrize("line", [(), ("",), ("listen", "b"), ("bind", "\0"), ("bind",) + ("x",) * 64])
def test_what_would_be_another_line_is_refused(line: tuple[str, ...]) -> None:
    with pytest.raises(Unwritable):
        haproxy.emit(haproxy.document(haproxy.section("listen", "a", [line])))


def test_an_unknown_section_is_refused() -> None:
    with pytest.raises(Unwritable):
        haproxy.emit(haproxy.document(haproxy.section("lisen", "a", [])))
