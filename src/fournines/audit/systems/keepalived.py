"""Keepalived: VRRP instances with their addresses, peers and tracked scripts.

Source: keepalived.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from fournines.artifacts import keepalived
from fournines.artifacts.keepalived import Block, Item, Line
from fournines.audit.cloud import Cloud, File
from fournines.findings import Place

DEFAULT_PRIORITY = 100
LONGEST_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class Setting:
    """A line or a block: its words and place; the inner lines of a block, each as words."""

    words: tuple[str, ...]
    at: Place
    inner: tuple[tuple[str, ...], ...] = ()

    @property
    def value(self) -> str:
        """The word after the keyword; empty where there is none."""
        return self.words[1] if len(self.words) > 1 else ""


@dataclass(frozen=True, slots=True)
class Instance:
    """A ``vrrp_instance``, or another block: ``kind`` and ``name`` are its words."""

    node: str
    kind: str
    name: str
    settings: tuple[Setting, ...]
    at: Place

    def setting(self, keyword: str) -> Setting | None:
        """The last of that keyword."""
        return next((setting for setting in reversed(self.settings) if setting.words[0] == keyword), None)

    def value(self, keyword: str, default: str = "") -> str:
        setting = self.setting(keyword)
        return setting.value if setting is not None else default

    def number(self, keyword: str, default: float) -> float:
        value = self.value(keyword)
        return float(value) if re.fullmatch(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?", value) else default

    @property
    def addresses(self) -> tuple[str, ...]:
        """The VIPs, without prefix length, sorted."""
        return tuple(sorted({inner[0].partition("/")[0] for setting in self.settings
                             if setting.words[0] == "virtual_ipaddress" for inner in setting.inner}))

    @property
    def peers(self) -> tuple[str, ...]:
        """The addresses of unicast_peer."""
        return tuple(inner[0] for setting in self.settings if setting.words[0] == "unicast_peer"
                     for inner in setting.inner)

    @property
    def priority(self) -> int:
        return int(self.number("priority", DEFAULT_PRIORITY))

    def place(self, keyword: str) -> Place:
        """That of a setting, else that of the instance."""
        setting = self.setting(keyword)
        return setting.at if setting is not None else self.at


@dataclass(frozen=True, slots=True)
class Router:
    """The Keepalived of one node. ``blocks`` are all that are no vrrp_instance."""

    node: str
    instances: tuple[Instance, ...]
    blocks: tuple[Instance, ...]
    includes: bool
    at: Place

    def block(self, kind: str, name: str = "") -> Instance | None:
        """The last block of that kind (and name)."""
        return next((block for block in reversed(self.blocks)
                     if block.kind == kind and (not name or block.name == name)), None)

    @property
    def version(self) -> int:
        """Of VRRP, for instances that do not say."""
        defaults = self.block("global_defs")
        return int(defaults.number("vrrp_version", 2)) if defaults else 2


@lru_cache(maxsize=1)
def routers(cloud: Cloud) -> tuple[Router, ...]:
    """The Keepalived of each node that has one."""
    found: dict[str, list[tuple[File, keepalived.Document]]] = {}
    for file, document in cloud.documents(keepalived.Document):
        found.setdefault(file.node, []).append((file, document))
    return tuple(_router(node, files) for node, files in found.items())


def instances(cloud: Cloud) -> Iterator[Instance]:
    """Every VRRP instance of every node."""
    for router in routers(cloud):
        yield from router.instances


def groups(cloud: Cloud) -> tuple[tuple[Instance, ...], ...]:
    """The instances of several nodes that carry the same VIPs: the peers of one another."""
    by_addresses: dict[tuple[str, ...], dict[str, Instance]] = {}
    for instance in instances(cloud):
        if instance.addresses:
            by_addresses.setdefault(instance.addresses, {})[instance.node] = instance
    return tuple(tuple(group.values()) for group in by_addresses.values())


@lru_cache(maxsize=1)
def vips(cloud: Cloud) -> frozenset[str]:
    """Every address that Keepalived moves."""
    return frozenset(address for instance in instances(cloud) for address in instance.addresses)


def _router(node: str, files: list[tuple[File, keepalived.Document]]) -> Router:
    blocks = [_instance(node, file, item) for file, document in files for item in document.items
              if isinstance(item, Block)]
    includes = any(isinstance(item, Line) and item.words[0] == "include"
                   for _, document in files for item in document.items)
    vrrp = tuple(block for block in blocks if block.kind == "vrrp_instance")
    return Router(node, vrrp, tuple(block for block in blocks if block.kind != "vrrp_instance"), includes,
                  files[0][0].at())


def _instance(node: str, file: File, block: Block) -> Instance:
    name = block.words[1] if len(block.words) > 1 else ""
    return Instance(node, block.words[0], name, tuple(_setting(file, item) for item in block.items),
                    file.at(block.line))


def _setting(file: File, item: Item) -> Setting:
    if isinstance(item, Line):
        return Setting(item.words, file.at(item.line))
    return Setting(item.words, file.at(item.line), tuple(inner.words for inner in item.items))
