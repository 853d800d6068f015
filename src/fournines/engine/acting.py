"""One step on one node: look again, judge, ask the node, wait for the gate, leave the stamp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from fournines.blueprint.predicate import Judgement
from fournines.blueprint.requests import (
    Failed,
    InstallPackages,
    MakeDirectory,
    Request,
    Unit,
    WriteFile,
)
from fournines.blueprint.snapshot import Snapshot
from fournines.blueprint.steps import Gate, On, Step
from fournines.engine.compile import Blueprint
from fournines.engine.decide import Decision, Verdict, candidates, decide, decide_for, still_needed
from fournines.engine.events import ActionBegan, ActionWaiting, Event
from fournines.engine.observe import Asked, consulted, observe
from fournines.engine.services import writes
from fournines.engine.wait import wait_until
from fournines.engine.wanted import FILES, PACKAGES
from fournines.errors import GateTimeout, Interrupted, Refused, RequestFailed
from fournines.nodes.node import Node

Tell = Callable[[Event], None]
PATIENCE_S = 60.0   # a busy node answers late, and work of hours may go on beside the question
DAEMON_RELOAD = Unit("daemon-reload")
_BATCH_BYTES = 4 << 20


class Acting:
    """What is needed to act: the blueprint, the nodes, who is told, and whether to stop."""

    def __init__(self, blueprint: Blueprint, nodes: Mapping[str, Node], tell: Tell,
                 stop: asyncio.Event) -> None:
        self._blueprint, self._nodes, self._tell, self._stop = blueprint, nodes, tell, stop
        self._reloads = {name: Reloads(node) for name, node in nodes.items()}

    async def act(self, step: Step, planned_for: str) -> str:
        """Carry the step out on one node; empty, or why there was nothing left to do.

        FIRST chooses its node again, since earlier steps may have shown which is the right one. Raises
        ``Refused`` (the guard does not hold, a node is unknown), ``Interrupted``, ``GateTimeout`` and
        ``NodeError``.
        """
        snapshot = await self._observe(self._conditions(step, planned_for))
        decision = (decide(step, snapshot)[0] if step.on is On.FIRST
                    else decide_for(step, planned_for, snapshot))
        if decision.verdict is Verdict.NOTHING:
            return decision.because
        self._refuse(step, decision, snapshot)
        node = decision.node
        self._tell(ActionBegan(step.name, node, decision.because))
        await self._ask(node, still_needed(step.do[node], snapshot, node))
        if step.until is not None:
            await self._wait(step, node, step.until)
        stamp = self._blueprint.stamps.get(step.name, {}).get(node)
        if stamp is not None:
            await self._ask(node, writes([stamp]))
        return ""

    def _conditions(self, step: Step, node: str) -> frozenset[Asked]:
        """What has to be seen to decide about the step, and to leave out what is already there."""
        pairs: set[Asked] = set()
        for each in candidates(step) if step.on is On.FIRST else (node,):
            pairs |= consulted((step.unless, step.only_if), each, self._blueprint.nodes)
            if any(isinstance(request, InstallPackages) for request in step.do[each]):
                pairs.add((each, PACKAGES))
            if any(isinstance(request, WriteFile | MakeDirectory) for request in step.do[each]):
                pairs.add((each, FILES))
        return frozenset(pairs)

    def _refuse(self, step: Step, decision: Decision, snapshot: Snapshot) -> None:
        if decision.verdict is Verdict.UNKNOWN:
            raise Refused(f"refused: {decision.because}",
                          hint="bring the node back, then apply again: nothing is changed beside an unknown")
        if step.only_if is None:
            return
        guard = step.only_if.judge(snapshot, decision.node)
        if guard.truth is not True:
            what = "does not hold" if guard.truth is False else "cannot be known"
            raise Refused(f"refused: it must hold that {step.only_if}, and this {what}: {guard.because}",
                          hint=step.refusal)

    async def settle(self, step: Step, node: str) -> None:
        """Between two nodes of a rolling step, wait until the guard of the next holds: the member that was
        just touched serves again, and may not be whole yet. What does not come in time is left to the guard
        to refuse."""
        if step.only_if is not None and step.until is not None:
            with suppress(GateTimeout, Interrupted):
                await self._wait(step, node, Gate(step.only_if, step.until.timeout_s))

    async def _observe(self, pairs: frozenset[Asked]) -> Snapshot:
        return await observe(self._nodes, self._blueprint.probes, pairs, timeout_s=PATIENCE_S)

    async def _ask(self, name: str, requests: Sequence[Request]) -> None:
        """The requests in order, each only when those before it have succeeded."""
        for batch in _batches(requests):
            if self._stop.is_set():
                raise Interrupted("told to stop", hint="the same apply goes on from here")
            if batch == [DAEMON_RELOAD]:
                await self._reloads[name].after_now()
                continue
            await _carry_out(self._nodes[name], batch)

    async def _wait(self, step: Step, node: str, gate: Gate) -> None:
        pairs = consulted((gate.holds,), node, self._blueprint.nodes)

        async def look() -> Judgement:
            return gate.holds.judge(await self._observe(pairs), node)

        def progress(last_seen: str, elapsed_s: float) -> None:
            self._tell(ActionWaiting(step.name, node, waiting_for, last_seen, elapsed_s, gate.timeout_s))

        waiting_for = f"{node}: {gate.holds}"
        await wait_until(look, waiting_for, gate.timeout_s, progress=progress, stop=self._stop)


class Reloads:
    """daemon-reload on one node, for all who need it: it takes a second, and many steps write unit files at
    the same time. One that begins after all of them have written serves them all."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._one_at_a_time = asyncio.Lock()
        self._asked = self._served = 0

    async def after_now(self) -> None:
        """Returns once a reload has been done that began after this call."""
        self._asked += 1
        mine = self._asked
        async with self._one_at_a_time:
            if self._served >= mine:
                return
            serves = self._asked
            await _carry_out(self._node, [DAEMON_RELOAD])
            self._served = serves


async def _carry_out(node: Node, batch: Sequence[Request]) -> None:
    for request, reply in zip(batch, await node.ask(batch), strict=True):
        if isinstance(reply, Failed):
            raise RequestFailed(node.name, f"{request.describe()}: {reply.reason}")


def _batches(requests: Sequence[Request]) -> Iterator[list[Request]]:
    """Files and directories travel together, up to a size: half of them hurts nothing. Others go alone."""
    batch: list[Request] = []
    size = 0
    for request in requests:
        if not isinstance(request, WriteFile | MakeDirectory):
            if batch:
                yield batch
            yield [request]
            batch, size = [], 0
            continue
        weight = len(request.content) if isinstance(request, WriteFile) else 0
        if batch and size + weight > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(request)
        size += weight
    if batch:
        yield batch
