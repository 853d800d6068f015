"""drbd.conf: what is written is read back, people's files are read, and drbdadm takes what we write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import drbd
from fournines.artifacts.drbd import Document, Section, Statement, section
from fournines.errors import Unparsable, Unwritable

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    names,
    printable,
    refused_line,
    survives_or_is_refused,
)

GUIDE = """resource mysql {
  device minor 0;
  disk "/dev/data/mysql";   # "set aside" for this
  meta-disk internal;
  on node1 { address ipv4 10.0.42.100:7700; }
  on node2
  {
    address ipv4
      10.0.42.254:7700;
  }
}
"""


def documents(words: st.SearchStrategy[str], firsts: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    line_words = st.builds(lambda first, rest: (first, *rest), firsts, st.lists(words, max_size=3))
    items = st.recursive(
        st.builds(Statement, line_words),
        lambda inner: st.builds(Section, line_words, st.lists(inner, max_size=3).map(tuple)), max_leaves=6)
    return st.builds(Document, st.lists(items, max_size=3).map(tuple))


@given(documents(printable, names))
def test_any_word_is_read_back_the_same(document: Document) -> None:
    assert drbd.parse(drbd.emit(document)) == document


@given(documents(anything, anything))
def test_nothing_is_smuggled_in(document: Document) -> None:
    survives_or_is_refused(document, drbd.emit, drbd.parse)


@given(files | st.text("ab {};\"\\#\n", max_size=40))
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, drbd.parse)


def test_the_guides_file_is_read() -> None:
    document = drbd.parse(GUIDE)
    (mysql,) = document.sections
    assert mysql.words == ("resource", "mysql")
    assert mysql.last("disk") == Statement(("disk", "/dev/data/mysql"))
    assert [(item.keyword, item.line) for item in mysql.items] == [
        ("device", 2), ("disk", 3), ("meta-disk", 4), ("on", 5), ("on", 6)]
    second = mysql.all("on")[1]
    assert [(each.value, each.line) for each in second.statements] == [("ipv4 10.0.42.254:7700", 8)]
    assert mysql.last("size") is None


def test_includes_are_values() -> None:
    document = drbd.parse('include "drbd.d/global_common.conf";\nglobal { usage-count no; }\n'
                          "include drbd.d/a.res;")
    assert [(each.value, each.line) for each in document.includes] == [
        ("drbd.d/global_common.conf", 1), ("drbd.d/a.res", 3)]


def test_words_are_quoted_only_where_they_must_be() -> None:
    text = drbd.emit(drbd.document(section("resource mysql", [
        ("device", "minor", 0), ("al-updates", True),
        section("on node1", [("address", "ipv4", "10.0.42.100:7700")]),
        section("handlers", [("fence-peer", '/usr/lib/x --say "a\\b"')])])))
    assert text.splitlines()[1:] == [
        "resource mysql {", "    device minor 0;", "    al-updates yes;", "    on node1 {",
        "        address ipv4 10.0.42.100:7700;", "    }", "    handlers {",
        '        fence-peer "/usr/lib/x --say \\"a\\\\b\\"";', "    }", "}"]


@pytest.mark.parametrize(("text", "line"), [
    ("a {\n b {\n};\n", 3), ("a {\n b;\n", 1),
    ("\n}\n", 2), ("{\n}\n", 1), (";\n", 1), ('a {\n b "c;\n}\n', 2),
    ("a {\n b\n c\n}\n", 2), ("a b\n\n", 1), ("a {\n b = c;\n}\n", 2), ("a {" * 60, 1)])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, drbd.parse) == line


def test_after_a_problem_the_rest_is_read() -> None:
    problems: list[Unparsable] = []
    document = drbd.parse('}\nnet {\n shared-secret "open;\n protocol C;\n timeout 30\n}\ndisk { }\n',
                          problems.append)
    assert [problem.line for problem in problems] == [1, 3, 5]
    assert [each.keyword for each in document.sections] == ["net", "disk"]


@pytest.mark.parametrize("word", ["a\nb", "x" * 256, "\x00"])
def test_what_cannot_be_carried_is_refused(word: str) -> None:
    with pytest.raises(Unwritable):
        drbd.emit(drbd.document(section("handlers", [("fence-peer", word)])))
