"""Galera: the server options of each node, as MariaDB or MySQL merges them from my.cnf and what it includes.

Sources: MariaDB mysys/my_default.c for the order; mysql-wsrep-options and galera-parameters of the Galera
manual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from fournines.artifacts import ini
from fournines.artifacts.ini import Dialect
from fournines.audit.cloud import Cloud, File
from fournines.findings import Place

_SERVER_GROUPS = re.compile(r"(?:mysqld|server|mariadb|mariadbd|galera)(?:-[0-9.]+)?")
_MAIN_FILES = ("/etc/my.cnf", "/etc/mysql/my.cnf")
_LINKED_FILE = "/etc/mysql/mariadb.cnf"   # Debian's my.cnf is a link to it; a copy may lack the link
_DEEPEST_INCLUDE = 10


@dataclass(frozen=True, slots=True)
class Option:
    """``name = value`` and where; ``name`` with underscores, ``value`` empty for one that stands alone."""

    name: str
    value: str
    at: Place

    @property
    def is_on(self) -> bool:
        return self.value.lower() in ("", "1", "on", "true", "yes")


@dataclass(frozen=True, slots=True)
class MissingInclude:
    """A file or directory that is included and was not among those audited."""

    path: str
    at: Place


@dataclass(frozen=True, slots=True)
class Server:
    """The database server of one node: every option that it reads, in order.

    ``stray`` are options before any [group], which stop it; ``missing`` what it includes and is not here.
    """

    node: str
    options: tuple[Option, ...]
    stray: tuple[Option, ...]
    missing: tuple[MissingInclude, ...]
    at: Place

    def option(self, *names: str) -> Option | None:
        """The last of these names, which is the one that holds."""
        return next((option for option in reversed(self.options) if option.name in names), None)

    @property
    def clustered(self) -> bool:
        """Whether anything says that this is to be a member of a Galera cluster."""
        return any(option.name.startswith("wsrep_") for option in (*self.options, *self.stray))

    @property
    def whole(self) -> bool:
        """Whether everything the server reads is here, so that an option that is nowhere is not set."""
        return not self.missing

    @property
    def members(self) -> tuple[str, ...]:
        """The hosts of wsrep_cluster_address."""
        option = self.option("wsrep_cluster_address")
        match = re.match(r"gcomm://([^?]*)", option.value) if option else None
        parts = (part.strip() for part in (match[1] if match else "").split(","))
        return tuple(part.rpartition(":")[0] if re.search(r":[0-9]+$", part) else part for part in parts
                     if part)

    @property
    def provider_options(self) -> Mapping[str, str]:
        """wsrep_provider_options, by name."""
        option = self.option("wsrep_provider_options")
        pairs = (pair.partition("=") for pair in (option.value if option else "").split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


@lru_cache(maxsize=1)
def servers(cloud: Cloud) -> tuple[Server, ...]:
    """The database server of each node with a my.cnf or a part of one."""
    found: dict[str, dict[str, tuple[File, ini.Document]]] = {}
    for file, document in cloud.documents(ini.Document):
        if document.dialect is Dialect.MY_CNF:
            found.setdefault(file.node, {})[file.path] = (file, document)
    return tuple(_server(node, files) for node, files in found.items())


def serves(document: object) -> bool:
    """Whether a file has options for the server in it: hosts of mere clients have a my.cnf, too."""
    return (isinstance(document, ini.Document) and document.dialect is Dialect.MY_CNF
            and any(_SERVER_GROUPS.fullmatch(section.name) is not None and any(
                not entry.key.startswith("!") for entry in section.entries) for section in document.sections))


def duration_s(text: str) -> float | None:
    """Galera's ISO 8601 durations, PT1M30.5S; None for anything else."""
    match = re.fullmatch(r"P(?:([0-9]+)D)?T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9.]+)S)?", text)
    if match is None:
        return None
    try:
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    except ValueError:
        return None
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _server(node: str, files: dict[str, tuple[File, ini.Document]]) -> Server:
    mains = [path for path in _MAIN_FILES if path in files]
    mains = mains or [path for path in files if path == _LINKED_FILE]
    reader = _Reader(files)
    for path in mains or sorted(files):
        reader.read(path, 0)
    first = files[mains[0] if mains else min(files)][0]
    return Server(node, tuple(reader.options), tuple(reader.stray), tuple(reader.missing),
                  reader.group or first.at())


class _Reader:
    """Reads files as the server does: an included one at the place of its include, to a depth of ten."""

    def __init__(self, files: Mapping[str, tuple[File, ini.Document]]) -> None:
        self.options: list[Option] = []
        self.stray: list[Option] = []
        self.missing: list[MissingInclude] = []
        self.group: Place | None = None   # of the first group that the server reads
        self._files = files
        self._seen: set[str] = set()   # the server would read a file again, to the same end

    def read(self, path: str, depth: int) -> None:
        if path in self._seen or depth > _DEEPEST_INCLUDE:
            return
        self._seen.add(path)
        file, document = self._files[path]
        for section in document.sections:
            serves = _SERVER_GROUPS.fullmatch(section.name) is not None
            if serves and self.group is None:
                self.group = file.at(section.line)
            for entry in section.entries:
                if entry.key.startswith("!"):
                    self._include(entry, file, depth)
                elif serves or not section.name:
                    name = entry.key.replace("-", "_").lower().removeprefix("loose_")
                    kept = self.options if serves else self.stray
                    kept.append(Option(name, entry.value or "", file.at(entry.line)))

    def _include(self, entry: ini.Entry, file: File, depth: int) -> None:
        path = entry.value or ""
        if entry.key == "!include":
            included = [path] if path in self._files else []
        else:
            directory = path.rstrip("/") + "/"
            included = sorted(name for name in self._files
                              if name.startswith(directory) and "/" not in name[len(directory):])
        if not included:
            self.missing.append(MissingInclude(path, file.at(entry.line)))
        for each in included:
            self.read(each, depth + 1)
