"""Erlang terms, as in RabbitMQ's advanced.config: one term and a full stop.

Python's int, float, str and bytes are Erlang's integer, float, string and binary; atoms, tuples and lists are
classes here. Source: the Erlang reference manual, Data Types; written in ASCII with escapes, read in UTF-8.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from fournines.artifacts.document import notice
from fournines.errors import Unparsable, Unwritable

FORMAT = "Erlang terms"


@dataclass(frozen=True, slots=True)
class Atom:
    """A name that stands for itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Tuple:
    """``{a, b}``."""

    items: tuple[Term, ...] = ()
    line: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class List:
    """``[a, b]``; a proper list."""

    items: tuple[Term, ...] = ()


Term: TypeAlias = int | float | str | bytes | Atom | Tuple | List


def pair(key: str, value: Term) -> Tuple:
    """``{key, value}`` with an atom for a key."""
    return Tuple((Atom(key), value))


def proplist(settings: Mapping[str, Term]) -> List:
    """``[{key, value}, ...]`` with atoms for keys; advanced.config is one, of application to proplist."""
    return List(tuple(pair(key, value) for key, value in settings.items()))


def boolean(value: bool) -> Atom:
    """The atom ``true`` or ``false``; Erlang has no other boolean."""
    return Atom("true" if value else "false")


def emit(*terms: Term) -> str:
    """The file's text: the notice, then each term on lines of its own with a full stop. All but Erlang's own
    files (inetrc) hold one."""
    return notice("%%") + "".join(f"{_written(term, 0)}.\n" for term in terms)


_BARE_ATOM = re.compile(r"[a-z][A-Za-z0-9_@]*")
_RESERVED = frozenset((
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond",
    "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "try",
    "when", "xor",
))
_ATOM_CHARACTERS = 255
_WIDTH = 90


def _written(term: Term, depth: int) -> str:
    if isinstance(term, bool):
        raise Unwritable(FORMAT, "True and False are not terms", hint="write boolean(...)")
    if isinstance(term, Atom):
        if len(term.name) > _ATOM_CHARACTERS:
            raise Unwritable(FORMAT, f"an atom is longer than {_ATOM_CHARACTERS} characters")
        bare = _BARE_ATOM.fullmatch(term.name) and term.name not in _RESERVED
        return term.name if bare else f"'{_escaped(term.name, chr(39))}'"
    if isinstance(term, str):
        return f'"{_escaped(term, chr(34))}"'
    if isinstance(term, bytes):
        return f'<<"{_escaped(term.decode("latin-1"), chr(34))}">>' if term else "<<>>"
    if isinstance(term, int):
        return _integer(term)
    if isinstance(term, float):
        return _float(term)
    opening, closing = ("{", "}") if isinstance(term, Tuple) else ("[", "]")
    inner = [_written(item, depth + 1) for item in term.items]
    line = opening + ", ".join(inner) + closing
    if len(line) + depth < _WIDTH and "\n" not in line:
        return line
    indent = "\n" + " " * (depth + 1)
    return opening + ("," + indent).join(inner) + closing


_DIGITS = 4000  # Python neither writes nor reads integers of more than 4300 digits


def _integer(value: int) -> str:
    if value.bit_length() > _DIGITS * 3:
        raise Unwritable(FORMAT, f"an integer has more than about {_DIGITS} digits")
    return str(value)


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise Unwritable(FORMAT, "infinities and not-a-number are no Erlang floats")
    mantissa, exponent_mark, exponent = repr(value).partition("e")
    return (mantissa if "." in mantissa else f"{mantissa}.0") + exponent_mark + exponent


def _escaped(text: str, quote: str) -> str:
    pieces: list[str] = []
    for character in text:
        code = ord(character)
        if 0xD800 <= code <= 0xDFFF:
            raise Unwritable(FORMAT, "a lone surrogate is no character")
        if character in (quote, "\\"):
            pieces.append("\\" + character)
        else:
            pieces.append(character if 0x20 <= code < 0x7F else f"\\x{{{code:X}}}")
    return "".join(pieces)


# ---------------------------------------------------------------------------------------------------- reading

_ATOM_START = r"[a-z\u00df-\u00f6\u00f8-\u00ff]"
_TOKEN = re.compile(rf"""
      (?P<space>[\x00-\x20\x80-\xa0]+|%[^\n]*)
    | (?P<float>[+-]?[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<based>[+-]?[0-9]{{1,2}}\#[0-9A-Za-z]+)
    | (?P<integer>[+-]?[0-9]+)
    | (?P<character>\$(?:\\(?:x\{{[0-9A-Fa-f]+\}}|x[0-9A-Fa-f]{{2}}|[0-7]{{1,3}}|\^.|.)|[^\\]))
    | (?P<atom>{_ATOM_START}[\w@]*|'(?:[^'\\]|\\.)*')
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<mark><<|>>|[{{}}\[\],./])
""", re.VERBOSE | re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})|\^(.)|(.))", re.DOTALL)
_NAMED_ESCAPES = {"b": "\b", "d": "\x7f", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "s": " ", "t": "\t",
                  "v": "\v"}
_DEEPEST = 100


def parse(text: str) -> Term:
    """The one term that ``text`` holds; Unparsable where it holds none, several, or what is no plain data."""
    return _Reader(text).document()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


class _Reader:
    """Looks one token ahead; depth is bounded so that hostile nesting is an error and not a crash."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokenize(text)
        self._next = 0

    def document(self) -> Term:
        term = self._term(0)
        self._expect(".")
        end = self._take()
        if end.kind != "end":
            raise Unparsable(FORMAT, end.line, "more follows after the full stop; one term is expected")
        return term

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _peek(self) -> str:
        token = self._tokens[self._next]
        return token.text if token.kind == "mark" else token.kind

    def _expect(self, mark: str) -> None:
        token = self._take()
        if token.kind != "mark" or token.text != mark:
            raise Unparsable(FORMAT, token.line, f"expected {mark}")

    def _term(self, depth: int) -> Term:
        token = self._take()
        if depth > _DEEPEST:
            raise Unparsable(FORMAT, token.line, f"terms are nested deeper than {_DEEPEST}")
        if token.kind == "mark" and token.text in "{[":
            closing = "}" if token.text == "{" else "]"
            items = self._items(closing, depth)
            return Tuple(items, token.line) if closing == "}" else List(items)
        if token.kind == "mark" and token.text == "<<":
            return self._binary()
        if token.kind == "string":
            return self._string(token)
        if token.kind in _PLAIN:
            return _plain(token)
        raise Unparsable(FORMAT, token.line, "expected an atom, number, string, binary, tuple or list")

    def _items(self, closing: str, depth: int) -> tuple[Term, ...]:
        items: list[Term] = []
        if self._peek() != closing:
            items.append(self._term(depth + 1))
            while self._peek() == ",":
                self._take()
                items.append(self._term(depth + 1))
        self._expect(closing)
        return tuple(items)

    def _string(self, token: _Token) -> str:
        """Strings that stand side by side are one."""
        text = _unescaped(token.text[1:-1], token.line)
        while self._peek() == "string":
            more = self._take()
            text += _unescaped(more.text[1:-1], more.line)
        return text

    def _binary(self) -> bytes:
        content = b""
        while self._peek() != ">>":
            token = self._take()
            if token.kind == "string":
                content += self._segment(token)
            elif token.kind == "integer" and 0 <= (number := _whole(token)) <= 255:
                content += bytes((number,))
            else:
                raise Unparsable(FORMAT, token.line, "a binary holds strings and numbers from 0 to 255")
            if self._peek() != ">>":
                self._expect(",")
        self._expect(">>")
        return content

    def _segment(self, token: _Token) -> bytes:
        text = self._string(token)
        if self._peek() == "/":
            self._take()
            kind = self._take()
            if kind.text != "utf8":
                raise Unparsable(FORMAT, kind.line, "of the types of a binary's segment, only utf8 is read")
            return text.encode()
        if any(ord(character) > 255 for character in text):
            raise Unparsable(FORMAT, token.line, "a character above 255 in a binary needs /utf8")
        return text.encode("latin-1")


_PLAIN = ("float", "based", "integer", "character", "atom")


def _plain(token: _Token) -> int | float | Atom:
    text = token.text
    if token.kind in ("integer", "based"):
        return _whole(token)
    if token.kind == "float":
        value = float(text)
        if not math.isfinite(value):
            raise Unparsable(FORMAT, token.line, "a float is out of range")
        return value
    if token.kind == "character":
        return ord(_unescaped(text[1:], token.line))
    return Atom(_unescaped(text[1:-1], token.line) if text[0] == "'" else text)


def _whole(token: _Token) -> int:
    """``16#FF`` or ``255``."""
    base, mark, digits = token.text.lstrip("+-").rpartition("#")
    if len(digits) > _DIGITS:
        raise Unparsable(FORMAT, token.line, f"a number has more than {_DIGITS} digits")
    try:
        return int(digits, int(base) if mark else 10) * (-1 if token.text[0] == "-" else 1)
    except ValueError:
        raise Unparsable(FORMAT, token.line, "a number does not fit its base") from None


def _unescaped(text: str, line: int) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        if code:
            return chr(int(code, 16))
        if match[3]:
            return chr(int(match[3], 8))
        if match[4]:
            return chr(ord(match[4]) & 0x1F)
        return _NAMED_ESCAPES.get(match[5], match[5])

    try:
        found = _ESCAPE.sub(character, text)
        found.encode()
    except (ValueError, OverflowError):
        raise Unparsable(FORMAT, line, "an escape stands for no character") from None
    return found


def _tokenize(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Unparsable(FORMAT, line, "this is no Erlang term, or a quote is not closed")
        assert match.lastgroup is not None
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup, match[0], line))
        line += match[0].count("\n")
        position = match.end()
    tokens.append(_Token("end", "", line))
    return tokens
