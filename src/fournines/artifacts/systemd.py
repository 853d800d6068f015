"""systemd units and drop-ins: sections of ``Key=value`` where keys repeat and an empty value resets a list.

Values are written as they are: specifiers (``%n``) and word quoting are the setting's own; ``command`` writes
an argument list so that systemd runs exactly it. Sources: systemd.syntax(7), systemd.service(5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fournines.artifacts.document import (
    Complain,
    Scalar,
    named,
    notice,
    numbered,
    refuse,
    text_of,
    unpadded,
    writable,
)
from fournines.artifacts.document import Entry as Entry
from fournines.errors import Unparsable, Unwritable

FORMAT = "systemd unit"


@dataclass(frozen=True, slots=True)
class Section:
    """``[Unit]``, ``[Service]``, ``[Install]``, ... and its entries, in order; one with an empty value resets
    what came before."""

    name: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A unit or a drop-in."""

    sections: tuple[Section, ...] = ()


Value: TypeAlias = Scalar | Sequence[Scalar]


def document(sections: Mapping[str, Mapping[str, Value]]) -> Document:
    """A unit; True is ``yes``; a list is a line for each item, so ``["", command(...)]`` resets and sets."""
    def entries(settings: Mapping[str, Value]) -> tuple[Entry, ...]:
        made: list[Entry] = []
        for key, value in settings.items():
            items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            made += [Entry(key, text_of(item, "yes", "no")) for item in items]
        return tuple(made)

    return Document(tuple(Section(name, entries(settings)) for name, settings in sections.items()))


def command(argv: Sequence[Scalar]) -> str:
    """The value of an ``Exec*=`` setting that runs exactly this: quotes, ``%`` and ``$`` are plain."""
    return " ".join(word(text_of(argument)).replace("$", "$$") for argument in argv)


def word(text: str) -> str:
    """One word of a setting that splits its value, such as ``Environment=``; quoted where it must be."""
    writable(text, f"{FORMAT}: a word", allow="\n\t\r")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    escaped = escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    bare = text and "\\" not in escaped and not any(each.isspace() or each in "';" for each in text)
    return escaped if bare else f'"{escaped}"'


def emit(unit: Document) -> str:
    """The file's text; Unwritable where a name or value cannot be carried."""
    lines = [notice()]
    for section in unit.sections:
        lines.append(f"\n[{named(section.name, f'{FORMAT} section', refuse='[]')}]\n")
        for entry in section.entries:
            where = f"{FORMAT} [{section.name}] {entry.key}"
            key = named(entry.key, f"{FORMAT} [{section.name}]: the name of a setting", refuse="=[]#; \\")
            value = unpadded(writable(entry.value, where, allow="\t"), where)
            if value.endswith("\\"):
                raise Unwritable(where, "ends with a backslash, which would join the next line to it")
            lines.append(f"{key}={value}\n")
    return "".join(lines)


def parse(text: str, complain: Complain = refuse) -> Document:
    """The unit that ``text`` holds, continued lines joined; Unparsable where systemd would ignore a line."""
    found: list[tuple[str, list[Entry]]] = []
    for number, line in _logical_lines(text):
        if line.startswith("["):
            if not line.endswith("]") or len(line) < 3:
                complain(Unparsable(FORMAT, number, "a section is written [Name]"))
            else:
                found.append((line[1:-1], []))
            continue
        key, separator, value = line.partition("=")
        if not separator or not key.strip():
            complain(Unparsable(FORMAT, number, "a setting is written Key=value"))
        elif not found:
            complain(Unparsable(FORMAT, number, "a setting stands before the first [Section]"))
        else:
            found[-1][1].append(Entry(key.strip(), value.strip(), number))
    return Document(tuple(Section(name, tuple(entries)) for name, entries in found))


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """(number of the first line, text) without comments, which may also stand between continued lines."""
    joined: list[tuple[int, list[str]]] = []
    continued = False
    for number, line in numbered(text):
        if line.lstrip()[:1] in ("#", ";"):
            continue
        body = line[:-1] + " " if line.endswith("\\") else line
        if continued:
            joined[-1][1].append(body)
        else:
            joined.append((number, [body]))
        continued = line.endswith("\\")
    whole = ((number, "".join(bodies).strip()) for number, bodies in joined)
    return [(number, line) for number, line in whole if line]
