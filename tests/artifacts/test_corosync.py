"""corosync.conf: what is written is read back, and the files of all versions are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import corosync
from fournines.artifacts.corosync import Document, Entry, Section
from fournines.errors import Unparsable

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    names,
    refused_line,
    survives_or_is_refused,
)


def documents(words: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    entries = st.lists(st.builds(Entry, words, words), max_size=3).map(tuple)
    leaves = st.builds(Section, words, entries)
    sections = st.lists(st.builds(Section, words, entries, st.lists(leaves, max_size=2).map(tuple)),
                        max_size=3).map(tuple)
    return st.builds(Document, sections, entries)


@given(documents(names))
def test_a_document_is_read_back_the_same(document: Document) -> None:
    assert corosync.parse(corosync.emit(document)) == document


@given(documents(anything))
def test_nothing_is_smuggled_in(document: Document) -> None:
    survives_or_is_refused(document, corosync.emit, corosync.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, corosync.parse)


def test_entries_and_sections_know_their_lines() -> None:
    document = corosync.parse("# c\ntotem {\n  version: 2\n\tinterface {\n  mcastaddr: 1.2.3.4\n}\n  "
                              "token:3000\n}\n")
    (totem,) = document.sections
    assert (totem.line, totem.all("interface")[0].line) == (2, 4)
    assert [(entry.key, entry.value, entry.line) for entry in totem.entries] == [
        ("version", "2", 3), ("token", "3000", 7)]
    assert totem.last("token") == Entry("token", "3000")
    assert totem.last("consensus") is None


@pytest.mark.parametrize(("text", "line"), [
    ("totem {\n", 1), ("\n}\n", 2), ("totem {\nversion 2\n}\n", 2), ("{\n}\n", 1), (": 2\n", 1)])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, corosync.parse) == line


def test_after_a_problem_the_rest_is_read() -> None:
    problems: list[Unparsable] = []
    document = corosync.parse("}\ntotem {\nnonsense\ntoken: 1\n" + "x {\n" * 100, problems.append)
    assert document.sections[0].last("token") == Entry("token", "1")
    assert [problem.line for problem in problems][:2] == [1, 3]
