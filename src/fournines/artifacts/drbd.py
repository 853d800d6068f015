"""drbd.conf and its .res files: statements of words, which end with ; or hold further ones in braces.

``include`` is a statement like any other: its file or pattern is a value; to read it is left to the caller.
Source: user/v84 and user/v9 of drbd-utils, ``drbdadm_scanner.fl`` (words, quotes, limits) and
``drbdadm_parser.c``; drbd.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from fournines.artifacts.document import Complain, Scalar, notice, numbered, refuse, text_of, writable
from fournines.errors import Unparsable, Unwritable

FORMAT = "drbd.conf"


@dataclass(frozen=True, slots=True)
class Statement:
    """``words;`` such as ``device minor 0;`` or ``include "drbd.d/*.res";``."""

    words: tuple[str, ...]
    line: int = field(default=0, compare=False)

    @property
    def keyword(self) -> str:
        return self.words[0]

    @property
    def value(self) -> str:
        """All after the keyword, with single blanks."""
        return " ".join(self.words[1:])


@dataclass(frozen=True, slots=True)
class Section:
    """``words { items }`` such as ``resource mysql { ... }`` or ``on node1 { ... }``."""

    words: tuple[str, ...]
    items: tuple[Item, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def keyword(self) -> str:
        return self.words[0]

    @property
    def sections(self) -> tuple[Section, ...]:
        """Those right below this one."""
        return tuple(item for item in self.items if isinstance(item, Section))

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Those right below this one."""
        return tuple(item for item in self.items if isinstance(item, Statement))

    def all(self, keyword: str) -> tuple[Section, ...]:
        """The sections of that keyword right below this one."""
        return tuple(section for section in self.sections if section.keyword == keyword)

    def last(self, keyword: str) -> Statement | None:
        """The statement of that keyword right below this one; of two the last holds."""
        return next((each for each in reversed(self.statements) if each.keyword == keyword), None)


Item: TypeAlias = Statement | Section


@dataclass(frozen=True, slots=True)
class Document:
    """A whole file, in order."""

    items: tuple[Item, ...] = ()

    @property
    def sections(self) -> tuple[Section, ...]:
        """Those at the top."""
        return tuple(item for item in self.items if isinstance(item, Section))

    @property
    def includes(self) -> tuple[Statement, ...]:
        """What the file includes: ``value`` is a file or a pattern, relative to the file's directory."""
        return tuple(item for item in self.items
                     if isinstance(item, Statement) and item.keyword == "include")


def section(words: str, items: Iterable[Item | Iterable[Scalar]]) -> Section:
    """A section; ``words`` are split at blanks. An item is a section, a statement, or a statement's words."""
    return Section(tuple(words.split()), tuple(_item(item) for item in items))


def document(*items: Item) -> Document:
    """A file of these items."""
    return Document(items)


def _item(item: Item | Iterable[Scalar]) -> Item:
    if isinstance(item, Statement | Section):
        return item
    return Statement(tuple(text_of(word, "yes", "no") for word in item))


def emit(configuration: Document) -> str:
    """The file's text; Unwritable where a word cannot be carried."""
    return notice() + "".join(f"{line}\n" for item in configuration.items for line in _lines(item, FORMAT, 0))


# An address and its port are three words to the scanner, and one to whoever reads the file.
_BARE = re.compile(r"[a-zA-Z0-9/._-]{1,128}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}:[0-9]{1,5}")
_KEYWORD = re.compile(r"[a-zA-Z0-9/._-]{1,128}")
_MOST_QUOTED = 255  # bytes between quotes, a character with its backslash counted once
_DEEPEST = 50


def _lines(item: Item, where: str, depth: int) -> Iterator[str]:
    if not item.words or not _KEYWORD.fullmatch(item.words[0]):
        raise Unwritable(where, "a statement begins with a keyword of letters, digits and - . _ /")
    here = f"{where}: {item.words[0]}"
    words = "    " * depth + " ".join(_word(word, here) for word in item.words)
    if isinstance(item, Statement):
        yield f"{words};"
        return
    if depth >= _DEEPEST:
        raise Unwritable(here, f"sections are nested deeper than {_DEEPEST}")
    yield f"{words} {{"
    for inner in item.items:
        yield from _lines(inner, here, depth + 1)
    yield "    " * depth + "}"


def _word(word: str, where: str) -> str:
    if _BARE.fullmatch(word):
        return word
    if len(writable(word, where).encode()) > _MOST_QUOTED:
        raise Unwritable(where, f"a word exceeds {_MOST_QUOTED} bytes", hint="write a shorter one")
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


_TOKEN = re.compile(r"""
      (?P<blank>[ \t\r]+)
    | (?P<comment>\#.*)
    | (?P<mark>[{};])
    | (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<word>[a-zA-Z0-9/._:\[\]%-]+)
""", re.VERBOSE)
_ESCAPED = re.compile(r"\\(.)")


def parse(text: str, complain: Complain = refuse) -> Document:
    """The configuration that ``text`` holds; Unparsable where quotes or braces do not match, or a statement
    has no end."""
    reader = _Reader()
    for number, line in numbered(text):
        try:
            for kind, piece in _pieces(line, number):
                reader.take(kind, piece, number)
        except Unparsable as problem:
            complain(problem)
    return reader.document(complain)


class _Reader:
    """The sections that are open, outermost first (line, words, items so far), and the words since the last
    mark with the line of their first."""

    def __init__(self) -> None:
        self._open: list[tuple[int, tuple[str, ...], list[Item]]] = [(0, (), [])]
        self._words: list[str] = []
        self._since = 0

    def take(self, kind: str, piece: str, number: int) -> None:
        """One word or mark."""
        if kind != "mark":
            self._since = self._since if self._words else number
            self._words.append(piece)
        elif piece == "{":
            self._open_section(number)
        elif piece == ";":
            self._end_statement(number)
        else:
            self._close_section(number)

    def _open_section(self, number: int) -> None:
        words, since = self._taken(), self._since
        if not words:
            raise Unparsable(FORMAT, number, "a section has no keyword before its {")
        if len(self._open) > _DEEPEST:
            raise Unparsable(FORMAT, number, f"sections are nested deeper than {_DEEPEST}")
        self._open.append((since, words, []))

    def _end_statement(self, number: int) -> None:
        words, since = self._taken(), self._since
        if not words:
            raise Unparsable(FORMAT, number, "a ; ends no statement")
        self._open[-1][2].append(Statement(words, since))

    def _close_section(self, number: int) -> None:
        words, since = self._taken(), self._since
        if len(self._open) == 1:
            raise Unparsable(FORMAT, number, "a } closes no section")
        self._pop()
        if words:
            raise Unparsable(FORMAT, since, f"the statement {words[0]} does not end with ;")

    def _taken(self) -> tuple[str, ...]:
        words, self._words = tuple(self._words), []
        return words

    def _pop(self) -> None:
        since, words, items = self._open.pop()
        self._open[-1][2].append(Section(words, tuple(items), since))

    def document(self, complain: Complain) -> Document:
        """All that was taken; what is still open is complained about and closed."""
        if self._words:
            complain(Unparsable(FORMAT, self._since, f"the statement {self._words[0]} does not end with ;"))
        elif len(self._open) > 1:
            complain(Unparsable(FORMAT, self._open[-1][0], "the section that begins here is not closed"))
        while len(self._open) > 1:
            self._pop()
        return Document(tuple(self._open[0][2]))


def _pieces(line: str, number: int) -> Iterator[tuple[str, str]]:
    """(kind, text) of words and marks; of a quoted word what is between its quotes."""
    position = 0
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            what = ("a quote is not closed" if line[position] == '"'
                    else f"{line[position]!r} has no meaning outside of quotes")
            raise Unparsable(FORMAT, number, what)
        position = match.end()
        if match.lastgroup == "quoted":
            yield "word", _ESCAPED.sub(r"\1", match[0][1:-1])
        elif match.lastgroup in ("word", "mark"):
            yield match.lastgroup, match[0]
