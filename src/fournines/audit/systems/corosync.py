"""Corosync: the membership of each node's corosync.conf, and the times that follow from it.

Sources: corosync.conf(5), votequorum(5). A later section of the same name adds to an earlier one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from fournines.artifacts import corosync
from fournines.artifacts.corosync import Entry, Section
from fournines.audit.cloud import Cloud, File
from fournines.findings import Place

DEFAULT_TOKEN_MS = 3000
DEFAULT_COEFFICIENT_MS = 650
DEFAULT_JOIN_MS = 50
CONSENSUS_FACTOR = 1.2


@dataclass(frozen=True, slots=True)
class Membership:
    """One corosync.conf."""

    file: File
    document: corosync.Document

    def sections(self, *path: str) -> tuple[Section, ...]:
        """All sections of that path, such as ("nodelist", "node")."""
        found = self.document.sections
        for depth, name in enumerate(path):
            found = tuple(section for section in found if section.name == name)
            if depth < len(path) - 1:
                found = tuple(inner for section in found for inner in section.sections)
        return found

    def entry(self, section: str, key: str) -> Entry | None:
        """The last of that key in the sections of that name."""
        return next((entry for each in reversed(self.sections(section))
                     if (entry := each.last(key)) is not None), None)

    def value(self, section: str, key: str, default: str = "") -> str:
        entry = self.entry(section, key)
        return entry.value if entry is not None else default

    def number(self, section: str, key: str, default: int) -> int:
        value = self.value(section, key)
        return int(value) if re.fullmatch(r"[0-9]{1,12}", value) else default

    def at(self, section: str, key: str = "") -> Place:
        """The place of a setting, else of its section, else the file."""
        entry = self.entry(section, key)
        if entry is not None:
            return self.file.at(entry.line)
        found = self.sections(section)
        return self.file.at(found[0].line if found else 0)

    @property
    def nodes(self) -> tuple[Section, ...]:
        return self.sections("nodelist", "node")

    @property
    def links(self) -> int:
        """How many carry heartbeats."""
        rings = max((len({entry.key for entry in node.entries if re.fullmatch("ring[0-7]_addr", entry.key)})
                     for node in self.nodes), default=0)
        return max(rings, len(self.sections("totem", "interface")), 1)

    @property
    def has_device(self) -> bool:
        return bool(self.sections("quorum", "device"))

    @property
    def transport(self) -> str:
        """As set; of Corosync 3, knet is the default, and with interface sections alone udp is what was
        meant."""
        meant = "udp" if self.sections("totem", "interface") and not self.nodes else "knet"
        return self.value("totem", "transport", meant)

    @property
    def token_ms(self) -> int:
        """How long without the token before a loss is declared, with what each node beyond two adds."""
        more = max(0, len(self.nodes) - 2) * self.number("totem", "token_coefficient", DEFAULT_COEFFICIENT_MS)
        return self.number("totem", "token", DEFAULT_TOKEN_MS) + more

    @property
    def consensus_ms(self) -> int:
        return self.number("totem", "consensus", int(CONSENSUS_FACTOR * self.token_ms))

    @property
    def join_ms(self) -> int:
        return self.number("totem", "join", DEFAULT_JOIN_MS)


@lru_cache(maxsize=1)
def memberships(cloud: Cloud) -> tuple[Membership, ...]:
    """That of each corosync.conf."""
    return tuple(Membership(file, document) for file, document in cloud.documents(corosync.Document))
