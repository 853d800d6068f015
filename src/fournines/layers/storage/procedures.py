"""How volumes come into being: metadata on blank disks, both sides up, one fills the other, a file system.

Once a side was in use, all of this is over: Pacemaker has the device, and a side that is replaced gets its
data from the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from fournines.blueprint.predicate import All, Either, OnAny, OnEvery, Test
from fournines.blueprint.requests import NODE_PYTHON, Run
from fournines.blueprint.steps import Gate, On, Step
from fournines.blueprint.volumes import MirroredVolume
from fournines.layers.storage import artifacts, health
from fournines.layers.storage.health import fact

LEAVE = "storage: leave DRBD to Pacemaker"
CONNECT_S = 60.0


def before_resources(volumes: tuple[MirroredVolume, ...]) -> tuple[str, ...]:
    """What has to be done before Pacemaker may have the volumes."""
    return (LEAVE, *(each.ready for each in volumes))


def steps(volumes: tuple[MirroredVolume, ...], nodes: tuple[str, ...],
          settings: Mapping[str, str]) -> tuple[Step, ...]:
    """All of them, volume by volume; ``settings`` are those of every volume, see ``artifacts.options``."""
    leave = health.left(nodes).let_go(
        LEAVE, why="at boot DRBD's own unit would wait for the other node before Pacemaker could act")
    return (leave, *(step for each in volumes
                     for step in (*_volume(each, nodes), _adjust(each, nodes, settings))))


def _acts(volume: MirroredVolume, nodes: tuple[str, ...], verb: str) -> dict[str, tuple[Run, ...]]:
    return {node: (Run((*NODE_PYTHON, artifacts.SCRIPT, verb, volume.name), timeout_s=120),)
            for node in nodes}


def _adjust(volume: MirroredVolume, nodes: tuple[str, ...], settings: Mapping[str, str]) -> Step:
    return Step(f"storage: put the settings of {volume.name} in force", On.EACH,
                _acts(volume, nodes, "adjust"),
                why="DRBD reads its files when a volume comes up: it would go by the old ones until then",
                unless=health.in_force(volume, settings),
                only_if=fact(volume, "connection", Test.NE, "StandAlone"),
                refusal="the two sides were parted and would talk again: say first whose data are kept "
                        "(fournines recover split-brain)")


def _volume(volume: MirroredVolume, nodes: tuple[str, ...]) -> tuple[Step, ...]:
    name, disk = volume.name, volume.disk
    write, connect, fill = (f"storage: write the metadata of {name}", f"storage: connect {name}",
                            f"storage: fill {name} from one side")
    is_used = health.used(volume, nodes)
    new = OnEvery(nodes, All((fact(volume, "used", wanted=False), health.talking(volume),
                              fact(volume, "disk", Test.EQ, "Inconsistent"))))
    return (
        Step(write, On.EACH, _acts(volume, nodes, "create"),
             why=f"{disk} is blank from end to end, so nothing can be lost by making it one side of {name}",
             unless=fact(volume, "holds", Test.EQ, health.METADATA),
             only_if=fact(volume, "holds", Test.EQ, health.BLANK),
             refusal=f"nothing is written over data: see what {disk} holds there (wipefs {disk}); if none of "
                     f"it is needed, clear it yourself (blkdiscard --zeroout {disk}) and apply again"),
        Step(connect, On.EACH, _acts(volume, nodes, "up"),
             why="both sides have to be seen before one of them may be filled from the other",
             unless=Either((fact(volume, "connection", Test.NE, ""), is_used)),
             until=Gate(Either((OnEvery(nodes, health.talking(volume)), is_used)), CONNECT_S),
             needs=(write,)),
        Step(fill, On.FIRST, _acts(volume, nodes, "first"),
             why="neither side was ever in use, so it does not matter which one the other is filled from; "
                 "from now on it does",
             unless=is_used, only_if=new,
             refusal="this is done once, when both sides are new and connected: bring both nodes up",
             until=Gate(OnAny(nodes, fact(volume, "disk", Test.EQ, "UpToDate")), CONNECT_S),
             needs=(connect,)),
        Step(volume.ready, On.FIRST, _acts(volume, nodes, "format"),
             why=f"{volume.device} is blank, as the disks below it were, and {volume.mount} needs a file "
                 "system",
             unless=OnAny(nodes, fact(volume, "filesystem", Test.EQ, volume.filesystem)),
             only_if=All((fact(volume, "filesystem", Test.EQ, ""), fact(volume, "disk", Test.EQ, "UpToDate"),
                          fact(volume, "peer_role", Test.NE, "Primary"))),
             refusal="no file system is made over data, nor on a side that is not up to date",
             until=Gate(OnAny(nodes, fact(volume, "filesystem", Test.EQ, volume.filesystem)), CONNECT_S),
             needs=(fill,)),
    )
