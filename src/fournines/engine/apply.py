"""Apply: carry out a Plan. A step begins as soon as everything it needs is done; nodes are taken as it says.

Nothing is believed that was seen before: on reaching a node, the step's conditions are observed again. Where
the work has been done meanwhile it is skipped, where the guard does not hold it is refused. So a killed apply
needs no recovery of its own: the next one is made and carried out like the first.

That every step is done says nothing of what came apart meanwhile: it ends with a look at every invariant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import StrEnum

from fournines.blueprint.steps import On
from fournines.engine import graph
from fournines.engine.acting import Acting, Tell
from fournines.engine.compile import Blueprint
from fournines.engine.difference import Mask
from fournines.engine.events import (
    ActionDone,
    ActionFailed,
    ActionSkipped,
    ApplyBegan,
    ApplyEnded,
    CheckBegan,
    CheckWaiting,
    StepBegan,
    StepSkipped,
    masked,
)
from fournines.engine.plan import Action, Plan, PlannedStep
from fournines.engine.verify import missing
from fournines.engine.whole import check
from fournines.errors import FourninesError, Interrupted, Refused
from fournines.nodes.node import Node

# What no gate waits for, as an agent's next report, comes within a minute; on a slow computer in twice that.
COMES_LATE_S = 120.0
_AGAIN = "mend it and apply again; what was done stays done"


class Outcome(StrEnum):
    """How an action, a step or a whole apply ended."""

    DONE = "done"
    NOT_WHOLE = "not whole"
    ALREADY = "already so"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


async def apply(plan: Plan, blueprint: Blueprint, nodes: Mapping[str, Node], tell: Tell, mask: Mask, *,
                stop: asyncio.Event | None = None, resumes: str = "",
                comes_late_s: float = COMES_LATE_S) -> ApplyEnded:
    """Carry out the plan and tell what happens, secrets masked. Raises ``Refused`` for one that is blocked.

    Once ``stop`` is set, what has been sent to a node is waited for and nothing new is begun. Cancelling does
    not wait: the agents end what they run. Either way the outcome is ``interrupted``. ``resumes`` says where
    an earlier apply stopped.

    Where every action is done and some invariant that must hold does not, ``comes_late_s`` seconds later, the
    outcome is ``not whole``. Where there was nothing to do nothing is waited for.
    """
    if plan.blocking:
        raise Refused("; ".join(finding.summary for finding in plan.blocking), hint=plan.blocking[0].remedy)
    run = _Run(plan, blueprint, nodes, lambda event: tell(masked(event, mask)), stop or asyncio.Event())
    return await run.carry_out(resumes, comes_late_s if plan.actions else 0.0)


class _Run:
    """One apply under way."""

    def __init__(self, plan: Plan, blueprint: Blueprint, nodes: Mapping[str, Node], tell: Tell,
                 stop: asyncio.Event) -> None:
        self._plan, self._blueprint, self._nodes, self._tell, self._stop = plan, blueprint, nodes, tell, stop
        self._acting = Acting(blueprint, nodes, tell, stop)
        self._steps = {step.name: step for step in blueprint.steps}
        self._needs = blueprint.needs
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._ended = {step.name: asyncio.Event() for step in plan.steps}
        self._one_alone = asyncio.Lock()
        self._clock = asyncio.get_running_loop().time

    async def carry_out(self, resumes: str, comes_late_s: float) -> ApplyEnded:
        began = self._clock()
        self._tell(ApplyBegan(self._plan.cluster, len(self._plan.actions), resumes))
        outcome = Outcome.INTERRUPTED
        wrong: tuple[str, ...] = ()
        try:
            async with asyncio.TaskGroup() as tasks:
                for planned in self._plan.steps:
                    tasks.create_task(self._step(planned), name=planned.name)
            seen = set(self._outcomes.values())
            worst = [each for each in (Outcome.INTERRUPTED, Outcome.FAILED) if each in seen]
            if not worst:
                wrong = await self._missing(comes_late_s)
            outcome = worst[0] if worst else Outcome.NOT_WHOLE if wrong else Outcome.DONE
        except Interrupted:   # while it was looked at what is missing
            pass
        finally:
            ended = self._summary(outcome, self._clock() - began, wrong)
            self._tell(ended)
        return ended

    async def _missing(self, within_s: float) -> tuple[str, ...]:
        """What is wrong with the cluster though every step is done."""
        def progress(last_seen: str, elapsed_s: float) -> None:
            self._tell(CheckWaiting(last_seen, elapsed_s, within_s))

        self._tell(CheckBegan(len(self._blueprint.invariants)))
        return missing(await check(self._blueprint, self._nodes, within_s, progress, self._stop))

    def _summary(self, outcome: Outcome, seconds: float, wrong: tuple[str, ...]) -> ApplyEnded:
        count = list(self._outcomes.values()).count
        done, already, failed = count(Outcome.DONE), count(Outcome.ALREADY), count(Outcome.FAILED)
        return ApplyEnded(outcome.value, seconds, done, already, failed,
                          skipped=len(self._plan.actions) - done - already - failed, missing=wrong)

    async def _step(self, planned: PlannedStep) -> None:
        try:
            await self._in_turn(planned)
        finally:
            self._ended[planned.name].set()

    async def _in_turn(self, planned: PlannedStep) -> None:
        before = [name for name in self._ended if name in graph.ancestors(self._needs, planned.name)]
        for name in before:
            await self._ended[name].wait()
        if self._stop.is_set():
            self._settle(planned, Outcome.INTERRUPTED)
        elif broken := [name for name in before if self._fell_short(name)]:
            self._settle(planned, Outcome.SKIPPED)
            more = f" and {len(broken) - 1} more that failed" if len(broken) > 1 else ""
            self._tell(StepSkipped(planned.name, f"it needs: {broken[0]}{more}"))
        else:
            self._tell(StepBegan(planned.name, planned.why))
            go = self._rolling if planned.on is On.ROLLING else self._together
            if planned.on is On.ROLLING or self._steps[planned.name].alone:
                # One member of anything: restarts of two services on two nodes would be two of three.
                async with self._one_alone:
                    await go(planned)
            else:
                await go(planned)

    def _settle(self, planned: PlannedStep, outcome: Outcome) -> None:
        for action in planned.actions:
            self._outcomes[action.step, action.node] = outcome

    def _fell_short(self, step: str) -> bool:
        """Some of its actions failed. Steps skipped for that are not named: they are not to blame."""
        return any(name == step and outcome is Outcome.FAILED
                   for (name, _), outcome in self._outcomes.items())

    async def _together(self, planned: PlannedStep) -> None:
        async with asyncio.TaskGroup() as tasks:
            for action in planned.actions:
                tasks.create_task(self._action(action))

    async def _rolling(self, planned: PlannedStep) -> None:
        for position, action in enumerate(planned.actions):
            if position and not self._stop.is_set():
                await self._acting.settle(self._steps[action.step], action.node)
            outcome = await self._action(action)
            if outcome not in (Outcome.DONE, Outcome.ALREADY):
                because = f"left as it is: {action.node} {outcome.value}"
                for left in planned.actions[position + 1:]:
                    self._outcomes[left.step, left.node] = Outcome.SKIPPED
                    self._tell(ActionSkipped(left.step, left.node, because))
                return

    async def _action(self, action: Action) -> Outcome:
        outcome = await self._attempt(action)
        self._outcomes[action.step, action.node] = outcome
        return outcome

    async def _attempt(self, action: Action) -> Outcome:
        began = self._clock()
        if self._stop.is_set():
            return Outcome.INTERRUPTED
        try:
            already = await self._acting.act(self._steps[action.step], action.node)
        except Interrupted:
            return Outcome.INTERRUPTED
        except FourninesError as problem:
            self._tell(ActionFailed(action.step, action.node, problem.message, problem.hint or _AGAIN))
            return Outcome.FAILED
        if already:
            self._tell(ActionSkipped(action.step, action.node, f"already so: {already}"))
            return Outcome.ALREADY
        self._tell(ActionDone(action.step, action.node, self._clock() - began))
        return Outcome.DONE
