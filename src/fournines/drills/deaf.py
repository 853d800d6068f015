"""Deaf services: those that run, answer every check, and do no work. What shows them, before and after a
drill.

A queue that nobody consumes from any more: its service is up and hears nothing. A session with a database
that is not the writer: a pool kept a connection that the failover should have ended, and writes where nobody
else does. The third kind, a pooled connection that neither answers nor ends, the clients look for themselves.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from fournines.blueprint.requests import Failed, HttpGet, Reply, Run
from fournines.engine.compile import Blueprint
from fournines.errors import Unreachable
from fournines.layers.database.health import STATE
from fournines.layers.messaging.health import BROKER
from fournines.nodes.node import Node

_CONSUMERS = (   # answered by the broker that is asked, or by the leader of the queue for it; of queues that
    # end with their consumers, those of one process for replies and for what all are told, nobody is missed
    "Count = fun(Q) -> try length(rabbit_amqqueue:consumers(Q)) catch _:_ -> -1 end end,"
    " Name = fun(Q) -> {resource, V, _, N} = amqqueue:get_name(Q), <<V/binary, \" \", N/binary>> end,"
    " io:put_chars(rabbit_json:encode("
    "maps:from_list([{Name(Q), Count(Q)} || Q <- rabbit_amqqueue:list(),"
    " not lists:keymember(<<\"x-expires\">>, 1, amqqueue:get_arguments(Q))]))).\n")
_SESSIONS = ("SELECT COUNT(*) FROM information_schema.processlist"   # root and our own come by socket
             " WHERE host NOT IN ('', 'localhost') AND command NOT IN ('Daemon', 'Binlog Dump');")
_SQL = Run(("mariadb", "--batch", "--skip-column-names"), stdin=_SESSIONS, timeout_s=6.0)


@dataclass(frozen=True, slots=True)
class Work:
    """``consumers``: queue, as virtual host and name, -> how many consume from it; None where no broker says.
    ``sessions``: node -> sessions that came to its database over the network; nodes that do not say are not
    in it."""

    consumers: Mapping[str, int] | None = None
    sessions: Mapping[str, int] | None = None


LookAtWork = Callable[[], Awaitable[Work]]


async def no_work() -> Work:
    """For a place without brokers and databases."""
    return Work({}, {})


def working(blueprint: Blueprint, nodes: Mapping[str, Node]) -> LookAtWork:
    """Asks one broker after the other until one says, and every database."""
    brokers = _requests(blueprint, BROKER)
    databases = [node for probe in blueprint.probes if probe.name == STATE for node in probe.requests]

    async def look() -> Work:
        consumers: Mapping[str, int] | None = None if brokers else {}
        for name, question in brokers.items():
            consumers = _counts(await _answer(nodes[name], replace(question, stdin=_CONSUMERS)))
            if consumers is not None:
                break
        said = {name: await _answer(nodes[name], _SQL) for name in databases}
        return Work(consumers, {name: int(text) for name, text in said.items() if text.isdigit()})

    return look


def state_urls(blueprint: Blueprint) -> dict[str, str]:
    """node -> where the health endpoint of its database answers."""
    return {node: request.url for probe in blueprint.probes if probe.name == STATE
            for node, request in probe.requests.items() if isinstance(request, HttpGet)}


def _requests(blueprint: Blueprint, name: str) -> dict[str, Run]:
    return {node: request for probe in blueprint.probes if probe.name == name
            for node, request in probe.requests.items() if isinstance(request, Run)}


async def _answer(node: Node, request: Run) -> str:
    """What it prints; empty where it does not answer, or fails."""
    try:
        reply: Reply = (await node.ask([request]))[0]
    except Unreachable:
        return ""
    return "" if isinstance(reply, Failed) or not isinstance(reply, dict) else str(reply["stdout"]).strip()


def _counts(text: str) -> Mapping[str, int] | None:
    try:
        return {str(queue): int(count) for queue, count in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError):
        return None


def deaf(before: Work, now: Work, writer: Collection[str]) -> tuple[str, ...]:
    """What does no work although it did ``before``, a sentence each. ``writer``: the node, or none or
    several, whose database should have all sessions. Queues that are gone are not missed: those for replies
    come and go."""
    return (*_unheard(before.consumers or {}, now.consumers), *_astray(now.sessions or {}, writer))


def _unheard(before: Mapping[str, int], now: Mapping[str, int] | None) -> Iterable[str]:
    if now is None:
        return ("no broker says who consumes from its queues",) if before else ()
    return tuple(f"the queue {queue} has {max(0, now[queue])} of its {count} consumers"
                 for queue, count in before.items() if queue in now and now[queue] < count)


def _astray(sessions: Mapping[str, int], writer: Collection[str]) -> Iterable[str]:
    if len(writer) != 1:
        return ()   # who it is, the invariants say
    return tuple(f"{count} session{'s are' if count != 1 else ' is'} still with the database of {node}, "
                 "which is not the writer"
                 for node, count in sessions.items() if count and node not in writer)
