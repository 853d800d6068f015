"""memcached.conf: options as Debian's wrapper hands them to memcached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import memcached
from fournines.artifacts.memcached import Document, Option

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    names,
    refused_line,
    survives_or_is_refused,
)


def documents(words: st.SearchStrategy[str], letters: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    return st.builds(Document, st.lists(st.builds(Option, letters, words), max_size=4).map(tuple))


@given(documents(names, st.sampled_from("lpUmc")))
def test_a_document_is_read_back_the_same(document: Document) -> None:
    assert memcached.parse(memcached.emit(document)) == document


@given(documents(anything, anything))
def test_nothing_is_smuggled_in(document: Document) -> None:
    survives_or_is_refused(document, memcached.emit, memcached.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, memcached.parse)


def test_the_file_of_debian_is_read() -> None:
    document = memcached.parse("# memcached default config file\n-d\nlogfile /var/log/memcached.log\n\n# -v\n"
                               "-m 64\n-l 127.0.0.1\n-l::1 -U 0\n--udp-port=0\n-P /run/memcached.pid\n")
    assert document == Document((Option("d"), Option("m", "64"), Option("l", "127.0.0.1"), Option("l", "::1"),
                                 Option("U", "0"), Option("U", "0"), Option("P", "/run/memcached.pid")))
    assert [option.line for option in document.options] == [2, 6, 7, 8, 8, 9, 10]


@pytest.mark.parametrize("text", ["\nnonsense\n", "\n-l 'open\n", "\n-l 1.2.3.4 5\n"])
def test_a_refusal_names_the_line(text: str) -> None:
    assert refused_line(text, memcached.parse) == 2
