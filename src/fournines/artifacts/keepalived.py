"""keepalived.conf: lines of words, and blocks of lines in braces, nested.

A block's lines are settings (``vrrp_instance``) or values (``virtual_ipaddress``); both are lines here.
Source: keepalived.conf(5) and keepalived's lib/parser.c. Most keywords know double quotes but no escapes in
them, so a word may hold blanks and comment characters, but neither a double quote nor a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from fournines.artifacts.document import Complain, Scalar, notice, numbered, refuse, text_of, writable
from fournines.errors import Unparsable, Unwritable

FORMAT = "keepalived.conf"


@dataclass(frozen=True, slots=True)
class Line:
    """A keyword and its values, or a value alone."""

    words: tuple[str, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Block:
    """``words { items }``."""

    words: tuple[str, ...]
    items: tuple[Item, ...] = ()
    line: int = field(default=0, compare=False)


Item: TypeAlias = Line | Block


@dataclass(frozen=True, slots=True)
class Document:
    """A whole configuration, in order."""

    items: tuple[Item, ...] = ()


def block(keyword: str, name: str, items: Iterable[Item | Iterable[Scalar] | str]) -> Block:
    """A block; ``name`` is empty where there is none. An item: a block, a line's words, or a word."""
    return Block((keyword, name) if name else (keyword,), tuple(_item(item) for item in items))


def document(*items: Item) -> Document:
    """A configuration of these blocks."""
    return Document(items)


def _item(item: Item | Iterable[Scalar] | str) -> Item:
    if isinstance(item, Line | Block):
        return item
    return Line((item,) if isinstance(item, str) else tuple(text_of(word) for word in item))


def emit(configuration: Document) -> str:
    """The file's text; Unwritable where a word cannot be carried."""
    text = notice("!")
    for item in configuration.items:
        text += "\n" + "".join(f"{line}\n" for line in _lines(item, FORMAT, 0))
    return text


_REFUSED = '"\\$'  # quotes, escapes and parameters, which are all read inside quotes too
_BARE = re.compile(r"[^\s'#!{}@~][^\s'#!{}]*")
_LINE_BYTES = 1000  # MAXBUF is 1024: what is longer is read as two lines


def _lines(item: Item, where: str, depth: int) -> Iterable[str]:
    if not item.words:
        raise Unwritable(where, "a line has no words")
    here = f"{where}: {item.words[0]}"
    words = "    " * depth + " ".join(_word(word, here) for word in item.words)
    if len(words.encode()) > _LINE_BYTES:
        raise Unwritable(here, f"the line exceeds {_LINE_BYTES} bytes; keepalived would cut it in two")
    if isinstance(item, Line):
        yield words
        return
    yield words + " {"
    for inner in item.items:
        yield from _lines(inner, here, depth + 1)
    yield "    " * depth + "}"


def _word(word: str, where: str) -> str:
    writable(word, where, refuse=_REFUSED)
    if word in ("{", "}"):
        raise Unwritable(where, "a brace alone opens or closes a block, quoted or not")
    return word if _BARE.fullmatch(word) else f'"{word}"'


_OPEN, _CLOSE = "{", "}"
_DEEPEST = 50
_TOKEN = re.compile(r"""
      (?P<blank>[ \t\r\f\v]+)
    | (?P<comment>[\#!].*)
    | (?P<brace>[{}])
    | (?P<word>(?:"[^"]*"|'[^'"\\{}\#!]*'|\\.|[^ \t\r\f\v"\\{}\#!])+)
""", re.VERBOSE)
_QUOTED = re.compile(r"""\"([^"]*)\"|'([^'"\\{}\#!]*)'|\\(["'\\\#!{}\ ])""")


def parse(text: str, complain: Complain = refuse) -> Document:
    """The configuration that ``text`` holds; Unparsable where quotes or braces do not match.

    Parameters (``$NAME``), conditions (``@node``) and includes are left as words.
    """
    reader = _Reader()
    for number, line in numbered(text):
        try:
            for piece in _pieces(line, number):
                reader.take(piece, number)
        except Unparsable as problem:
            complain(problem)
        reader.end_line(number)
    return reader.document(complain)


class _Reader:
    """The blocks that are open, outermost first: line, words before the brace, items so far."""

    def __init__(self) -> None:
        self._open: list[tuple[int, tuple[str, ...], list[Item]]] = [(0, (), [])]
        self._words: list[str] = []

    def take(self, piece: str, number: int) -> None:
        if piece == _OPEN:
            self._open_block(number)
        elif piece == _CLOSE:
            self.end_line(number)
            if len(self._open) == 1:
                raise Unparsable(FORMAT, number, "a } closes no block")
            self._close_block()
        else:
            self._words.append(piece[1:])

    def end_line(self, number: int) -> None:
        if self._words:
            self._open[-1][2].append(Line(tuple(self._words), number))
            self._words = []

    def document(self, complain: Complain) -> Document:
        if len(self._open) > 1:
            complain(Unparsable(FORMAT, self._open[-1][0], "the block that begins here is not closed"))
        while len(self._open) > 1:
            self._close_block()
        return Document(tuple(self._open[0][2]))

    def _open_block(self, number: int) -> None:
        if len(self._open) >= _DEEPEST:
            raise Unparsable(FORMAT, number, f"blocks are nested deeper than {_DEEPEST}")
        self._open.append((*self._head(number), []))

    def _head(self, number: int) -> tuple[int, tuple[str, ...]]:
        """Line and words before a brace, which may also be those of the line before it."""
        if self._words:
            words, self._words = tuple(self._words), []
            return number, words
        items = self._open[-1][2]
        if items and isinstance(items[-1], Line):
            last = items.pop()
            return last.line, last.words
        raise Unparsable(FORMAT, number, "a block has no keyword before its {")

    def _close_block(self) -> None:
        number, words, items = self._open.pop()
        self._open[-1][2].append(Block(words, tuple(items), number))


def _pieces(line: str, number: int) -> Iterable[str]:
    """Braces as they are, and words with a mark before them: a quoted brace is a word."""
    position = 0
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            raise Unparsable(FORMAT, number, "a quote is not closed, or a backslash ends the line")
        position = match.end()
        if match.lastgroup == "brace":
            yield match[0]
        elif match.lastgroup == "word":
            yield "w" + _unquoted(match[0])


def _unquoted(word: str) -> str:
    """Without the quotes, and without the backslash before a character that would mean something alone."""
    return _QUOTED.sub(lambda match: match[match.lastindex or 0], word)
