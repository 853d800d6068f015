"""What a node itself is set to: memcached's command line, and the kernel's settings.

Sources: memcached(1); sysctl.d(5), where of the files the last in order of their names holds.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from fournines.artifacts import memcached, sysctl, systemd
from fournines.audit.cloud import Cloud, File
from fournines.errors import Unparsable
from fournines.findings import Place


@dataclass(frozen=True, slots=True)
class Cache:
    """The memcached of one node: its options with their places, and whether everything that sets them is
    here."""

    node: str
    options: tuple[tuple[memcached.Option, Place], ...]
    at: Place

    def values(self, name: str) -> tuple[tuple[str, Place], ...]:
        """The values of all options of that name."""
        return tuple((option.value, at) for option, at in self.options if option.name == name)


@lru_cache(maxsize=1)
def caches(cloud: Cloud) -> tuple[Cache, ...]:
    """The memcached of each node: of a unit's command where a drop-in sets one, else of memcached.conf."""
    found: dict[str, Cache] = {}
    for file, document in cloud.documents(memcached.Document):
        options = tuple((option, file.at(option.line)) for option in document.options)
        found[file.node] = Cache(file.node, options, file.at())
    for file, unit in cloud.documents(systemd.Document):
        options = tuple(_of_unit(file, unit))
        if options:
            found[file.node] = Cache(file.node, options, file.at())
    return tuple(found.values())


def _of_unit(file: File, unit: systemd.Document) -> Iterator[tuple[memcached.Option, Place]]:
    """The options of the last ExecStart that is a memcached; Debian's wrapper reads memcached.conf
    instead."""
    for section in unit.sections:
        for entry in section.entries:
            if section.name != "Service" or entry.key != "ExecStart":
                continue
            try:
                words = shlex.split(entry.value)
                if words and words[0].rpartition("/")[2] == "memcached":
                    yield from ((option, file.at(entry.line))
                                for option in memcached.of_words(words[1:], entry.line))
            except (ValueError, Unparsable):
                continue   # systemd's quoting is its own; what cannot be split is not judged


@lru_cache(maxsize=1)
def kernel_settings(cloud: Cloud) -> dict[str, dict[str, tuple[str, Place]]]:
    """Node -> key -> (value, place), for nodes with at least one file of settings."""
    found: dict[str, dict[str, tuple[str, Place]]] = {}
    files = sorted(cloud.documents(sysctl.Document), key=lambda pair: pair[0].path.rpartition("/")[2])
    for file, document in files:
        settings = found.setdefault(file.node, {})
        for entry in document.entries:
            key = entry.key.removeprefix("-").replace("/", ".")
            settings[key] = (entry.value, file.at(entry.line))
    return found
