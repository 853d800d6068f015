"""What is audited, as a pure value: files of nodes, each read into a document of its format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from fournines.artifacts import ini
from fournines.errors import Unparsable
from fournines.findings import Place

D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment in a file that accepts what a rule says about a line, or about the file as a whole.

    ``line`` is that of the comment; ``about`` the line that it is about. Without a reason it accepts nothing.
    """

    rules: tuple[str, ...]
    reason: str
    line: int
    about: int


@dataclass(frozen=True, slots=True)
class File:
    """A file of a node: ``path`` as it is there (/etc/haproxy/haproxy.cfg), ``shown`` as a user finds it
    here.

    ``problems`` are lines that could not be understood, and that ``document`` lacks. ``mode`` is the
    permission bits on the node, None where they are not known: a copy's say nothing. ``text`` is what was
    read, None where that is no UTF-8.
    """

    node: str
    path: str
    shown: str
    document: object
    problems: tuple[Unparsable, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    mode: int | None = None
    text: str | None = field(default=None, compare=False, repr=False)

    def at(self, line: int = 0, column: int = 0) -> Place:
        """The place of a line, of a word in it; that of the whole file without one."""
        return Place(self.shown, line, column)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """An api-paste.ini: no options of the service, but the filters before it."""

    filters: ini.Document


@dataclass(frozen=True, slots=True)
class Wsgi:
    """What uWSGI is started with: no options of the service, but how it is served."""

    settings: ini.Document

    def option(self, name: str) -> ini.Entry | None:
        """The one that holds: of several the last."""
        return next((entry for section in reversed(self.settings.sections) if section.name == "uwsgi"
                     for entry in reversed(section.entries) if entry.key == name), None)


@dataclass(frozen=True, slots=True)
class Enabled:
    """A link that makes systemd start at boot what its name says; nothing of it is read."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A file or directory that could not be read, and why."""

    shown: str
    why: str


@dataclass(frozen=True, slots=True)
class Asleep:
    """A file of a program that nothing starts on any node."""

    program: str
    file: File


@dataclass(frozen=True, slots=True)
class Accepted:
    """A rule of which a cluster file accepts all that it says, why, and that file."""

    rule: str
    reason: str
    at: Place


@dataclass(frozen=True, slots=True)
class Goal:
    """How long clients may notice a single failure, and where that is stated (empty: nowhere)."""

    seconds: float
    stated: str


@dataclass(frozen=True, eq=False)
class Cloud:
    """Everything that was read, and what could not be. Each is itself: what is derived from it is kept by
    it. ``goal`` is None where nobody states one, ``read_at`` where nobody knows when it was read; ``asleep``
    are files that are not judged, ``accepted`` what is accepted wherever it is."""

    files: tuple[File, ...] = ()
    unread: tuple[Unread, ...] = ()
    goal: Goal | None = None
    read_at: datetime | None = None
    asleep: tuple[Asleep, ...] = ()
    accepted: tuple[Accepted, ...] = ()

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """The names of all nodes with files, in order."""
        return tuple(dict.fromkeys(file.node for file in self.files))

    def documents(self, kind: type[D]) -> Iterator[tuple[File, D]]:
        """The files whose documents are of that class, each with its document."""
        for file in self.files:
            if isinstance(file.document, kind):
                yield file, file.document
