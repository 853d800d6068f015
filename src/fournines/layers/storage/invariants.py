"""What has to be true of the volumes: what ``verify`` judges."""

from __future__ import annotations

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.predicate import Either, OnEvery, OnExactly, Test
from fournines.blueprint.volumes import MirroredVolume
from fournines.layers.storage import health
from fournines.layers.storage.split import OneHistory


def invariants(volumes: tuple[MirroredVolume, ...], nodes: tuple[str, ...]) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    found = [health.left(nodes).invariant("DRBD is left to Pacemaker at boot",
                                          "fournines apply disables drbd.service")]
    for each in volumes:
        found += [
            Invariant(f"the two sides of {each.name} have one history", OneHistory(each.name, nodes),
                      "decide whose data may go, then: fournines recover split-brain "
                      f"{each.name} --discard NODE"),
            Invariant(f"at most one node is primary of {each.name}",
                      Either((OnExactly(1, nodes, health.fact(each, "role", Test.EQ, "Primary")),
                              OnExactly(0, nodes, health.fact(each, "role", Test.EQ, "Primary")))),
                      "two writers: stop the service on one of them at once, then see `fournines status`"),
            Invariant(f"the two sides of {each.name} talk to each other",
                      OnEvery(nodes, health.talking(each)),
                      "bring the other node, or the replication network between them, back"),
            Invariant(f"both sides of {each.name} are up to date", OnEvery(nodes, health.up_to_date(each)),
                      "what was away catches up by itself: see /proc/drbd there")]
    return tuple(found)
