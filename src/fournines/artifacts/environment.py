"""Files of ``KEY=value`` that both systemd (``EnvironmentFile=``) and a shell (``. file``) read alike.

Values are double-quoted where they must be; inside, both readers know exactly four escapes: of the double
quote, the backslash, the dollar sign and the backquote. Sources: systemd.exec(5), its env-file.c, POSIX sh.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fournines.artifacts.document import Scalar, notice, text_of, writable
from fournines.errors import Unparsable, Unwritable

FORMAT = "environment file"


@dataclass(frozen=True, slots=True)
class Entry:
    """``KEY=value``."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file of assignments, in order; of two for one key the last holds."""

    entries: tuple[Entry, ...] = ()


def document(variables: Mapping[str, Scalar]) -> Document:
    """A file of these variables."""
    return Document(tuple(Entry(key, text_of(value)) for key, value in variables.items()))


_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")


def emit(variables: Document) -> str:
    """The file's text; Unwritable where a key is no variable's name or a value has control characters."""
    lines = [notice()]
    for entry in variables.entries:
        if not _KEY.fullmatch(entry.key):
            raise Unwritable(FORMAT, "a name is ASCII letters, digits and _, and begins with no digit")
        value = writable(entry.value, f"{FORMAT} {entry.key}", allow="\n\t")
        if not _BARE.fullmatch(value):
            value = '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'
        lines.append(f"{entry.key}={value}\n")
    return "".join(lines)


_BLANK_LINE = re.compile(r"[ \t\r]*(?:[#;][^\n]*)?(?:\n|\Z)")
_ASSIGNMENT = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=")
_PIECE = re.compile(r"""'(?P<strong>[^']*)'|"(?P<weak>(?:[^"\\]|\\.)*)"|(?P<plain>(?:[^\s'"\\]|\\.)+)""",
                    re.DOTALL)
_LINE_END = re.compile(r"[ \t\r]*(?:[ \t]#[^\n]*)?(?:\n|\Z)")


def parse(text: str) -> Document:
    """The assignments that ``text`` holds; Unparsable where a line is none. Nothing is substituted."""
    entries: list[Entry] = []
    position = 0
    while position < len(text):
        blank = _BLANK_LINE.match(text, position)
        if blank is not None:
            position = blank.end()
            continue
        number = text.count("\n", 0, position) + 1
        head = _ASSIGNMENT.match(text, position)
        if head is None:
            raise Unparsable(FORMAT, number, "a variable is written KEY=value")
        value, position = _value(text, head.end())
        end = _LINE_END.match(text, position)
        if end is None:
            raise Unparsable(FORMAT, number, "a value with blanks needs quotes, and a quote needs its end")
        position = end.end()
        entries.append(Entry(head[1], value))
    return Document(tuple(entries))


def _value(text: str, position: int) -> tuple[str, int]:
    value = ""
    while (piece := _PIECE.match(text, position)) is not None:
        position = piece.end()
        if piece["strong"] is not None:
            value += piece["strong"]
        elif piece["weak"] is not None:
            value += re.sub(r'\\(?:(["\\$`])|\n)', r"\1", piece["weak"])
        else:
            value += re.sub(r"\\(?:\n|(.))", r"\1", piece["plain"])
    return value, position
