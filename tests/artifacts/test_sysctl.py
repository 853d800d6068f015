"""Kernel settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import sysctl
from fournines.artifacts.sysctl import Document, Entry
from fournines.errors import Unwritable

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    printable,
    refused_line,
    survives_or_is_refused,
)

keys = st.from_regex(r"-?[a-z0-9_*-]{1,6}([./][a-z0-9_*-]{1,6}){0,3}", fullmatch=True)


carried = printable.filter(lambda value: bool(value) and value == value.strip())


@given(st.lists(st.builds(Entry, keys, carried)).map(tuple))
def test_settings_are_read_back_the_same(entries: tuple[Entry, ...]) -> None:
    assert sysctl.parse(sysctl.emit(Document(entries))) == Document(entries)


@given(st.lists(st.builds(Entry, keys | anything, anything), max_size=4).map(tuple))
def test_nothing_is_smuggled_in(entries: tuple[Entry, ...]) -> None:
    survives_or_is_refused(Document(entries), sysctl.emit, sysctl.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, sysctl.parse)


def test_a_hand_written_file_is_read() -> None:
    text = "# c\n; d\nnet.ipv4.tcp_rmem=4096 131072\t6291456\n -net/ipv4/ip_nonlocal_bind = 1\n"
    assert sysctl.parse(text) == sysctl.document(
        {"net.ipv4.tcp_rmem": "4096 131072\t6291456", "-net/ipv4/ip_nonlocal_bind": True})


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb\n", 2), ("a =\n", 1), ("a b = 1\n", 1)])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, sysctl.parse) == line


@pytest.mark.parametrize(("key", "value"), [("a", ""), ("a", "1\nb = 2"), ("#a", "1"), ("a", " 1")])
def test_what_cannot_be_carried_is_refused(key: str, value: str) -> None:
    with pytest.raises(Unwritable):
        sysctl.emit(sysctl.document({key: value}))
