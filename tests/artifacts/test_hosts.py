"""The hosts file."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import hosts
from fournines.artifacts.hosts import Document, Entry
from fournines.errors import Unwritable

from .texts import anything, files, is_read_or_refused_with_its_line, refused_line, survives_or_is_refused

labels = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,6}[A-Za-z0-9])?", fullmatch=True)
host_names = st.lists(labels, min_size=1, max_size=3).map(".".join)


def documents(words: st.SearchStrategy[str], fewest: int) -> st.SearchStrategy[Document]:
    entries = st.builds(Entry, st.ip_addresses(), st.lists(words, min_size=fewest, max_size=3).map(tuple))
    return st.builds(Document, st.lists(entries, max_size=5).map(tuple))


@given(documents(host_names, 1))
def test_entries_are_read_back_the_same(document: Document) -> None:
    assert hosts.parse(hosts.emit(document)) == document


@given(documents(anything | host_names, 0))
def test_nothing_is_smuggled_in(document: Document) -> None:
    survives_or_is_refused(document, hosts.emit, hosts.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, hosts.parse)


def test_the_loopback_names_come_first() -> None:
    assert hosts.emit(hosts.document([(IPv4Address("10.0.0.1"), ["ctl1"])])).splitlines()[1:] == [
        "127.0.0.1\tlocalhost", "::1\tlocalhost\tip6-localhost\tip6-loopback", "10.0.0.1\tctl1"]


def test_a_hand_written_file_is_read() -> None:
    assert hosts.parse(" 10.0.0.1   a.example a # here\n\n# ::1 x\n").entries == (
        Entry(IPv4Address("10.0.0.1"), ("a.example", "a")),)


@pytest.mark.parametrize(("text", "line"), [
    ("\nctl1 10.0.0.1\n", 2), ("10.0.0.1\n", 1), ("10.0.0.1 -a\n", 1)])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, hosts.parse) == line


@pytest.mark.parametrize("name", ["", "a b", "a\n10.0.0.9 b", "a#b", "-a", "a" * 254])
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(Unwritable):
        hosts.emit(hosts.document([(IPv4Address("10.0.0.1"), [name])]))
