"""What DRBD says of its devices on each node, and what has to be true of the two sides together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fournines.blueprint.contribution import Members, Seat
from fournines.blueprint.left_alone import LeftAlone
from fournines.blueprint.predicate import All, Either, Fact, Not, OnAny, Predicate, Surely, Test
from fournines.blueprint.requests import NODE_PYTHON, JsonValue, Run
from fournines.blueprint.resources import Runs
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.volumes import DEVICES as DEVICES
from fournines.blueprint.volumes import MirroredVolume
from fournines.layers.storage.artifacts import SCRIPT, UNIT

BOOT = "storage.boot"
METADATA, BLANK, DISKLESS = "DRBD metadata", "blank", "Diskless"
TALKING = ("Connected", "SyncSource", "SyncTarget", "VerifyS", "VerifyT", "PausedSyncS", "PausedSyncT",
           "WFBitMapS", "WFBitMapT", "WFSyncUUID", "StartingSyncS", "StartingSyncT", "Ahead", "Behind")


@dataclass(frozen=True, slots=True)
class Device:
    """One side of a volume. ``holds`` is what its disk holds: ``blank``, ``DRBD metadata`` or other data;
    ``used``: its metadata were ever in use. ``connection`` is empty where DRBD has not got it up; that, roles
    and disk states are DRBD's own words. ``current`` and ``base`` are its generation identifiers: of its
    data, and of what the other side is known to have; ``history`` are older ones.
    ``out_of_sync_kib``: what the other side is known not to have. ``settings`` are those in force, by DRBD's
    keywords and in its words; none where it is not up."""

    holds: str
    used: bool
    filesystem: str
    connection: str
    role: str
    peer_role: str
    disk: str
    peer_disk: str
    current: str
    base: str
    history: tuple[str, ...]
    out_of_sync_kib: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)


def parse_devices(reply: JsonValue) -> dict[str, Device]:
    """From ``drbd_device.py facts``."""
    printed = reply.get("stdout") if isinstance(reply, dict) else None
    try:
        return {str(name): _device(said) for name, said in json.loads(str(printed)).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"not what drbd_device.py tells: {error}") from None


def _device(said: dict[str, JsonValue]) -> Device:
    texts = {name: str(said[name]) for name in ("holds", "filesystem", "connection", "role", "peer_role",
                                                "disk", "peer_disk")}
    found, settings = said["generations"], said.get("settings", {})   # which earlier versions do not tell
    if not isinstance(settings, dict):
        raise TypeError("settings")
    current, base, *history = [*map(str, found), "", ""] if isinstance(found, list) else ["", ""]
    return Device(used=bool(said["used"]), current=current, base=base,
                  out_of_sync_kib=int(str(said["out_of_sync"])),
                  settings={keyword: str(value) for keyword, value in settings.items()},
                  history=tuple(each for each in history if each), **texts)


def left(nodes: tuple[str, ...]) -> LeftAlone:
    """DRBD's own unit."""
    return LeftAlone(BOOT, (UNIT,), nodes)


def probes(nodes: tuple[str, ...]) -> tuple[Probe, ...]:
    """Asked of both nodes."""
    return (Probe(DEVICES, dict.fromkeys(nodes, Run((*NODE_PYTHON, SCRIPT, "facts"), timeout_s=30)),
                  parse_devices),
            left(nodes).asked())


def fact(volume: MirroredVolume, field: str, test: Test = Test.EQ, wanted: object = True) -> Fact:
    """About a node's side of the volume."""
    return Fact(DEVICES, f"{volume.name}.{field}", test, wanted)


def talking(volume: MirroredVolume) -> Predicate:
    """The node's side is connected to the other."""
    return fact(volume, "connection", Test.IN, TALKING)


def in_force(volume: MirroredVolume, settings: Mapping[str, str]) -> Predicate:
    """DRBD reads its files when a volume comes up; one that is not up will. One that has lost its disk is
    left alone: to adjust it would attach what failed."""
    wanted = (fact(volume, f"settings.{keyword}", Test.EQ, value) for keyword, value in settings.items())
    return Either((fact(volume, "connection", Test.EQ, ""), fact(volume, "disk", Test.EQ, DISKLESS),
                   All((fact(volume, "settings", Test.NE, {}), *wanted))))


def used(volume: MirroredVolume, nodes: tuple[str, ...]) -> Predicate:
    """Some side has data of before, or could have: nothing may be made anew."""
    return OnAny(nodes, fact(volume, "used"))


def up_to_date(volume: MirroredVolume) -> Predicate:
    """Both sides, as this node knows them: it could lose the other."""
    return All((fact(volume, "connection", Test.EQ, "Connected"), fact(volume, "disk", Test.EQ, "UpToDate"),
                fact(volume, "peer_disk", Test.EQ, "UpToDate")))


def back(volumes: tuple[MirroredVolume, ...], nodes: tuple[str, ...]) -> Predicate:
    """Of a node whose Pacemaker was restarted: it could take over, where Pacemaker runs the volumes already.
    Else the other one would be restarted next, and nobody would have them. Before Pacemaker has them there is
    nobody to tell."""
    return All(tuple(Either((Not(Surely(OnAny(nodes, Runs(each.primitive_id, nodes)))), up_to_date(each)))
                     for each in volumes))


def seats(volumes: tuple[MirroredVolume, ...], nodes: tuple[str, ...]) -> tuple[Seat, ...]:
    """Where each volume is used."""
    return tuple(Seat(f"volume {each.name}", fact(each, "role", Test.EQ, "Primary"), nodes)
                 for each in volumes)


def members(volumes: tuple[MirroredVolume, ...], nodes: tuple[str, ...]) -> Members:
    """One up-to-date side has to stay."""
    well = All(tuple(each.has_data for each in volumes))
    return Members("storage", well, nodes, 1)
