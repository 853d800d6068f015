"""haproxy.cfg: sections, each with its lines, each line a keyword and its arguments.

An argument is one value whatever it holds: blanks, quotes, ``#`` and line ends are quoted or escaped as in
section 2.2 of HAProxy's configuration manual (Quoting and escaping).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from fournines.artifacts.document import Complain, Scalar, notice, numbered, refuse, text_of, writable
from fournines.errors import Unparsable, Unwritable

FORMAT = "haproxy.cfg"
SECTION_KINDS = frozenset((
    "global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist",
    "cache", "program", "http-errors", "ring", "log-forward", "fcgi-app",
))

Line: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """``kind`` and its arguments (a name for most kinds, none for global), then its lines of words.

    Where it was read: ``number`` is the line it begins on, and ``numbers`` those of its lines.
    """

    kind: str
    arguments: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    number: int = field(default=0, compare=False)
    numbers: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole configuration, in order."""

    sections: tuple[Section, ...] = ()


def section(kind: str, name: str, lines: Iterable[Iterable[Scalar]]) -> Section:
    """A section; ``name`` is empty for global and defaults. Each line: a keyword, then its arguments."""
    words = tuple(tuple(text_of(word) for word in line) for line in lines)
    return Section(kind, (name,) if name else (), words)


def document(*sections: Section) -> Document:
    """A configuration of these sections."""
    return Document(sections)


def emit(configuration: Document) -> str:
    """The file's text; Unwritable where a word cannot be carried."""
    text = [notice()]
    for part in configuration.sections:
        if part.kind not in SECTION_KINDS:
            raise Unwritable(FORMAT, f"there is no section of the kind {part.kind!r}")
        where = " ".join((FORMAT, part.kind, *part.arguments))
        text.append("\n" + _words((part.kind, *part.arguments), where) + "\n")
        for line in part.lines:
            if not line or not line[0] or line[0] in SECTION_KINDS:
                raise Unwritable(where, "a line must begin with a keyword that does not start a section")
            text.append("    " + _words(line, f"{where}: {line[0]}") + "\n")
    return "".join(text)


_MAX_WORDS = 64  # MAX_LINE_ARGS in HAProxy's defaults.h
_BARE = re.compile(r"[^\s\\\"'#]+")
_ESCAPES = {" ": "\\ ", "\\": "\\\\", "#": "\\#", "'": "\\'", '"': '\\"',
            "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _words(words: Line, where: str) -> str:
    if len(words) > _MAX_WORDS:
        raise Unwritable(where, f"a line has {len(words)} words, HAProxy reads at most {_MAX_WORDS}")
    return " ".join(_word(word, where) for word in words)


def _word(word: str, where: str) -> str:
    writable(word, where, allow="\n\r\t")
    if _BARE.fullmatch(word):
        return word
    if not set(word) & set("'\n\r\t"):
        return f"'{word}'"
    return "".join(_ESCAPES.get(character, character) for character in word)


def parse(text: str, complain: Complain = refuse) -> Document:
    """The configuration that ``text`` holds; Unparsable where HAProxy would not read it as one.

    Environment variables in double quotes are left as they stand.
    """
    found: list[tuple[int, Line, list[Line], list[int]]] = []
    for number, line in numbered(text):
        try:
            words = _split(line, number)
        except Unparsable as problem:
            complain(problem)
            continue
        if not words:
            continue
        if words[0] in SECTION_KINDS:
            found.append((number, words, [], []))
        elif not found:
            complain(Unparsable(FORMAT, number, "a line stands before the first section"))
        else:
            found[-1][2].append(words)
            found[-1][3].append(number)
    return Document(tuple(Section(head[0], head[1:], tuple(lines), number, tuple(numbers))
                          for number, head, lines, numbers in found))


_UNESCAPES = {b" ": b" ", b"\\": b"\\", b"#": b"#", b"'": b"'", b'"': b'"',
              b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_TOKEN = re.compile(r"""
      (?P<blank>[ \t\r\f\v]+)
    | (?P<comment>\#.*)
    | '(?P<strong>[^']*)'
    | "(?P<weak>(?:[^"\\]|\\.)*)"
    | (?P<plain>(?:[^ \t\r\f\v"'\\\#]|\\.)+)
""", re.VERBOSE | re.DOTALL)
_PLAIN_LINE = re.compile(r"[^\"'\\#]*")
_PLAIN_WORDS = re.compile(r"[^ \t\r\f\v]+")
_ESCAPED = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)


def _split(line: str, number: int) -> Line:
    if _PLAIN_LINE.fullmatch(line):   # nearly all lines, and ten times as fast
        return tuple(_PLAIN_WORDS.findall(line))
    words: list[str] = []
    joined = False  # whether the next piece belongs to the last word: a'b c'd is one word
    position = 0
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            raise Unparsable(FORMAT, number, "a quote is not closed, or a backslash ends the line")
        position = match.end()
        if match.lastgroup == "comment":
            break
        if match.lastgroup == "blank":
            joined = False
            continue
        assert match.lastgroup is not None
        piece = match[match.lastgroup]
        piece = piece if match.lastgroup == "strong" else _unescaped(piece, number, match.lastgroup == "weak")
        if joined:
            words[-1] += piece
        else:
            words.append(piece)
        joined = True
    return tuple(words)


def _unescaped(piece: str, number: int, in_quotes: bool) -> str:
    """Escapes stand for bytes, hence the detour; a backslash before any other character is one."""
    def byte(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes((int(match[1], 16),))
        if match[2] == b"$" and in_quotes:
            return b"$"
        return _UNESCAPES.get(match[2], match[0])

    try:
        return _ESCAPED.sub(byte, piece.encode()).decode()
    except UnicodeError:
        raise Unparsable(FORMAT, number, "an escape makes bytes that are no UTF-8") from None
