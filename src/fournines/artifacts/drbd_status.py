"""What ``drbdsetup status --json`` prints: roles, connections and discs. Read only. Source: drbdsetup(8)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fournines.artifacts.document import Complain, refuse
from fournines.errors import Unparsable

FORMAT = "drbdsetup's JSON"


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection; ``disks`` by volume, ``out_of_sync_kib`` of all of them."""

    name: str
    connection: str
    role: str = ""
    disks: tuple[str, ...] = ()
    out_of_sync_kib: int = 0


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as this node sees it; states are DRBD's own words (UpToDate, Diskless, ...)."""

    name: str
    role: str
    disks: tuple[str, ...] = ()
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The resources that are up."""

    resources: tuple[Resource, ...] = ()


def parse(text: str, complain: Complain = refuse) -> Document | None:
    """The resources that ``text`` tells of; None, with what was wrong to ``complain``, where it is none."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as problem:
        complain(Unparsable(FORMAT, getattr(problem, "lineno", 0), getattr(problem, "msg", "too deep")))
        return None
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        complain(Unparsable(FORMAT, 1, "it is no list of resources"))
        return None
    return Document(tuple(
        Resource(_text(each, "name"), _text(each, "role"),
                 tuple(_text(device, "disk-state") for device in _dicts(each, "devices")),
                 tuple(map(_peer, _dicts(each, "connections")))) for each in told))


def _peer(told: Mapping[str, object]) -> Peer:
    devices = list(_dicts(told, "peer_devices"))
    missing = (device.get("out-of-sync") for device in devices)
    return Peer(_text(told, "name"), _text(told, "connection-state"), _text(told, "peer-role"),
                tuple(_text(device, "peer-disk-state") for device in devices),
                sum(each for each in missing if isinstance(each, int)))


def _text(told: Mapping[str, object], name: str) -> str:
    value = told.get(name, "")
    return value if isinstance(value, str) else ""


def _dicts(told: Mapping[str, object], name: str) -> Iterator[Mapping[str, object]]:
    items = told.get(name)
    return (each for each in items if isinstance(each, dict)) if isinstance(items, list) else iter(())
