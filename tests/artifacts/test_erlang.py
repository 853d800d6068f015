"""Erlang terms: any term is read back the same, and terms as people write them are read."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import erlang
from fournines.artifacts.erlang import Atom, List, Term, Tuple
from fournines.errors import Unwritable

from .texts import files, is_read_or_refused_with_its_line, refused_line, survives_or_is_refused, unicode

plain: st.SearchStrategy[Term] = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), unicode, st.binary(max_size=8),
    st.builds(Atom, unicode))
terms: st.SearchStrategy[Term] = st.recursive(plain, lambda inner: st.one_of(
    st.builds(Tuple, st.lists(inner, max_size=4).map(tuple)),
    st.builds(List, st.lists(inner, max_size=4).map(tuple))), max_leaves=8)


def same(left: Term, right: Term) -> bool:
    """Equal also in type: Python takes 1 and 1.0 for equal."""
    return left == right and repr(left) == repr(right)


@given(terms)
def test_any_term_is_read_back_the_same(term: Term) -> None:
    text = erlang.emit(term)
    assert same(erlang.parse(text), term)
    assert text.isascii()
    survives_or_is_refused(term, erlang.emit, erlang.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, erlang.parse)


def test_a_hand_written_advanced_config_is_read() -> None:
    assert erlang.parse("""%% advanced
[
 {rabbit, [{tcp_listeners, []}, {'my key', <<"x", 1, "é"/utf8>>}]},   % a comment
 {kernel, [{inet_dist_use_interface, {10,0,0,1}}, {n, 16#ff}, {c, $a}, {e, $\\n}, {f, -1.5e3}, {s, "a" "b"}]}
].
""") == List((
        Tuple((Atom("rabbit"), List((
            Tuple((Atom("tcp_listeners"), List())), Tuple((Atom("my key"), b"x\x01\xc3\xa9")))))),
        Tuple((Atom("kernel"), List((
            Tuple((Atom("inet_dist_use_interface"), Tuple((10, 0, 0, 1)))), Tuple((Atom("n"), 255)),
            Tuple((Atom("c"), 97)), Tuple((Atom("e"), 10)), Tuple((Atom("f"), -1500.0)),
            Tuple((Atom("s"), "ab")))))),
    ))


def test_proplists_and_booleans_read_well() -> None:
    term = erlang.proplist({"rabbit": erlang.proplist({"on": erlang.boolean(True), "end": 1})})
    assert erlang.emit(term).splitlines()[1:] == ["[{rabbit, [{on, true}, {'end', 1}]}]."]


@pytest.mark.parametrize(("text", "line"), [
    ("", 1), ("[1,\n2", 2), ("[].\n[].\n", 2), ("X.", 1), ('"a\n', 1), ("[" * 200, 1), ("\n\n<<256>>.", 3),
    ("9" * 5000 + ".", 1), ("<<" + "9" * 5000 + ">>.", 1),
    ("#{}.", 1), ("1.0e999.", 1), ('"\\x{110000}".', 1), ("37#1.", 1),
])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, erlang.parse) == line


@pytest.mark.parametrize("term", [
    math.inf, math.nan, pytest.param(10 ** 5000, id="long"), True, Atom("a" * 256), "\ud800"])
def test_what_erlang_does_not_have_is_refused(term: Term) -> None:
    with pytest.raises(Unwritable):
        erlang.emit(term)
