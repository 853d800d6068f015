"""Ini files in the three dialects that the cluster's programs read: my.cnf (MariaDB), oslo.config and uWSGI.

Keys may repeat (multi-valued options of oslo.config, ``plugin_load_add``) and, in my.cnf, stand bare.
Sources: MariaDB mysys/my_default.c, oslo_config/iniparser.py and cfg.py, uWSGI core/ini.c.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
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
from fournines.errors import Unparsable, Unwritable


class Dialect(StrEnum):
    """Who reads the file."""

    MY_CNF = "my.cnf"
    OSLO = "oslo.config"
    UWSGI = "uwsgi"


@dataclass(frozen=True, slots=True)
class Entry:
    """``key = value``; ``value`` None is a key that stands alone (my.cnf only)."""

    key: str
    value: str | None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Section:
    """``[name]`` and its entries, in order."""

    name: str
    entries: tuple[Entry, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A file in one dialect. A section may come twice; programs read both as one."""

    dialect: Dialect
    sections: tuple[Section, ...] = ()


Value: TypeAlias = Scalar | Sequence[Scalar] | None
Sections: TypeAlias = Mapping[str, Mapping[str, Value]]

_NOT_IN_NAMES = "[]%"
_NOT_IN_KEYS = "=:#;[]%\"'\\! "
_INCLUDES = ("!include", "!includedir")  # my.cnf: entries with the path for a value
_MY_CNF_LINE_BYTES = 4094  # my_default.c reads with a buffer of 4096; what is longer is cut in two
_MY_CNF_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b"}
_MY_CNF_UNESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "s": " ", '"': '"', "'": "'", "\\": "\\"}


def my_cnf(sections: Sections) -> Document:
    """MariaDB's dialect: True is ``ON``, None a bare key, a list one line for each item."""
    return _document(Dialect.MY_CNF, sections, "ON", "OFF")


def oslo(sections: Sections) -> Document:
    """The dialect of OpenStack services: a list is a multi-valued option; ``$`` is a plain character."""
    return _document(Dialect.OSLO, sections, "true", "false")


def uwsgi(sections: Sections) -> Document:
    """uWSGI's dialect: a list is an option given several times."""
    return _document(Dialect.UWSGI, sections, "true", "false")


def emit(document: Document) -> str:
    """The file's text; Unwritable where the dialect cannot carry a name or a value."""
    lines = [notice()]
    for section in document.sections:
        where = f"{document.dialect} section"
        lines.append(f"\n[{named(section.name, where, refuse=_NOT_IN_NAMES)}]\n")
        lines += [_line(document.dialect, section.name, entry) + "\n" for entry in section.entries]
    return "".join(lines)


def parse(text: str, dialect: Dialect, complain: Complain = refuse) -> Document:
    """The document that ``text`` holds, read as its program does; Unparsable where that would refuse it.

    A ``complain`` that returns gets the settings before the first section too, in one without a name.
    """
    reader = _Reader(dialect, complain)
    for number, line in numbered(text):
        try:
            reader.read(number, line)
        except Unparsable as problem:
            complain(problem)
    return reader.document()


class _Reader:
    """What was read so far: sections by name and line, and the lines of a value that may go on."""

    def __init__(self, dialect: Dialect, complain: Complain) -> None:
        self._dialect = dialect
        self._complain = complain
        self._sections: list[tuple[str, int, list[Entry]]] = []
        self._last: Entry | None = None   # may be continued (oslo.config)
        self._more: list[str] = []

    def read(self, number: int, line: str) -> None:
        stripped = line.strip()
        if self._dialect is Dialect.OSLO and line[:1] in (" ", "\t") and stripped:
            if self._last is None:
                raise Unparsable(self._dialect, number, "an indented line continues a value, and there is "
                                                        "none")
            self._more.append(stripped)
            return
        self._end_value()
        if not stripped or stripped[0] in "#;":
            return
        if stripped[0] == "[":
            self._sections.append((_section_name(self._dialect, stripped, number), number, []))
            return
        entry = _entry(self._dialect, stripped, number)
        if not self._sections:
            self._complain(Unparsable(self._dialect, number, "a setting stands before the first [section]"))
            self._sections.append(("", number, []))
        self._sections[-1][2].append(entry)
        self._last = entry

    def _end_value(self) -> None:
        if self._last is not None and self._more:
            value = "\n".join([self._last.value or "", *self._more])
            self._sections[-1][2][-1] = Entry(self._last.key, value, self._last.line)
        self._last, self._more = None, []

    def document(self) -> Document:
        self._end_value()
        return Document(self._dialect, tuple(Section(name, tuple(entries), number)
                                             for name, number, entries in self._sections))


def _document(dialect: Dialect, sections: Sections, yes: str, no: str) -> Document:
    def entries(settings: Mapping[str, Value]) -> tuple[Entry, ...]:
        made: list[Entry] = []
        for key, value in settings.items():
            if value is None:
                made.append(Entry(key, None))
            elif isinstance(value, Sequence) and not isinstance(value, str):
                made += [Entry(key, text_of(item, yes, no)) for item in value]
            else:
                made.append(Entry(key, text_of(value, yes, no)))
        return tuple(made)

    return Document(dialect, tuple(Section(name, entries(settings)) for name, settings in sections.items()))


# ---------------------------------------------------------------------------------------------------- writing


def _line(dialect: Dialect, section: str, entry: Entry) -> str:
    where = f"{dialect} [{section}] {entry.key}"
    naming = f"{dialect} [{section}]: the name of a setting"
    if dialect is Dialect.MY_CNF and entry.key in _INCLUDES and entry.value:
        return f"{entry.key} {unpadded(writable(entry.value, where), where)}"
    key = named(entry.key, naming, refuse=_NOT_IN_KEYS)
    if entry.value is None:
        if dialect is not Dialect.MY_CNF:
            raise Unwritable(where, "has no value, and only my.cnf has keys that stand alone")
        return key
    line = f"{key} = {_WRITE[dialect](entry.value, where)}".rstrip()
    if dialect is Dialect.MY_CNF and len(line.encode()) > _MY_CNF_LINE_BYTES:
        raise Unwritable(where, f"the line exceeds {_MY_CNF_LINE_BYTES} bytes; MariaDB would cut it in two")
    return line


def _write_my_cnf(value: str, where: str) -> str:
    writable(value, where, allow="\n\t\r\b")
    if value and value == value.strip() and not re.search(r"[\\\"'#\n\t\r\b]", value):
        return value
    if not value:
        return ""
    return '"' + "".join(_MY_CNF_ESCAPES.get(character, character) for character in value) + '"'


def _write_oslo(value: str, where: str) -> str:
    writable(value, where, allow="\t")
    escaped = value.replace("$", "\\$")
    quote = escaped != escaped.strip() or (escaped and escaped[0] == escaped[-1] and escaped[0] in "\"'")
    return f'"{escaped}"' if quote else escaped


def _write_uwsgi(value: str, where: str) -> str:
    """``%`` is doubled against magic variables; uWSGI replaces the other three even so."""
    unpadded(writable(value, where), where)
    for opening in ("%(", "$(", "@("):
        if opening in value:
            raise Unwritable(where, f"holds {opening}, which uWSGI replaces by something else")
    return value.replace("%", "%%")


_WRITE = {Dialect.MY_CNF: _write_my_cnf, Dialect.OSLO: _write_oslo, Dialect.UWSGI: _write_uwsgi}

# ---------------------------------------------------------------------------------------------------- reading


def _section_name(dialect: Dialect, line: str, number: int) -> str:
    name, bracket, rest = line[1:].partition("]")
    if not bracket or not name.strip():
        raise Unparsable(dialect, number, "a section is written [name]")
    if rest.strip() and dialect is not Dialect.MY_CNF:
        raise Unparsable(dialect, number, "nothing may follow the ] of a section")
    return name.strip()


def _entry(dialect: Dialect, line: str, number: int) -> Entry:
    if dialect is Dialect.MY_CNF:
        directive, _, path = line.partition(" ")
        if directive in _INCLUDES and path.strip():
            return Entry(directive, path.strip(), number)
        line = _without_comment(line)
    separators = ":=" if dialect is Dialect.OSLO else "="
    match = re.match(rf"([^{separators}]*)([{separators}]?)(.*)", line)
    assert match is not None
    key, separator, value = match[1].strip(), match[2], match[3].strip()
    if not key:
        raise Unparsable(dialect, number, "a setting has no name")
    if not separator:
        if dialect is Dialect.OSLO:
            raise Unparsable(dialect, number, "a setting is written: name = value")
        return Entry(key, None if dialect is Dialect.MY_CNF else "", number)
    return Entry(key, _READ[dialect](value), number)


def _without_comment(line: str) -> str:
    """my.cnf: a # outside quotes ends the line; a backslash protects a quote only inside quotes."""
    quote, escaped = "", False
    for position, character in enumerate(line):
        if character in "\"'" and not escaped:
            quote = "" if quote == character else quote or character
        if not quote and character == "#":
            return line[:position]
        escaped = bool(quote) and character == "\\" and not escaped
    return line


def _read_my_cnf(value: str) -> str:
    if len(value) > 1 and value[0] in "\"'" and value[0] == value[-1]:
        value = value[1:-1]
    return re.sub(r"\\([ntrbs\"'\\])", lambda match: _MY_CNF_UNESCAPES[match[1]], value)


def _read_oslo(value: str) -> str:
    if value and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return value.replace("\\$", "$")


def _read_uwsgi(value: str) -> str:
    return value.replace("%%", "%")


_READ = {Dialect.MY_CNF: _read_my_cnf, Dialect.OSLO: _read_oslo, Dialect.UWSGI: _read_uwsgi}
