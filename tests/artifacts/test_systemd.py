"""systemd units: repeated keys, resets, and commands that run exactly what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import systemd
from fournines.artifacts.systemd import Document, Entry, Section
from fournines.errors import Unwritable

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    names,
    printable,
    refused_line,
    survives_or_is_refused,
)

carried = printable.filter(lambda value: value == value.strip() and not value.endswith("\\"))


def documents(words: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    entries = st.lists(st.builds(Entry, words, values), max_size=4).map(tuple)
    return st.builds(Document, st.lists(st.builds(Section, words, entries), max_size=3).map(tuple))


@given(documents(names, carried))
def test_a_unit_is_read_back_the_same(unit: Document) -> None:
    assert systemd.parse(systemd.emit(unit)) == unit


@given(documents(names | anything, anything))
def test_nothing_is_smuggled_in(unit: Document) -> None:
    survives_or_is_refused(unit, systemd.emit, systemd.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, systemd.parse)


def test_an_empty_value_resets_a_list() -> None:
    unit = systemd.document({"Service": {"ExecStart": ["", "/bin/true"], "RemainAfterExit": True}})
    assert systemd.emit(unit).splitlines()[2:] == [
        "[Service]", "ExecStart=", "ExecStart=/bin/true", "RemainAfterExit=yes"]


def test_a_hand_written_unit_is_read() -> None:
    assert systemd.parse("""# a comment
[Service]
; another
ExecStart = /bin/a \\
# between the lines
   b
Environment=A=b
""") == Document((Section("Service", (Entry("ExecStart", "/bin/a     b"), Entry("Environment", "A=b"))),))


@pytest.mark.parametrize(("text", "line"), [("\nA=b\n", 2), ("[A\n", 1), ("[A]\nb\n", 2), ("[A]\n=b\n", 2)])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, systemd.parse) == line


@pytest.mark.parametrize("value", ["a\nExecStartPre=/bin/evil", "a\\", " a", "a\0"])
def test_what_cannot_be_carried_is_refused(value: str) -> None:
    with pytest.raises(Unwritable):
        systemd.emit(systemd.document({"Service": {"Environment": value}}))


def test_a_commands_arguments_keep_their_characters() -> None:
    assert systemd.command(["/bin/x", "a b", "%n", "$HOME", "", 'q"', ";", "plain"]) == (
        '/bin/x "a b" %%n $$HOME "" "q\\"" ";" plain')
