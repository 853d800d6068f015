"""DRBD: each resource with what it takes over from the common section.

Source: drbd.conf(5) of 8.4 and 9. A node's files are read as one, as /usr/share/drbd's drbd.conf includes
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from fournines.artifacts import drbd
from fournines.artifacts.drbd import Section, Statement
from fournines.audit.cloud import Cloud, File
from fournines.findings import Place


@dataclass(frozen=True, slots=True)
class Setting:
    """The words of a statement behind its keyword, as one text, and where it stands."""

    value: str
    at: Place

    @property
    def on(self) -> bool:
        return self.value in ("", "yes")


@dataclass(frozen=True, slots=True)
class Host:
    """``on NAME``: the addresses that it gives, as ADDRESS:PORT."""

    name: str
    addresses: tuple[Setting, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of one node's files. ``parts``: its sections and then the common ones, each with its
    file."""

    node: str
    name: str
    hosts: tuple[Host, ...]
    parts: tuple[tuple[File, Section], ...]
    at: Place

    def setting(self, section: str, key: str) -> Setting | None:
        """``section { key ...; }`` of the resource, else of the common section; "" is outside of sections."""
        for file, part in self.parts:
            places = [part] if not section else list(part.all(section))
            for inner in reversed(places):
                statement = inner.last(key)
                if statement is not None:
                    return Setting(statement.value, file.at(statement.line))
        return None

    def net(self, key: str) -> Setting | None:
        """An option of ``net``, which DRBD 8 has for some outside of sections or in ``syncer``."""
        return self.setting("net", key) or self.setting("", key) or self.setting("syncer", key)

    @property
    def fencing(self) -> Setting | None:
        """The fencing policy: of ``net`` since DRBD 9, of ``disk`` before."""
        return self.setting("net", "fencing") or self.setting("disk", "fencing")

    @property
    def new(self) -> bool:
        """Whether it can only be of DRBD 9."""
        return any(part.all("connection") or part.all("connection-mesh") for _, part in self.parts) or any(
            inner.last("node-id") for _, part in self.parts for inner in part.all("on"))


@lru_cache(maxsize=1)
def resources(cloud: Cloud) -> tuple[Resource, ...]:
    """Each resource once: all nodes have the same files."""
    found: dict[Section, Resource] = {}
    by_node: dict[str, list[tuple[File, drbd.Document]]] = {}
    for file, document in cloud.documents(drbd.Document):
        by_node.setdefault(file.node, []).append((file, document))
    for node, files in by_node.items():
        common = [(file, section) for file, document in files for section in document.sections
                  if section.keyword == "common"]
        for file, document in files:
            for section in document.sections:
                if section.keyword == "resource" and len(section.words) > 1:
                    found.setdefault(section, Resource(
                        node, section.words[1], tuple(_hosts(file, section)), ((file, section), *common),
                        file.at(section.line)))
    return tuple(found.values())


def _hosts(file: File, resource: Section) -> Iterator[Host]:
    for host in resource.all("on"):
        addresses = [each for each in host.statements if each.keyword == "address"]
        addresses += [each for inner in host.sections for each in inner.statements
                      if each.keyword == "address"]
        for name in host.words[1:]:
            yield Host(name, tuple(_address(file, each) for each in addresses), file.at(host.line))


def _address(file: File, statement: Statement) -> Setting:
    words = [word for word in statement.words[1:] if word not in ("ipv4", "ipv6", "ssocks", "sdp")]
    return Setting("".join(words), file.at(statement.line))
