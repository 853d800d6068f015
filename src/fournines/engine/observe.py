"""Observe: put the probes to the nodes, one batched request each, and type the answers into a Snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fournines.blueprint.predicate import Predicate
from fournines.blueprint.requests import Failed, Reply, Request
from fournines.blueprint.snapshot import Absent, Gone, Probe, Snapshot
from fournines.blueprint.steps import Step
from fournines.errors import Unreachable
from fournines.nodes.node import Node

OBSERVE_TIMEOUT_S = 20.0
Asked = tuple[str, str]
"""(node, probe): one probe put to one node."""


async def observe(nodes: Mapping[str, Node], probes: Sequence[Probe], only: Collection[Asked] | None = None,
                  *, timeout_s: float = OBSERVE_TIMEOUT_S) -> Snapshot:
    """Ask every node its probes at once; with ``only``, no more than those and no other node.

    A node that cannot be reached, or does not answer within ``timeout_s`` beyond what the requests themselves
    may take, becomes ``Gone``; a failed request or an unreadable reply ``Absent``.
    """
    async def look(name: str, node: Node) -> Mapping[str, object] | Gone:
        mine = [probe for probe in probes if name in probe.requests
                and (only is None or (name, probe.name) in only)]
        return await _look(name, node, mine, timeout_s)

    concerned = None if only is None else {node for node, _ in only}
    asked = {name: node for name, node in nodes.items() if concerned is None or name in concerned}
    answers = await asyncio.gather(*(look(name, node) for name, node in asked.items()))
    found = dict(zip(asked, answers, strict=True))
    return Snapshot({name: answer for name, answer in found.items() if not isinstance(answer, Gone)},
                    {name: answer for name, answer in found.items() if isinstance(answer, Gone)})


async def _look(name: str, node: Node, probes: Sequence[Probe],
                timeout_s: float) -> Mapping[str, object] | Gone:
    requests: list[Request] = []
    for probe in probes:
        if probe.requests[name] not in requests:   # several probes may read one answer
            requests.append(probe.requests[name])
    try:
        replies = await node.ask(requests, together=True, timeout_s=timeout_s)
    except Unreachable as problem:
        return Gone(problem.message.removeprefix(f"{name}: "))
    return {probe.name: _typed(probe, replies[requests.index(probe.requests[name])]) for probe in probes}


def _typed(probe: Probe, reply: Reply) -> object:
    if isinstance(reply, Failed):
        return Absent("; ".join(reply.reason.split("\n")))   # it becomes a part of a sentence
    try:
        return probe.parse(reply)
    except ValueError as problem:   # Unreadable, or what int() and json say of the same thing
        return Absent(f"unreadable: {problem}")


@dataclass(frozen=True, slots=True)
class _Recorder(Snapshot):
    """A snapshot that knows nothing and remembers what it was asked."""

    asked: set[Asked] = field(default_factory=set)

    def value(self, node: str, probe: str) -> object:
        self.asked.add((node, probe))
        return Absent("not looked at")


def consulted(predicates: Iterable[Predicate | None], node: str, nodes: Iterable[str]) -> frozenset[Asked]:
    """What has to be observed to judge the predicates for ``node``; ``nodes`` are all there are."""
    recorder = _Recorder({each: {} for each in nodes}, {})
    for predicate in predicates:
        if predicate is not None:
            predicate.judge(recorder, node)
    return frozenset(recorder.asked)


def consulted_by(steps: Iterable[Step], nodes: Collection[str]) -> frozenset[Asked]:
    """What has to be observed to plan the steps: what judges whether each is needed and may be done. Less
    than what ``verify`` looks at, which tries the services out."""
    return frozenset(pair for step in steps for node in step.do
                     for pair in consulted((step.unless, step.only_if), node, nodes))
