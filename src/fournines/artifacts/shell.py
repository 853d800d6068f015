"""Scripts of shells and of the database's client, as far as the commands go that they run one after another.

No script is refused: what is no command means nothing here.
Source: POSIX, Shell Command Language, 2.2 (Quoting) and 2.9 (Shell Commands).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fournines.artifacts.document import Complain, numbered, refuse

_PREFIXES = frozenset(("sudo", "env", "nohup", "exec", "time", "then", "do", "else", "if", "while", "!", "{",
                       "("))


@dataclass(frozen=True, slots=True)
class Command:
    """The words of a command without what only runs it (sudo, assignments); quotes are taken off."""

    words: tuple[str, ...]
    line: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """``mysqld`` for /usr/sbin/mysqld."""
        return self.words[0].rpartition("/")[2]

    @property
    def plain(self) -> tuple[str, ...]:
        """The words behind the name that are no options."""
        return tuple(word for word in self.words[1:] if not word.startswith("-"))

    def has(self, *options: str) -> bool:
        """Whether one of these options is given, alone or with a value behind ``=``."""
        return any(word.partition("=")[0] in options for word in self.words[1:])


@dataclass(frozen=True, slots=True)
class Document:
    """The commands of a script, in order."""

    commands: tuple[Command, ...] = ()


def parse(text: str, complain: Complain = refuse) -> Document:
    """The commands in ``text``. Never complains: a shell's language is more than what is read here."""
    return Document(tuple(_commands(text)))


def parse_sql(text: str, complain: Complain = refuse) -> Document:
    """A script of SQL as the commands that run its lines: ``mysql -e LINE``. Never complains either."""
    return Document(tuple(Command(("mysql", "-e", line.strip()), number) for number, line in numbered(text)
                          if line.strip() and not line.lstrip().startswith(("--", "#", "/*"))))


_TOKEN = re.compile(r"""
      (?P<blank>[ \t]+)
    | (?P<comment>\#.*)
    | (?P<end>&&|\|\||[;|&()])
    | (?P<word>(?:[^\s"'\\;|&()\#]|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|(?<=[^\s;|&])\#)+)
    | (?P<other>.)
""", re.VERBOSE)
_PIECE = re.compile(r"""(?P<plain>[^"'\\]+)|\\(?P<escaped>.)
                     |"(?P<weak>(?:[^"\\]|\\.)*)"|'(?P<strong>[^']*)'""", re.VERBOSE)


def _commands(text: str) -> Iterator[Command]:
    words: list[str] = []
    first = 0
    for number, line in numbered(text):
        continued = line.endswith("\\")
        for token in _TOKEN.finditer(line[:-1] if continued else line):
            if token.lastgroup == "comment":
                break
            if token.lastgroup == "end":
                yield from _command(words, first)
                words = []
            elif token.lastgroup == "word":
                first = first if words else number
                words.append(_unquoted(token[0]))
        if not continued:
            yield from _command(words, first)
            words = []
    yield from _command(words, first)


def _command(words: list[str], line: int) -> Iterator[Command]:
    start = 0
    while start < len(words) and (words[start] in _PREFIXES or re.match(r"[A-Za-z_]\w*=", words[start])):
        start += 1
    if start < len(words) and words[start].rpartition("/")[2]:
        yield Command(tuple(words[start:]), line)


def _unquoted(text: str) -> str:
    if not set(text) & set("\"'\\"):
        return text
    return "".join(piece["plain"] or piece["escaped"] or piece["weak"] or piece["strong"] or ""
                   for piece in _PIECE.finditer(text))
