"""/etc/hosts: an address and its names on each line. Source: hosts(5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from fournines.artifacts.document import notice, numbered
from fournines.errors import Unparsable, Unwritable

FORMAT = "hosts"


@dataclass(frozen=True, slots=True)
class Entry:
    """The canonical name comes first, aliases after it."""

    address: IPv4Address | IPv6Address
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A hosts file, in order; of two lines for one name the first holds."""

    entries: tuple[Entry, ...] = ()


LOCAL = (
    Entry(IPv4Address("127.0.0.1"), ("localhost",)),
    Entry(IPv6Address("::1"), ("localhost", "ip6-localhost", "ip6-loopback")),
)


def document(entries: Iterable[tuple[IPv4Address | IPv6Address, Iterable[str]]]) -> Document:
    """A hosts file that begins with the names of the loopback addresses."""
    return Document(LOCAL + tuple(Entry(address, tuple(names)) for address, names in entries))


_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
                   r"(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*")


def emit(hosts: Document) -> str:
    """The file's text; Unwritable for what is no host name."""
    lines = [notice()]
    for entry in hosts.entries:
        if not entry.names or not all(_NAME.fullmatch(name) for name in entry.names):
            raise Unwritable(f"{FORMAT} {entry.address}", "needs host names: ASCII letters, digits, -, dots")
        lines.append("\t".join((str(entry.address), *entry.names)) + "\n")
    return "".join(lines)


def parse(text: str) -> Document:
    """The entries that ``text`` holds; Unparsable where a line has no address, no name or no host name."""
    entries: list[Entry] = []
    for number, line in numbered(text):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            address = ip_address(words[0])
        except ValueError:
            raise Unparsable(FORMAT, number, "a line begins with an address") from None
        names = tuple(words[1:])
        if not names or not all(_NAME.fullmatch(name) for name in names):
            raise Unparsable(FORMAT, number, "after the address come host names")
        entries.append(Entry(address, names))
    return Document(tuple(entries))
