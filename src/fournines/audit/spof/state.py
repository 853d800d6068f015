"""What each service is after some components have failed.

A node is up while each choice that it stands on has a whole component. Nodes see each other in a network
while both reach it and no lost connection parts them. Votes are counted of those configured, not of those
left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from fournines.audit.spof.plant import PHYSICAL, Component, Fence, Hangs, Plant, Service, Way, connection


class Outcome(StrEnum):
    """What becomes of a service; from good to worst."""

    UP = "goes on"
    DOWN = "is down until it is repaired"
    STUCK = "is down and does not come back without a person"
    LOST = "has lost its data"
    TWICE = "runs twice"

    @property
    def rank(self) -> int:
        """0 is good."""
        return list(Outcome).index(self)


def outcomes(plant: Plant, failed: frozenset[Component]) -> Mapping[str, Outcome]:
    """Service -> what becomes of it."""
    state = _State(plant, failed)
    found: dict[str, Outcome] = {}
    for service in plant.services:   # what is needed stands before
        own = state.outcome(service)
        below = [found[name] for name in service.needs]
        worst = max(below, key=lambda outcome: outcome.rank, default=Outcome.UP)
        if own is Outcome.UP and worst not in (Outcome.UP, Outcome.TWICE):
            own = Outcome.STUCK if worst in (Outcome.STUCK, Outcome.LOST) else Outcome.DOWN
        found[service.name] = own
    return found


class _State:
    def __init__(self, plant: Plant, failed: frozenset[Component]) -> None:
        self._plant = plant
        self._failed = failed
        self.up = frozenset(node for node in plant.nodes if self._whole(plant.stands_on[node]))
        self._parted = bool(plant.sides) and connection(plant.sides) in failed

    def _whole(self, choices: Iterable[frozenset[Component]]) -> bool:
        return all(choice - self._failed for choice in choices)

    def groups(self, networks: tuple[str, ...]) -> list[frozenset[str]]:
        """The nodes that are up, parted into those that see each other in one of the networks."""
        reached = [node for node in self._plant.nodes if node in self.up
                   and any(self._whole(self._plant.reaches.get((node, network), (frozenset(),)))
                           for network in networks)]
        alone = [frozenset((node,)) for node in self.up if node not in reached]
        if not self._parted:
            return [group for group in (frozenset(reached), *alone) if group]
        sides: dict[str, set[str]] = {}
        for node in reached:
            sides.setdefault(self._plant.sides.get(node, node), set()).add(node)
        return [*map(frozenset, sides.values()), *alone]

    def outcome(self, service: Service) -> Outcome:
        if service.copies and all(self._destroyed(node) for node in service.copies):
            return Outcome.LOST
        if service.way is Way.ANY:
            return Outcome.UP if any(self._serves(node) for node in service.hosts) else Outcome.DOWN
        groups = self.groups(service.networks)
        if service.way is Way.HELD:
            holding = [group for group in groups
                       if any(self._serves(node) for node in group & {*service.hosts})]
            return Outcome.TWICE if len(holding) > 1 else Outcome.UP if holding else Outcome.DOWN
        if service.way is Way.ONE and len(service.voters) == 2:   # two_node: each has quorum
            if len(groups) > 1 and not self._plant.fences:
                return Outcome.TWICE
            return min((self._on_one(service, [group]) for group in groups), key=lambda each: each.rank,
                       default=Outcome.DOWN)
        quorate = [group for group in groups if 2 * len(group & {*service.voters}) > len(service.voters)]
        if service.way is Way.MAJORITY:
            serving = any(self._serves(node) for group in quorate for node in group & {*service.hosts})
            return Outcome.UP if serving else Outcome.DOWN
        return self._on_one(service, quorate)

    def _on_one(self, service: Service, quorate: list[frozenset[str]]) -> Outcome:
        """Of what Pacemaker runs: the quorate side fences the others first, and only then starts it."""
        for group in quorate:
            lost = [node for node in service.voters if node not in group]
            if not all(self._fenced(node) for node in lost if node in service.hosts):
                return Outcome.STUCK
            hosts = group & {*service.hosts}
            serving = [node for node in hosts if self._serves(node)]
            if serving and (len(serving) == len(hosts) or self._moves()):
                return Outcome.UP   # who reaches nobody gives it up to one who does
            if hosts:
                return Outcome.DOWN   # it stays where nobody reaches it
        return Outcome.DOWN

    def _moves(self) -> bool:
        """Whether who still serves reaches somebody beside itself."""
        gateway = self._plant.gateway
        there = sum(map(self._serves, self.up)) + (gateway is not None and gateway not in self._failed)
        return self._plant.moves and there > 1

    def _serves(self, node: str) -> bool:
        """Whether clients reach a node that is up."""
        return node in self.up and self._whole(self._plant.reaches.get((node, "management"), ()))

    def _fenced(self, node: str) -> bool:
        return any(self._works(fence) for fence in self._plant.fences if fence.target == node)

    def _works(self, fence: Fence) -> bool:
        """A management processor is without power when its node is; an outlet, when its rack or feed is
        gone."""
        spared = {Hangs.ON_BOARD: ("node",), Hangs.OUTLET: ("node", "supply")}.get(fence.hangs)
        return spared is None or self._whole(
            choice for choice in self._plant.stands_on[fence.target]
            if not any(component.kind in spared for component in choice))

    def _destroyed(self, node: str) -> bool:
        return any(not choice - self._failed and all(component.kind in PHYSICAL for component in choice)
                   for choice in self._plant.stands_on[node])
