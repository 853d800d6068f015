"""Corosync: who may act when nodes do not see each other (votequorum)."""

from __future__ import annotations

import re

from fournines.audit.change import Below, Change, Remove, new_value
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.corosync import Membership, memberships
from fournines.findings import Severity

MANUAL = "votequorum(5)"


@rule("COR001", Severity.ERROR, Effect.DATA, "No quorum provider",
      consequence="Pacemaker is told nothing about quorum, so both halves of a partition run everything.",
      fix="quorum { provider: corosync_votequorum }", source=f"{MANUAL}; corosync -t accepts the file "
                                                             "without it",
      errata=("E018",), versions="Corosync 2 and newer")
def no_provider(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        if membership.value("quorum", "provider") != "corosync_votequorum":
            yield Hit(membership.at("quorum", "provider"), "quorum has no provider corosync_votequorum",
                      change=_provider(membership))


def _provider(membership: Membership) -> Change:
    given, line = membership.entry("quorum", "provider"), "provider: corosync_votequorum"
    if given is not None:
        return new_value("provider", given.value, "corosync_votequorum")
    return Below((line,)) if membership.sections("quorum") else Below(("quorum {", f"    {line}", "}"))


@rule("COR002", Severity.ERROR, Effect.DATA, "two_node with another number of nodes",
      consequence="One node alone has quorum until more than two have joined: what happens depends on the "
                  "order of starts.", fix="remove two_node", source=MANUAL)
def two_node_of_many(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        if membership.value("quorum", "two_node") != "1":
            continue
        expected = membership.number("quorum", "expected_votes", len(membership.nodes))
        if expected != 2 or len(membership.nodes) not in (0, 2):
            yield Hit(membership.at("quorum", "two_node"),
                      f"two_node, and {len(membership.nodes) or expected} nodes", change=Remove())


@rule("COR003", Severity.ERROR, Effect.DATA, "two_node without wait_for_all",
      consequence="A node that boots while the network is split is quorate alone: it fences the other, or "
                  "runs everything a second time.", fix="remove wait_for_all: 0", source=MANUAL)
def no_wait_for_all(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        if membership.value("quorum",
                            "two_node") == "1" and membership.value("quorum", "wait_for_all") == "0":
            yield Hit(membership.at("quorum", "wait_for_all"), "two nodes do not wait for each other at the "
                                                               "start", change=Remove())


@rule("COR004", Severity.ERROR, Effect.OUTAGE, "Two nodes without two_node or a quorum device",
      consequence="The loss of either node stops everything on the other.",
      fix="two_node: 1 with fencing, or a quorum device on a third machine", source=MANUAL)
def two_without_two_node(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        voting = membership.value("quorum", "provider") == "corosync_votequorum"
        if (voting and len(membership.nodes) == 2 and membership.value("quorum", "two_node") != "1"
                and not membership.has_device):
            yield Hit(membership.at("quorum"), "two nodes, and neither two_node nor a device")


@rule("COR005", Severity.ERROR, Effect.OUTAGE, "The quorum device is disabled by another option",
      consequence="votequorum ignores the device: there is no arbiter although one runs.",
      fix="remove auto_tie_breaker and last_man_standing", source=MANUAL)
def device_disabled(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        for key in ("auto_tie_breaker", "last_man_standing"):
            if membership.has_device and membership.value("quorum", key) == "1":
                yield Hit(membership.at("quorum", key), f"{key} disables the quorum device",
                          change=Remove())


@rule("COR006", Severity.ERROR, Effect.DATA, "Quorum that shrinks unsafely",
      consequence="Two fragments can both count themselves quorate.",
      fix="wait_for_all: 1 beside last_man_standing; no allow_downscale", source=MANUAL)
def unsafe_shrinking(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        if (membership.value("quorum", "last_man_standing") == "1"
                and membership.value("quorum", "wait_for_all") != "1"):
            yield Hit(membership.at("quorum", "last_man_standing"), "last_man_standing without wait_for_all",
                      change=_waiting(membership))
        if membership.value("quorum", "allow_downscale") == "1":
            yield Hit(membership.at("quorum", "allow_downscale"), "allow_downscale, which is not supported",
                      change=Remove())


def _waiting(membership: Membership) -> Change | None:
    return Below(("wait_for_all: 1",)) if membership.entry("quorum", "wait_for_all") is None else None


@rule("COR007", Severity.ERROR, Effect.OUTAGE, "The votes do not add up",
      consequence="Quorum is reached too early, too late, or by one node alone.",
      fix="remove expected_votes and quorum_votes: every node has one vote", source=MANUAL)
def vote_arithmetic(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        votes = [_votes(entry.value if (entry := node.last("quorum_votes")) else "1")
                 for node in membership.nodes]
        expected = membership.entry("quorum", "expected_votes")
        if expected is not None and votes and not membership.has_device and expected.value != str(sum(votes)):
            yield Hit(membership.file.at(expected.line), f"{expected.value} votes expected, and the nodes "
                                                         f"have {sum(votes)}", change=Remove())
        if len(votes) > 2 and not membership.has_device and 2 * max(votes) >= sum(votes):
            node = membership.nodes[votes.index(max(votes))]
            yield Hit(membership.file.at(node.line), f"one node has {max(votes)} of {sum(votes)} votes")


def _votes(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 1


@rule("COR018", Severity.ERROR, Effect.OUTAGE, "The quorum device cannot work",
      consequence="There is no arbiter when it is needed.",
      fix="cluster_name in totem, a nodelist, and algorithm ffsplit for an even number of nodes",
      source="corosync-qdevice(8)", errata=("E020",))
def device_unsafe(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        if not membership.value("totem", "cluster_name"):
            named = "a quorum device needs it" if membership.has_device else "the cluster has no name"
            yield Hit(membership.at("totem"), f"totem has no cluster_name: {named}",
                      None if membership.has_device else Severity.INFO)
        for net in membership.sections("quorum", "device", "net"):
            algorithm = net.last("algorithm")
            if algorithm is None:
                continue
            if algorithm.value in ("test", "2nodelms"):
                yield Hit(membership.file.at(algorithm.line),
                          f"algorithm {algorithm.value} is for tests only")
            if algorithm.value == "ffsplit" and len(membership.nodes) % 2:
                yield Hit(membership.file.at(algorithm.line), f"ffsplit with {len(membership.nodes)} nodes")
