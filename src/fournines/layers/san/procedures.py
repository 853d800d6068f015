"""How a shared volume comes into being: one node makes the file system on a disk that all of them see blank,
and then all have to see that file system. A disk that is another one on some node is found out by that."""

from __future__ import annotations

from fournines.blueprint.predicate import All, Either, OnAny, OnEvery, Test
from fournines.blueprint.requests import NODE_PYTHON, Run
from fournines.blueprint.steps import Gate, On, Step
from fournines.blueprint.volumes import SharedVolume
from fournines.layers.san import artifacts, health
from fournines.layers.san.health import fact

MAKE_S, SEEN_S = 300.0, 30.0


def steps(volumes: tuple[SharedVolume, ...], nodes: tuple[str, ...]) -> tuple[Step, ...]:
    """One for each."""
    return tuple(_make(each, nodes) for each in volumes)


def _make(volume: SharedVolume, nodes: tuple[str, ...]) -> Step:
    made = health.one_file_system(volume, nodes)
    # One that is in use was made; a node that is lost, or new and not connected yet, makes no difference.
    is_used = OnAny(nodes, fact(volume, "mounted"))
    make = Run((*NODE_PYTHON, artifacts.SCRIPT, "format", volume.name), timeout_s=MAKE_S)
    return Step(
        volume.ready, On.FIRST, {node: (make,) for node in nodes},
        why=f"{volume.disk} is blank from end to end on every node, and {volume.mount} needs a file system",
        unless=Either((made, is_used)),
        only_if=All((OnEvery(nodes, fact(volume, "holds", Test.EQ, health.BLANK)),
                     OnEvery(nodes, fact(volume, "mounted", wanted=False)))),
        refusal=f"no file system is made over data, and none is used that not all nodes see: see what "
                f"{volume.disk} holds on each (wipefs {volume.disk}) and whether it is the same disk "
                f"(lsblk -o NAME,WWN,SERIAL). To give up what it holds: blkdiscard --zeroout {volume.disk}",
        until=Gate(made, SEEN_S))
