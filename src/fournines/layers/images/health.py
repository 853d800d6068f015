"""What a node says of the images' volume, and what has to be true of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fournines.blueprint.contribution import Invariant, Members
from fournines.blueprint.predicate import All, Fact, OnEvery, Test
from fournines.blueprint.requests import NODE_PYTHON, JsonValue, Run, UnixAsk
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.findings import Severity
from fournines.layers.images import glusterd_rpc
from fournines.layers.images.artifacts import MOUNT, SCRIPT

VOLUME, DAEMON = "images.volume", "images.daemon"


@dataclass(frozen=True, slots=True)
class Volume:
    """The volume seen from one node. ``peers``: members of the pool besides it; ``copies``: copies that its
    mount reaches; ``pending``: files of its own copy that wait to be healed. Options have ``/`` for ``.`` in
    their names."""

    created: bool
    started: bool
    peers: int
    mounted: bool
    copies: int
    pending: int
    options: Mapping[str, str] = field(default_factory=dict)


def as_key(option: str) -> str:
    """An option's name as facts can name it."""
    return option.replace(".", "/")


def parse_volume(reply: JsonValue) -> Volume:
    """From ``images_volume.py facts``."""
    printed = reply.get("stdout") if isinstance(reply, dict) else None
    try:
        said = json.loads(str(printed))
        options = {as_key(str(name)): str(value) for name, value in said["options"].items()}
        return Volume(bool(said["created"]), bool(said["started"]), int(said["peers"]), bool(said["mounted"]),
                      int(said["copies"]), int(said["pending"]), options)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"not what images_volume.py tells: {error}") from None


def parse_daemon(reply: JsonValue) -> bool:
    """Whether this is an answer of glusterd's."""
    if not glusterd_rpc.is_answer(UnixAsk.answer(reply)):
        raise Unreadable("not the answer of a glusterd")
    return True


def options_as(wanted: Mapping[str, str]) -> All:
    """The volume has these options."""
    return All(tuple(Fact(VOLUME, f"options.{as_key(name)}", Test.EQ, value)
                     for name, value in wanted.items()))


def all_copies(count: int) -> All:
    """Mounted, every copy within reach, nothing left to heal: this node could spare any other."""
    return All((Fact(VOLUME, "mounted"), Fact(VOLUME, "copies", Test.EQ, count),
                Fact(VOLUME, "pending", Test.EQ, 0)))


def usable(count: int) -> All:
    """Mounted, with enough copies in reach to write."""
    return All((Fact(VOLUME, "mounted"), Fact(VOLUME, "copies", Test.GE, count // 2 + 1)))


def probes(nodes: tuple[str, ...]) -> tuple[Probe, ...]:
    """Asked of every controller. A mount that lost all copies hangs, so the answer is not waited for long."""
    return (
        Probe(VOLUME, dict.fromkeys(nodes, Run((*NODE_PYTHON, SCRIPT, "facts"), timeout_s=5)),
              parse_volume),
        Probe(DAEMON, dict.fromkeys(nodes, glusterd_rpc.asked()), parse_daemon),
    )


def invariants(nodes: tuple[str, ...], copies: int) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    look = "look at `gluster volume status images` and `journalctl -u glusterd -u fournines-images` there"
    return (
        Invariant(f"every node has the images mounted at {MOUNT}",
                  OnEvery(nodes, Fact(VOLUME, "mounted")), look),
        Invariant(f"every node reaches all {copies} copies of the images",
                  OnEvery(nodes, Fact(VOLUME, "copies", Test.EQ, copies)), look),
        Invariant("no image waits to be healed", OnEvery(nodes, Fact(VOLUME, "pending", Test.EQ, 0)),
                  "healing goes on by itself; see `gluster volume heal images info`", Severity.WARNING),
    )


def membership(nodes: tuple[str, ...], copies: int) -> Members:
    """A majority of the copies has to stay, or images can only be read."""
    return Members("images", usable(copies), nodes, copies // 2 + 1)
