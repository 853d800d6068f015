"""Ini files: what is written is read back the same, and hand-written files are read as programs do."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import ini
from fournines.artifacts.ini import Dialect, Document, Entry, Section
from fournines.errors import Unwritable

from .texts import anything, files, is_read_or_refused_with_its_line, names, printable, refused_line
from .texts import survives_or_is_refused as survives_or_is_refused_by

dialects = st.sampled_from(Dialect)


def documents(dialect: Dialect, keys: st.SearchStrategy[str], values: st.SearchStrategy[str | None]) -> (
        st.SearchStrategy[Document]):
    entries = st.builds(Entry, keys, values)
    sections = st.builds(Section, keys, st.lists(entries, max_size=4).map(tuple))
    return st.builds(Document, st.just(dialect), st.lists(sections, max_size=3).map(tuple))


def read_back(document: Document) -> Document:
    return ini.parse(ini.emit(document), document.dialect)


@given(documents(Dialect.MY_CNF, names, st.none() | printable | st.text("\n\t\r\b\\\"'# ", max_size=9)))
def test_my_cnf_carries_any_text_line_ends_included(document: Document) -> None:
    assert read_back(document) == document


@given(documents(Dialect.OSLO, names, printable))
def test_oslo_carries_any_text_of_one_line(document: Document) -> None:
    assert read_back(document) == document


@given(documents(Dialect.UWSGI, names, st.text("a%\"'#;=\\$@\u00e9")))
def test_uwsgi_carries_text_without_blanks_at_its_ends(document: Document) -> None:
    assert read_back(document) == document


@given(st.data(), dialects)
def test_nothing_is_smuggled_in(data: st.DataObject, dialect: Dialect) -> None:
    document = data.draw(documents(dialect, anything, st.none() | anything))
    survives_or_is_refused_by(document, ini.emit, lambda text: ini.parse(text, dialect))


@given(files, dialects)
def test_any_file_is_read_or_refused(text: str, dialect: Dialect) -> None:
    is_read_or_refused_with_its_line(text, lambda text: ini.parse(text, dialect))


def test_builders_write_values_as_their_programs_do() -> None:
    settings: dict[str, ini.Value] = {
        "a": True, "b": 0.5, "c": 2.0, "d": IPv4Address("10.0.0.1"), "e": ["x", "y"]}
    assert ini.emit(ini.my_cnf({"mysqld": {**settings, "skip-name-resolve": None}})).splitlines()[2:] == [
        "[mysqld]", "a = ON", "b = 0.5", "c = 2", "d = 10.0.0.1", "e = x", "e = y", "skip-name-resolve"]
    assert ini.emit(ini.oslo({"DEFAULT": settings})).splitlines()[2:4] == ["[DEFAULT]", "a = true"]


def test_a_debian_my_cnf_is_read() -> None:
    document = ini.parse("""
# The MariaDB configuration file
[client-server]
  port=3306   # the usual
socket = "/run/mysqld/mysqld.sock"
!includedir /etc/mysql/conf.d/

[mysqld]
skip-name-resolve
init_connect='SET NAMES \\'utf8\\''
""", Dialect.MY_CNF)
    assert document.sections == (
        Section("client-server", (Entry("port", "3306"), Entry("socket", "/run/mysqld/mysqld.sock"),
                                  Entry("!includedir", "/etc/mysql/conf.d/"))),
        Section("mysqld", (Entry("skip-name-resolve", None), Entry("init_connect", "SET NAMES 'utf8'"))),
    )
    assert read_back(document) == document


def test_an_oslo_value_goes_on_in_indented_lines() -> None:
    document = ini.parse("[a]\nk: one\n   two\n\nl = 'q'\n", Dialect.OSLO)
    assert document.sections == (Section("a", (Entry("k", "one\ntwo"), Entry("l", "q"))),)


@pytest.mark.parametrize(("text", "dialect", "line"), [
    ("[a]\nnothing\n", Dialect.OSLO, 2),
    ("# c\nk = v\n", Dialect.OSLO, 2),
    ("\n[a\n", Dialect.MY_CNF, 2),
    ("[a]\n\n  go on\n", Dialect.OSLO, 3),
    ("[a] b\n", Dialect.UWSGI, 1),
    ("[a]\n= v\n", Dialect.MY_CNF, 2),
])
def test_a_refusal_names_the_line(text: str, dialect: Dialect, line: int) -> None:
    assert refused_line(text, lambda text: ini.parse(text, dialect)) == line


@pytest.mark.parametrize(("dialect", "key", "value"), [
    (Dialect.MY_CNF, "a", "nul\0"),
    (Dialect.MY_CNF, "a\n[b]", "c"),
    (Dialect.MY_CNF, "a", "x" * 5000),
    (Dialect.OSLO, "a", "b\n[c]"),
    (Dialect.OSLO, "a", None),
    (Dialect.OSLO, "#a", "b"),
    (Dialect.UWSGI, "a", " b"),
    (Dialect.UWSGI, "a", "%(b)"),
    (Dialect.UWSGI, "a", "$(b)"),
])
def test_what_a_dialect_cannot_carry_is_refused(dialect: Dialect, key: str, value: str | None) -> None:
    with pytest.raises(Unwritable):
        ini.emit(Document(dialect, (Section("s", (Entry(key, value),)),)))


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(Unwritable) as caught:
        ini.emit(ini.oslo({"database": {"connection": "mysql://s3cret\n"}}))
    assert "s3cret" not in str(caught.value)
    assert "[database] connection" in str(caught.value)
    assert "U+000A" in str(caught.value)
