"""What every node sees of the shared disks, and what has to be true of that together."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant, Seat
from fournines.blueprint.predicate import Agree, All, Either, Fact, OnEvery, OnExactly, Predicate, Test
from fournines.blueprint.requests import NODE_PYTHON, JsonValue, Run
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.volumes import DISKS as DISKS
from fournines.blueprint.volumes import SharedVolume
from fournines.layers.san.artifacts import SCRIPT

BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Seen:
    """A disk as one node sees it. ``holds`` is ``blank``, ``data: ...`` or ``unknown: ...``; ``filesystem``
    is empty where it has none, and ``uuid`` then too; ``mounted``: this node has it mounted."""

    holds: str
    filesystem: str
    uuid: str
    mounted: bool


def parse_disks(reply: JsonValue) -> dict[str, Seen]:
    """From ``shared_disk.py facts``."""
    printed = reply.get("stdout") if isinstance(reply, dict) else None
    try:
        return {str(name): Seen(str(said["holds"]), str(said["filesystem"]), str(said["uuid"]),
                                bool(said["mounted"]))
                for name, said in json.loads(str(printed)).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"not what shared_disk.py tells: {error}") from None


def probes(nodes: tuple[str, ...]) -> tuple[Probe, ...]:
    """Asked of all nodes."""
    ask = Run((*NODE_PYTHON, SCRIPT, "facts"), timeout_s=30)
    return (Probe(DISKS, dict.fromkeys(nodes, ask), parse_disks),)


def fact(volume: SharedVolume, field: str, test: Test = Test.EQ, wanted: object = True) -> Fact:
    """About what a node sees of the volume."""
    return Fact(DISKS, f"{volume.name}.{field}", test, wanted)


def one_file_system(volume: SharedVolume, nodes: tuple[str, ...]) -> Predicate:
    """Every node sees it, and the same."""
    return All((OnEvery(nodes, volume.has_data), Agree(nodes, DISKS, f"{volume.name}.uuid")))


def invariants(volumes: tuple[SharedVolume, ...], nodes: tuple[str, ...]) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    found = []
    for each in volumes:
        mounted = fact(each, "mounted")
        found += [
            Invariant(f"every node sees the same file system of {each.name}", one_file_system(each, nodes),
                      f"bring the way to {each.disk} back, or the disk that belongs there: see lsblk"),
            Invariant(f"at most one node has {each.name} mounted",
                      Either((OnExactly(1, nodes, mounted), OnExactly(0, nodes, mounted))),
                      "two writers destroy it: power one of them off at once, then check the file system")]
    return tuple(found)


def seats(volumes: tuple[SharedVolume, ...], nodes: tuple[str, ...]) -> tuple[Seat, ...]:
    """Where each volume is used."""
    return tuple(Seat(f"volume {each.name}", fact(each, "mounted"), nodes) for each in volumes)
