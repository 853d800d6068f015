"""Split brain: told from generation identifiers, and resolved only where there is something to choose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fournines.blueprint.snapshot import Gone, Snapshot
from fournines.blueprint.volumes import MirroredVolume
from fournines.errors import Refused
from fournines.layers.storage import health
from fournines.layers.storage.health import Device
from fournines.layers.storage.split import NONE, OneHistory, Relation, relation, resolution

MYSQL = MirroredVolume("mysql", 0, 7700, "/dev/data/mysql", "/var/lib/mysql")
NODES = ("node1", "node2")
BEFORE = "7A0AC9D698AE5EE4"
SIDE = Device(health.METADATA, used=True, filesystem="xfs", connection="StandAlone", role="Secondary",
              peer_role="Unknown", disk="UpToDate", peer_disk="DUnknown", current=BEFORE, base=NONE,
              history=("A4B2C74994E79264", "0000000000000004"), out_of_sync_kib=0)
NEW = replace(SIDE, used=False, current="0000000000000004", history=())
# Written to while the other was away: a new identifier, and the common one as its base.
ALONE = replace(SIDE, current="3E21C61D84D8E1F2", base=BEFORE, out_of_sync_kib=512)
ALONE_TOO = replace(SIDE, current="B0915E5A7FC3F30A", base=BEFORE, out_of_sync_kib=96, role="Secondary")
LATER = replace(SIDE, current="0102030405060708", base=NONE, history=(ALONE.current, BEFORE))


def seen(one: Device, other: Device) -> Snapshot:
    return Snapshot({node: {health.DEVICES: {"mysql": device}}
                     for node, device in zip(NODES, (one, other), strict=True)}, {})


@pytest.mark.parametrize(("one", "other", "expected"), [
    (SIDE, SIDE, Relation.SAME),
    (ALONE, SIDE, Relation.AHEAD),
    (SIDE, ALONE, Relation.AHEAD),
    (LATER, ALONE, Relation.AHEAD),
    (SIDE, NEW, Relation.AHEAD),
    (NEW, NEW, Relation.SAME),
    (ALONE, ALONE_TOO, Relation.SPLIT),
    (LATER, ALONE_TOO, Relation.SPLIT),
    (ALONE, replace(SIDE, current="FF", base="EE", history=()), Relation.STRANGERS),
])
def test_what_two_sides_are_to_each_other(one: Device, other: Device, expected: Relation) -> None:
    assert relation(one, other) is expected
    assert relation(other, one) is expected


def test_a_split_is_told_with_both_sides_identifiers() -> None:
    judged = OneHistory("mysql", NODES).judge(seen(ALONE, ALONE_TOO), "node1")
    assert judged.truth is False
    for side in (ALONE, ALONE_TOO):
        assert side.current in judged.because
    assert judged.because.count(BEFORE) == 2
    assert OneHistory("mysql", NODES).judge(seen(ALONE, SIDE), "node1").truth is True
    gone = Snapshot({"node1": {health.DEVICES: {"mysql": SIDE}}}, {"node2": Gone("no route")})
    assert OneHistory("mysql", NODES).judge(gone, "node1").truth is None


def test_the_chosen_side_asks_for_the_others_data_and_nothing_else_happens_there() -> None:
    made = resolution(MYSQL, NODES, seen(ALONE, ALONE_TOO), "node2")
    assert (made.keeper, made.loser, made.lost_kib) == ("node1", "node2", 96)
    assert [(node, request.argv[-3:]) for node, request in made.requests] == [
        ("node2", ("split", "mysql", "discard")), ("node1", ("split", "mysql", "keep"))]


@pytest.mark.parametrize(("one", "other", "loser", "why"), [
    (SIDE, SIDE, "node2", "not split: the same data"),
    (ALONE, SIDE, "node2", "not split: one side is ahead"),
    (ALONE, ALONE_TOO, "node3", "has no side"),
    (ALONE, replace(ALONE_TOO, role="Primary"), "node2", "in use on node2"),
    (ALONE, replace(SIDE, current="FF", base="EE", history=()), "node2", "nothing in common"),
])
def test_where_there_is_nothing_to_choose_it_is_refused(one: Device, other: Device, loser: str,
                                                        why: str) -> None:
    with pytest.raises(Refused, match=why):
        resolution(MYSQL, NODES, seen(one, other), loser)


def test_a_side_that_cannot_be_seen_is_not_given_up() -> None:
    gone = Snapshot({"node1": {health.DEVICES: {"mysql": ALONE}}}, {"node2": Gone("no route")})
    with pytest.raises(Refused, match="node2: unreachable"):
        resolution(MYSQL, NODES, gone, "node2")
