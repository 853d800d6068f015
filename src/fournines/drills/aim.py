"""Which node is meant: from what the nodes say, when the drill begins and again just before it hits."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fournines.blueprint.predicate import holders
from fournines.blueprint.requests import Failed, Run
from fournines.blueprint.resources import RESOURCES
from fournines.drills.drill import Target
from fournines.drills.settings import ClientSettings
from fournines.engine.compile import Blueprint
from fournines.engine.observe import observe
from fournines.errors import Unreachable
from fournines.layers.api.active_passive import resource
from fournines.layers.api.services.keystone import SERVICE as KEYSTONE
from fournines.layers.loadbalancer.health import HAPROXY, VIPS
from fournines.layers.messaging.accounts import DRILL_VHOST
from fournines.layers.messaging.health import BROKER
from fournines.layers.network.artifacts import AGENTS
from fournines.nodes.node import Node

Find = Callable[[Target, ClientSettings], Awaitable[tuple[str, ...]]]
"""The nodes that say of themselves, or of one another, that they are the target: one where all is well."""

SEATS: Mapping[Target, tuple[str, ...]] = {
    Target.DATABASE_WRITER: ("database writer", "database"), Target.CACHE_IN_USE: ("cache in use",),
    Target.QUEUE_LEADER: ("broker",), Target.API: (f"resource {resource(KEYSTONE)}",),
    Target.NETWORK: (f"resource {AGENTS[0].resource}",)}
"""By what the target is known: the first of these seats that the cluster has. Of many brokers the queue's
leader is meant, who has no seat."""
_SEAT_PROBES = (HAPROXY, VIPS, RESOURCES)   # three cheap questions to each controller, or one to Pacemaker
_SHOW_LEADER = (   # answered from what the asked broker knows, in milliseconds; see messaging/node/status.erl
    "{{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"{vhost}\">>, queue, <<\"{queue}\">>)),"
    " io:put_chars(atom_to_list(element(2, amqqueue:get_pid(Queue)))).\n")   # erl_call takes whole lines only


@dataclass(frozen=True, slots=True)
class Role:
    """What makes a node the target: ``which holds 192.0.2.1``, ``held 192.0.2.1``; ``thing`` is what has one
    holder."""

    which: str
    was: str
    thing: str


def role(target: Target, address: str, unit: str, *, named: bool) -> Role:
    """The words for a target. A node that was named or drawn, or that Pacemaker chose, has no other role
    than running the unit."""
    if named or target.is_drawn or target is Target.NETWORK:
        does, did = (f"runs {unit}", f"ran {unit}") if unit else ("is a controller", "was a controller")
        return Role(f"which {does}", did, "the target")
    if target is Target.VIP_HOLDER:
        return Role(f"which holds {address}", f"held {address}", address)
    if target is Target.ARBITRATOR:
        return Role("which is the arbitrator", "was the arbitrator", "the arbitrator")
    if target is Target.QUEUE_LEADER:
        return Role("which leads the drill's queue", "led the drill's queue", "the lead of the drill's queue")
    seat = f"the {SEATS[target][0]}"
    return Role(f"which is {seat}", f"was {seat}", seat)


def draw(candidates: Sequence[str], seed: int) -> tuple[str, ...]:
    """One of them, the same for the same seed; none where there are none."""
    return (random.Random(seed).choice(candidates),) if candidates else ()  # noqa: S311 - a drill is no secret


def finding(blueprint: Blueprint, nodes: Mapping[str, Node]) -> Find:
    """Asks the nodes for the holders of a seat, and the brokers for the leader of the drill's queue."""
    probes = [probe for probe in blueprint.probes if probe.name in _SEAT_PROBES]
    seats = {seat.name: seat for seat in blueprint.seats}
    questions = {node: request for probe in blueprint.probes if probe.name == BROKER
                 for node, request in probe.requests.items() if isinstance(request, Run)}

    async def find(target: Target, settings: ClientSettings) -> tuple[str, ...]:
        seat = next((seats[name] for name in SEATS[target] if name in seats), None)
        if seat is None and target is Target.QUEUE_LEADER:
            queue = settings.amqp.queue if settings.amqp is not None else ""
            return await _leader(nodes, questions, queue)
        if seat is None:
            return ()
        return holders(seat.holder, await observe(nodes, probes), seat.candidates)

    return find


async def _leader(nodes: Mapping[str, Node], questions: Mapping[str, Run], queue: str) -> tuple[str, ...]:
    """Every broker is asked: they must agree."""
    said = set()
    for name, question in questions.items():
        asked = replace(question, stdin=_SHOW_LEADER.format(vhost=DRILL_VHOST, queue=queue))
        try:
            reply = (await nodes[name].ask([asked]))[0]
        except Unreachable:
            continue
        if isinstance(reply, dict) and not isinstance(reply, Failed):
            said.add(str(reply["stdout"]).strip().removeprefix("rabbit@"))
    return tuple(sorted(said & set(nodes)))
