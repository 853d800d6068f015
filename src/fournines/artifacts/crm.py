"""crm shell configuration text: statements of a keyword and words, one to a line that backslashes continue.

Read the way that somebody meant it who wrote it: a backslash with a comment behind it, or one that is missing
before a line of nothing but settings, is a problem, and the statement goes on. Sources: crmsh's cliformat.py
and parse.py, and its manual, section Configure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fournines.artifacts.document import Complain, numbered, refuse
from fournines.errors import Unparsable

FORMAT = "crm shell"
KINDS = frozenset((
    "node", "primitive", "group", "clone", "ms", "master", "bundle", "rsc_template", "location", "colocation",
    "collocation", "order", "rsc_ticket", "property", "rsc_defaults", "op_defaults", "fencing_topology",
    "monitor", "op", "role", "user", "acl_target", "acl_group", "tag", "alert", "xml", "modgroup",
))
"""What a statement may begin with, after ``crm configure`` where it is written in a script."""

_PARTS = frozenset(("params", "meta", "op", "utilization", "operations", "attributes", "instance_attributes",
                    "op_params", "op_meta"))
_COMMANDS = frozenset((
    "commit", "verify", "show", "edit", "delete", "rm", "rename", "up", "cd", "back", "end", "exit", "quit",
    "bye", "help", "refresh", "erase", "load", "save", "upgrade", "ptest", "simulate", "default-timeouts",
    "get_property", "get-property", "set", "schema", "validate_all", "validate-all", "configure", "filter",
    "cib", "cibstatus", "template", "ra", "assist", "options", "rsctest", "graph",
))
"""What stands in batches and configures nothing."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word without its quotes, and where it began: line and column from 1."""

    text: str
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)

    @property
    def setting(self) -> tuple[str, str] | None:
        """(name, value) of ``name=value``."""
        name, equals, value = self.text.partition("=")
        return (name.removeprefix("$"), value) if equals and re.fullmatch(r"[$\w.:@/#-]+", name) else None


@dataclass(frozen=True, slots=True)
class Part:
    """``params``, ``meta``, ``op`` and so on with the words behind it, up to the next of them."""

    kind: str
    words: tuple[Word, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """``kind`` words..., then parts. ``line`` is that of the keyword."""

    kind: str
    words: tuple[Word, ...] = ()
    parts: tuple[Part, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        """The first word, which names what most kinds of statement make."""
        return self.words[0].text if self.words else ""


@dataclass(frozen=True, slots=True)
class Document:
    """A batch of statements, in order."""

    statements: tuple[Statement, ...] = ()


def parse(text: str, complain: Complain = refuse) -> Document:
    """The statements that ``text`` holds; Unparsable where the crm shell would not take a line as it is
    meant."""
    statements: list[Statement] = []
    for words in _logical_lines(text, complain):
        while words and words[0].text in ("crm", "configure", "-F", "--force", "crm(live)configure#"):
            words = words[1:]
        if not words:
            continue
        head = words[0]
        if head.text in KINDS:
            statements.append(_statement(words))
        elif head.text not in _COMMANDS:
            complain(Unparsable(FORMAT, head.line, "the line begins with no statement of the crm shell"))
    return Document(tuple(statements))


def _statement(words: list[Word]) -> Statement:
    head: list[Word] = []
    parts: list[tuple[Word, list[Word]]] = []
    for word in words[1:]:
        if word.text in _PARTS and (head or words[0].text in ("rsc_defaults", "op_defaults", "property")):
            parts.append((word, []))
        elif parts:
            parts[-1][1].append(word)
        else:
            head.append(word)
    return Statement(words[0].text, tuple(head),
                     tuple(Part(word.text, tuple(inner), word.line) for word, inner in parts), words[0].line)


def _logical_lines(text: str, complain: Complain) -> Iterator[list[Word]]:
    """The words of each statement, over all its lines."""
    words: list[Word] = []
    continued = False
    for number, line in numbered(text):
        content = line.strip()
        if not content:
            # a blank line behind a backslash is that line's continuation: the statement ends here
            if words and continued:
                yield words
                words = []
            continued = False
            continue
        if content[0] == "#":
            continue
        body, goes_on = _without_backslash(line, number, complain)
        found = _words(body, number, complain)
        if words and not continued:
            if _only_settings(found) and words[0].text not in _COMMANDS:
                complain(Unparsable(FORMAT, words[-1].line, "no backslash ends the line, and the next one "
                                                            "only goes on with settings"))
            else:
                yield words
                words = []
        words.extend(found)
        continued = goes_on
    if words:
        yield words


_CONTINUED = re.compile(r"\\[ \t]*$")
_WITH_COMMENT = re.compile(r"\\[ \t]+#.*$|\\[ \t]+\([0-9]+\)[ \t]*$")


def _without_backslash(line: str, number: int, complain: Complain) -> tuple[str, bool]:
    """A line without what continues it, and whether it is continued."""
    if line.endswith("\\"):
        return line[:-1], True
    for pattern, what in ((_CONTINUED, "blanks"), (_WITH_COMMENT, "a comment")):
        match = pattern.search(line)
        if match is not None:
            complain(Unparsable(FORMAT, number, f"{what} behind the backslash: the crm shell does not take "
                                                "the next line as part of this one"))
            return line[:match.start()], True
    return line, False


def _only_settings(words: list[Word]) -> bool:
    return bool(words) and words[0].text not in KINDS and (
        (words[0].text in _PARTS and words[0].text != "op") or words[0].setting is not None)


_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_PIECE = re.compile(r"""(?P<plain>[^"'\\]+)|\\(?P<escaped>.)
                     |"(?P<weak>(?:[^"\\]|\\.)*)"|'(?P<strong>[^']*)'""", re.VERBOSE)


def _words(line: str, number: int, complain: Complain) -> list[Word]:
    """Words as a shell would take them; a comment begins with a # that begins a word."""
    words: list[Word] = []
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        if line[position] == "#" and words:
            break
        match = _WORD.match(line, position)
        if match is None:
            complain(Unparsable(FORMAT, number, "a quote is not closed"))
            words.append(Word(line[position:].strip("\"'"), number, position + 1))
            break
        words.append(Word(_unquoted(match[0]), number, position + 1))
        position = match.end()
    return words


def _unquoted(text: str) -> str:
    if not set(text) & set("\"'\\"):
        return text
    parts = []
    for piece in _PIECE.finditer(text):
        if piece["weak"] is not None:
            parts.append(re.sub(r"\\([\"\\$`])", r"\1", piece["weak"]))
        else:
            parts.append(piece["plain"] or piece["escaped"] or piece["strong"] or "")
    return "".join(parts)
