"""Status: who holds which seat, who is well, and what may still fail, as a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from fournines.blueprint.contribution import Members, Proof, Seat
from fournines.blueprint.predicate import holders
from fournines.blueprint.snapshot import Snapshot
from fournines.cluster.topology import Cluster
from fournines.engine.compile import Blueprint


@dataclass(frozen=True, slots=True)
class SeatStatus:
    """``holders`` is one node where all is well; ``unknown`` are candidates that did not say."""

    name: str
    holders: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MembersStatus:
    """``unwell`` maps a member that is not well, or not known to be, to the reason. ``margin`` is how many of
    the well ones may still fail; below zero it does not serve as it should."""

    layer: str
    well: tuple[str, ...]
    unwell: Mapping[str, str]
    needs: int

    @property
    def margin(self) -> int:
        """Well members beyond those needed."""
        return len(self.well) - self.needs


@dataclass(frozen=True, slots=True)
class ProofStatus:
    """When something that must work once it is needed was last seen to, in UTC (RFC 3339), and by which node;
    both empty where never."""

    name: str
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Loss:
    """What would stop if one thing failed now: ``what`` is ``node ctl1`` or a failure domain, ``rack r1``;
    ``stops`` the layers that would not have enough members left. Empty where everything goes on."""

    what: str
    nodes: tuple[str, ...]
    stops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """The cluster on one screen. ``gone`` maps nodes that cannot be reached to the reason."""

    cluster: str
    nodes: tuple[str, ...]
    gone: Mapping[str, str]
    seats: tuple[SeatStatus, ...]
    members: tuple[MembersStatus, ...]
    losses: tuple[Loss, ...]
    proofs: tuple[ProofStatus, ...] = ()

    @property
    def serves(self) -> bool:
        """Every layer has as many members as it needs, and every seat is held by exactly one."""
        return (all(item.margin >= 0 for item in self.members)
                and all(len(seat.holders) == 1 for seat in self.seats))

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        members = [{**asdict(item), "margin": item.margin} for item in self.members]
        return {**asdict(self), "members": members, "serves": self.serves}


def status(cluster: Cluster, blueprint: Blueprint, snapshot: Snapshot) -> Status:
    """What the snapshot says of every seat and every layer's members."""
    members = tuple(_members(item, snapshot) for item in blueprint.members)
    gone = {node: why.reason for node, why in snapshot.gone.items()}
    seats = tuple(_seat(seat, snapshot) for seat in blueprint.seats)
    return Status(blueprint.cluster, blueprint.nodes, gone, seats, members, tuple(_losses(cluster, members)),
                  tuple(_proof(item, snapshot) for item in blueprint.proofs))


def _proof(proof: Proof, snapshot: Snapshot) -> ProofStatus:
    seen = [(value, node) for node in proof.nodes for fact in proof.facts
            if isinstance(value := fact.seen(snapshot, node), int | float)]
    if not seen:
        return ProofStatus(proof.name, "", "")
    at_s, by = max(seen, key=lambda one: one[0])   # the first who knows of it
    return ProofStatus(proof.name, datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds"), by)


def _seat(seat: Seat, snapshot: Snapshot) -> SeatStatus:
    unknown = [node for node in seat.candidates if seat.holder.judge(snapshot, node).truth is None]
    return SeatStatus(seat.name, holders(seat.holder, snapshot, seat.candidates), tuple(unknown))


def _members(item: Members, snapshot: Snapshot) -> MembersStatus:
    judged = {node: item.well.judge(snapshot, node) for node in item.nodes}
    well = tuple(node for node, judgement in judged.items() if judgement.truth)
    unwell = {node: judgement.because for node, judgement in judged.items() if not judgement.truth}
    return MembersStatus(item.layer, well, unwell, item.needs)


def _losses(cluster: Cluster, members: Iterable[MembersStatus]) -> Iterable[Loss]:
    """Every node alone, then every failure domain that takes more than one node with it."""
    domains: dict[str, list[str]] = {}
    for node in cluster.nodes:
        for domain, name in node.domains.items():
            domains.setdefault(f"{domain} {name}", []).append(node.name)
    things = {f"node {node.name}": [node.name] for node in cluster.nodes}
    things |= {what: nodes for what, nodes in domains.items() if len(nodes) > 1}
    for what, nodes in things.items():
        stops = [item.layer for item in members if len(set(item.well) - set(nodes)) < item.needs]
        yield Loss(what, tuple(nodes), tuple(dict.fromkeys(stops)))
