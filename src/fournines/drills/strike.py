"""Strike: break, watch, and heal whatever happens; one fault, or two that are there together."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from fournines.drills import acting
from fournines.drills.drill import MENDED_BY_PACEMAKER, Act, Drill, Effect, Fault
from fournines.drills.effects import Running, Sight
from fournines.drills.folder import RunFolder
from fournines.drills.intervention import Intervention, undoing
from fournines.drills.on_node import LATE_S, TIMER_PREFIX
from fournines.drills.place import Health, Place
from fournines.drills.schedule import Deed
from fournines.errors import Unreachable

Done = TypeVar("Done")
Look: TypeAlias = Callable[[Place, Effect, Intervention, Running | None], Awaitable[Sight]]


async def to_its_end(work: Awaitable[Done]) -> Done:
    """Finish ``work`` although we are cancelled meanwhile, however often; then be cancelled."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True
        except Exception:   # the task's own, raised again below
            break
    if cancelled and not task.exception():
        raise asyncio.CancelledError
    return task.result()


@dataclass(slots=True)
class Striker:
    """What the strikes of one run share: where, which drill, its folder, who is told; ``stamp`` is in the
    names of its timers. ``during`` is what the cluster looked like under a fault that blocks, ``deeds`` are
    all faults that were made, in their order."""

    place: Place
    drill: Drill
    folder: RunFolder
    tell: Callable[[str], None]
    stamp: str
    during: Health | None = None
    deeds: list[Deed] = field(default_factory=list)

    async def strike(self, fault: Fault, deed: Intervention, before: Running | None, which: str,
                      beside: Sequence[Intervention] = ()) -> tuple[Sight, float]:
        """Break, watch, heal whatever happens: what was seen of the fault, and when it was taken away.
        ``beside`` is what is broken just before it and for as long."""
        undo = undoing(fault, deed, self._timer(deed))
        undos = (undo, *(undoing(self.drill.beside, each, self._timer(each, "beside"))
                         for each in beside if self.drill.beside is not None),
                 *self._wherever_it_went(undo))
        try:
            effect = await self._inject(fault, deed, undos, before, which, beside)
            self.tell(f"watching for {self.drill.observe_s:g} s what clients notice")
            await asyncio.sleep(self.drill.observe_s)
            if self.drill.blocks:
                self.during = await self.place.health()
                self.folder.write_health("during.json", self.during)
            mended = self.drill.mended or (self.place.has_pacemaker and fault.effect in MENDED_BY_PACEMAKER)
            if effect.shown and not mended:
                effect = await self._sight(acting.look, fault, deed, before, beside)
        finally:
            healed_s = time.monotonic()
            self.deeds = [each if math.isfinite(each.undone_s) else replace(each, undone_s=healed_s)
                          for each in self.deeds]
            await to_its_end(self._heal(undos))
        return effect, healed_s

    def _wherever_it_went(self, undo: Intervention) -> tuple[Intervention, ...]:
        """A volume that Pacemaker has moved meanwhile has what fills it on the node that mounts it now."""
        if undo.act is not Act.EMPTY or not self.place.has_pacemaker:
            return ()
        return tuple(replace(undo, target=node.name, timer="") for node in self.place.cluster.controllers
                     if node.name != undo.target)

    def _timer(self, deed: Intervention, ending: str = "") -> str:
        name = "-".join(filter(None, (self.stamp, ending)))
        return "" if acting.is_outside(deed.act) else f"{TIMER_PREFIX}{name}"

    async def _inject(self, fault: Fault, deed: Intervention, undos: Sequence[Intervention],
                      before: Running | None, which: str, beside: Sequence[Intervention]) -> Sight:
        self.folder.arm(undos)
        for undo in undos:
            await to_its_end(acting.arm(self.place, undo, self.drill.observe_s + LATE_S))
        for each in beside:
            self.tell(f"{each}: {each.target}")
            self._note(each, undos)
            await to_its_end(acting.inject(self.place, each))
        self.tell(f"{deed}: {deed.target}, {which}")
        self._note(deed, undos)
        # To its end even when cancelled: healing must not overtake a fault that is still being made.
        await to_its_end(acting.inject(self.place, deed))
        return await self._sight(acting.await_effect, fault, deed, before, beside)

    def _note(self, deed: Intervention, undos: Sequence[Intervention]) -> None:
        """That it is made now."""
        undo = next(str(each) for each in undos if each.target == deed.target)
        self.deeds.append(Deed(str(deed), undo, deed.target, time.monotonic(), math.inf))

    async def _sight(self, look: Look, fault: Fault, deed: Intervention, before: Running | None,
                     beside: Sequence[Intervention]) -> Sight:
        """Of the fault, and of the one beside it."""
        sights = [await look(self.place, self.drill.beside.effect, each, None)
                  for each in beside if self.drill.beside is not None]
        sights.append(await look(self.place, fault.effect, deed, before))
        return Sight(all(each.shown for each in sights), "; ".join(each.because for each in sights))

    async def _heal(self, undos: Sequence[Intervention]) -> None:
        """All at once: machines that need each other to begin must not be waited for one after the other."""
        for undo in undos:
            self.tell(f"{undo}: {undo.target}")
        healed = await asyncio.gather(*(acting.heal(self.place, undo) for undo in undos),
                                      return_exceptions=True)
        for undo, outcome in zip(undos, healed, strict=True):
            if isinstance(outcome, Unreachable) and undo.timer:
                self.tell(f"{undo.target} does not answer: its timer {undo.timer} takes the fault away")
        for outcome in healed:
            if isinstance(outcome, BaseException):
                raise outcome
        self.folder.disarm()
