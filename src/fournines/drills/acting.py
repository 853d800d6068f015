"""Carry an intervention out, and look at what it did: through the machine's driver or through the node."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial

from fournines.blueprint.predicate import Judgement
from fournines.blueprint.requests import Failed, Reply, Request
from fournines.drills import effects, on_node
from fournines.drills.drill import CABLE_ACTS, MACHINE_ACTS, Act, Effect
from fournines.drills.effects import Running, Sight
from fournines.drills.intervention import Intervention
from fournines.drills.place import Machine, Place
from fournines.engine.wait import wait_until
from fournines.errors import DrillError, GateTimeout, LabError, Unreachable

UP_TIMEOUT_S = 120.0
EFFECT_TIMEOUT_S = 5.0   # a killed process takes a moment to go, and a rule drops what comes next
STOP_TIMEOUT_S = 30.0    # and one that is to be started anew ends in good order first


def is_outside(act: Act) -> bool:
    """Whether it is done to the machine from outside, not in the node."""
    return act in MACHINE_ACTS or act in CABLE_ACTS


async def inject(place: Place, deed: Intervention) -> None:
    """Raises ``DrillError`` where the node refuses."""
    if is_outside(deed.act):
        await asyncio.to_thread(_to_machine, place.machines[deed.target], deed)
    else:
        await _ask(place, deed.target, on_node.requests(deed))


async def arm(place: Place, undo: Intervention, after_s: float) -> None:
    """Let the node undo it by itself after ``after_s``; nothing to do for what is done from outside."""
    if undo.timer:
        await _ask(place, undo.target, (on_node.arm(undo, after_s),))


async def heal(place: Place, undo: Intervention) -> None:
    """Take the fault away, then the timer that would; where both are gone already nothing happens."""
    if is_outside(undo.act):
        machine = place.machines[undo.target]
        await asyncio.to_thread(_to_machine, machine, undo)
        if undo.act in MACHINE_ACTS:
            await _come_up(machine, may_be_fenced=place.has_pacemaker)
        return
    await _ask(place, undo.target, on_node.requests(undo))
    if undo.timer:
        replies = await _ask(place, undo.target, on_node.disarm(undo))
        facts = replies[-1]
        state = facts.get(f"{undo.timer}.timer") if isinstance(facts, dict) else None
        if isinstance(state, dict) and state.get("active") == "active":
            raise DrillError(f"{undo.target}: the timer {undo.timer} cannot be stopped; what it does is done",
                             hint=f"on {undo.target}: systemctl stop {undo.timer}.timer")


async def _come_up(machine: Machine, *, may_be_fenced: bool) -> None:
    """Wait for it. Others may fence it while it boots, and whoever does so turns it on again."""
    end_s = time.monotonic() + UP_TIMEOUT_S

    async def is_on() -> Judgement:
        power = await asyncio.to_thread(lambda: machine.power)
        return Judgement(power != "off", f"its power is {power}")

    while True:
        try:
            return await asyncio.to_thread(machine.wait_up, max(1.0, end_s - time.monotonic()))
        except LabError:   # it went off
            if not may_be_fenced:
                raise
        await wait_until(is_on, f"{machine.name}, which went off while it booted, is turned on again",
                         max(1.0, end_s - time.monotonic()))


async def unit_now(place: Place, node: str, unit: str) -> Running | str:
    """The unit as its node sees it; a text says why that is not known."""
    deed = Intervention(Act.HANG, node, unit)
    try:
        replies = await place.nodes[node].ask(on_node.look(Effect.PROCESSES_STOPPED, deed))
    except Unreachable as problem:
        return problem.message
    return effects.running(unit, replies)


async def look(place: Place, effect: Effect, deed: Intervention, before: Running | None) -> Sight:
    """Whether the fault is there now; ``before`` is its unit as it was, where it hits one."""
    if deed.act in MACHINE_ACTS:
        machine = place.machines[deed.target]
        if effect is Effect.IS_SLOW:
            return effects.of_share(await asyncio.to_thread(lambda: machine.throttled))
        return effects.of_machine(effect, await asyncio.to_thread(lambda: machine.power))
    if deed.act in CABLE_ACTS:
        machine = place.machines[deed.target]
        return effects.of_cables({network: await asyncio.to_thread(machine.has_link, network)
                                  for network in deed.networks})
    if effect in effects.TOLD_BY_A_TEXT:
        try:
            reply = (await place.nodes[deed.target].ask(on_node.look(effect, deed)))[0]
        except Unreachable as problem:
            return Sight(False, problem.message)
        told = effects.of_text(effect, reply, deed, time.time())
        if effect is not Effect.IS_MISCONFIGURED or before is None or not told.shown:
            return told
        # What systemd has read says nothing of a process that has not been started with it.
        return told.then(await _of_unit(place, Effect.PROCESSES_GONE, deed, before))
    if before is not None:
        return await _of_unit(place, effect, deed, before)
    try:
        return effects.of_packets((await place.nodes[deed.target].ask(on_node.look(effect, deed)))[0])
    except Unreachable as problem:
        return Sight(False, problem.message)


async def _of_unit(place: Place, effect: Effect, deed: Intervention, before: Running) -> Sight:
    now = await unit_now(place, deed.target, deed.unit)
    return Sight(False, now) if isinstance(now, str) else effects.of_unit(effect, before, now)


async def await_effect(place: Place, effect: Effect, deed: Intervention, before: Running | None) -> Sight:
    """Look until the fault is there; what was last seen where it does not come in time."""
    within_s = STOP_TIMEOUT_S if effect is Effect.IS_MISCONFIGURED else EFFECT_TIMEOUT_S
    last = Sight(False, f"nothing was seen of {deed} within {within_s:g} s")

    async def once() -> Judgement:
        nonlocal last
        last = await look(place, effect, deed, before)
        return Judgement(last.shown, last.because)

    with contextlib.suppress(GateTimeout):
        await wait_until(once, f"{deed} takes effect", within_s)
    return last


async def forgive(place: Place) -> str:
    """Let Pacemaker forget what failed by the drill, as an operator does who knows why: a service that failed
    three times within ten minutes is barred from its node, and the drills of a series come faster. Says what
    went wrong, as where something is still being started; no result is to be lost for it."""
    for name in (node.name for node in place.cluster.controllers):
        try:
            await _ask(place, name, (on_node.FORGIVE,))
        except Unreachable:
            continue
        except DrillError as problem:
            return problem.message
        return ""
    return "no controller can be asked to forget what failed"


def _to_machine(machine: Machine, deed: Intervention) -> None:
    """Blocks."""
    verbs: dict[Act, Callable[[], None]] = {Act.POWER_OFF: machine.power_off, Act.POWER_ON: machine.power_on,
                                            Act.FREEZE: machine.freeze, Act.THAW: machine.thaw,
                                            Act.THROTTLE: partial(machine.throttle, deed.amount),
                                            Act.UNTHROTTLE: partial(machine.throttle, 0)}
    if deed.act in verbs:
        verbs[deed.act]()
        return
    for network in deed.networks:
        if deed.act is Act.CUT:
            machine.cut(network)
        else:
            machine.heal(network)


async def _ask(place: Place, node: str, requests: Sequence[Request]) -> list[Reply]:
    replies = await place.nodes[node].ask(requests)
    for request, reply in zip(requests, replies, strict=True):
        if isinstance(reply, Failed):
            raise DrillError(f"{node}: {request.describe()}: {reply.reason}",
                             hint=f"see 'fournines status', and journalctl on {node}")
    return replies
