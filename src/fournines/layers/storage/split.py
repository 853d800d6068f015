"""Split brain: two sides of a volume that were both written to without the other, told from their generation
identifiers, and how one of them is given up. Pure.

DRBD gives its data a new identifier whenever a side is written to alone, keeps as ``base`` the one that the
other side is known to have, and pushes older ones into a short history. A side whose identifier is another's
base or in its history is merely behind. Source: DRBD 8.4 User's Guide, "Generation Identifiers".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fournines.blueprint.predicate import Judgement
from fournines.blueprint.requests import NODE_PYTHON, Run
from fournines.blueprint.snapshot import Absent, Gone, Snapshot
from fournines.blueprint.volumes import DEVICES, MirroredVolume
from fournines.errors import Refused
from fournines.layers.storage.artifacts import SCRIPT
from fournines.layers.storage.health import Device

NONE, JUST_CREATED = "0000000000000000", "0000000000000004"
LINK_TIMEOUT_S = 60.0


class Relation(StrEnum):
    """What two sides' data are to each other."""

    SAME = "the same data"
    AHEAD = "one side is ahead"
    SPLIT = "both were written to without the other"
    STRANGERS = "data that have nothing in common"


def relation(one: Device, other: Device) -> Relation:
    """From both sides' identifiers. A side that has never been in use takes whatever the other has."""
    if one.current == other.current:
        return Relation.SAME
    if not (one.used and other.used) or one.current in _older(other) or other.current in _older(one):
        return Relation.AHEAD
    common = _older(one) & _older(other)
    return Relation.SPLIT if common else Relation.STRANGERS


def _older(device: Device) -> set[str]:
    return {device.base, *device.history} - {NONE, JUST_CREATED, ""}


def identifiers(device: Device) -> str:
    """As people compare them: of its data, and of what it last had in common with the other side."""
    return f"current {device.current}, since {device.base}"


@dataclass(frozen=True, slots=True)
class OneHistory:
    """The sides of the volume on ``nodes`` do not both have data that the other lacks."""

    volume: str
    nodes: tuple[str, ...]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        sides = {each: side_of(snapshot, each, self.volume) for each in self.nodes}
        consulted = tuple((each, f"{DEVICES}.{self.volume}", str(side)) for each, side in sides.items())
        known = {each: side for each, side in sides.items() if isinstance(side, Device)}
        if len(known) < len(sides):
            silent = (f"{each}: {side}" for each, side in sides.items() if each not in known)
            return Judgement(None, "; ".join(silent), consulted)
        one, other = known.values()
        told = relation(one, other)
        seen = "; ".join(f"{each} has {identifiers(side)}" for each, side in known.items())
        return Judgement(told in (Relation.SAME, Relation.AHEAD), f"{told.value}: {seen}", consulted)

    def __str__(self) -> str:
        return f"the sides of {self.volume} on {' and '.join(self.nodes)} have one history"


def side_of(snapshot: Snapshot, node: str, volume: str) -> Device | Absent | Gone:
    """What the node says of its side."""
    value = snapshot.value(node, DEVICES)
    if isinstance(value, dict):
        device = value.get(volume)
        return device if isinstance(device, Device) else Absent(f"no volume {volume}")
    return value if isinstance(value, Absent | Gone) else Absent("no answer of the right kind")


@dataclass(frozen=True, slots=True)
class Resolution:
    """The side on ``loser`` becomes a copy of the one on ``keeper``. ``lost_kib`` is how much of the loser's
    data was written since they parted; ``requests`` are to be sent in this order."""

    volume: str
    keeper: str
    loser: str
    sides: tuple[tuple[str, Device], ...]
    lost_kib: int
    requests: tuple[tuple[str, Run], ...]


def resolution(volume: MirroredVolume, nodes: tuple[str, ...], snapshot: Snapshot, loser: str) -> Resolution:
    """How to give the loser's data up. Raises Refused where there is nothing to choose, or no way to."""
    if loser not in nodes:
        raise Refused(f"{loser} has no side of {volume.name}", hint=f"choose one of: {', '.join(nodes)}")
    sides = {}
    for node in nodes:
        side = side_of(snapshot, node, volume.name)
        if not isinstance(side, Device):
            raise Refused(f"{node}: {side}", hint="both sides have to be seen before one of them is given up")
        sides[node] = side
    keeper = next(node for node in nodes if node != loser)
    told = relation(sides[keeper], sides[loser])
    if told is not Relation.SPLIT:
        raise Refused(f"{volume.name} is not split: {told.value}",
                      hint="see `fournines status`; a side that is merely behind catches up by itself")
    if sides[loser].role == "Primary":
        raise Refused(f"{volume.name} is in use on {loser}, whose data are to be discarded",
                      hint=f"stop what uses it there first, or discard {keeper}'s")

    def run(choice: str) -> Run:
        return Run((*NODE_PYTHON, SCRIPT, "split", volume.name, choice), timeout_s=LINK_TIMEOUT_S)

    return Resolution(volume.name, keeper, loser, tuple(sides.items()), sides[loser].out_of_sync_kib,
                      ((loser, run("discard")), (keeper, run("keep"))))
