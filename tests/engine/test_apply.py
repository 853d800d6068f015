from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from fournines.blueprint.predicate import Fact
from fournines.blueprint.requests import Failed, InstallPackages, Reply, Request, Run, WriteFile
from fournines.blueprint.steps import Gate, On, Step
from fournines.engine.acting import DAEMON_RELOAD, Reloads
from fournines.engine.apply import apply
from fournines.engine.compile import Blueprint
from fournines.engine.events import (
    ActionBegan,
    ActionDone,
    ActionFailed,
    ActionSkipped,
    ActionWaiting,
    ApplyEnded,
    Event,
    StepSkipped,
)
from fournines.nodes.fake import FakeFile, FakeNode, FakeUnit
from store_cluster import (
    MAKE_ACCOUNT,
    NODES,
    PASSWORD,
    STORE_UNIT,
    StoreSpec,
    World,
    make_blueprint,
    mask,
)

RESTART = f"store: restart {STORE_UNIT}"


async def run(world: World, blueprint: Blueprint | None = None,
              stop: asyncio.Event | None = None) -> tuple[ApplyEnded, list[Event]]:
    blueprint = blueprint or make_blueprint()
    heard: list[Event] = []
    ended = await apply(await world.plan(blueprint), blueprint, world.nodes, heard.append, mask, stop=stop)
    return ended, heard


def failures(events: list[Event]) -> list[ActionFailed]:
    return [event for event in events if isinstance(event, ActionFailed)]


async def test_empty_machines_become_the_cluster_and_then_nothing_is_left_to_do(world: World) -> None:
    ended, _ = await run(world)
    assert (ended.outcome, ended.failed, ended.skipped) == ("done", 0, 0)
    assert all(world.ready(name) for name in NODES)
    assert world.accounts == {"ctl1"}
    world.changes()
    again, _ = await run(world)
    assert (again.outcome, again.done) == ("done", 0)
    assert world.changes() == []


async def test_a_member_started_fresh_is_not_restarted_for_it(world: World) -> None:
    await run(world)
    assert sorted(event for event in world.events if STORE_UNIT in event) == [
        f"{name} start {STORE_UNIT}" for name in NODES]


async def test_only_what_is_missing_is_installed_and_written(world: World) -> None:
    await run(world)
    world.changes()
    del world.nodes["ctl1"].packages["front"]
    world.nodes["ctl1"].files["/etc/store/motd"] = FakeFile(b"hello\n")
    await run(world)
    assert world.changes() == [InstallPackages(("front",)), WriteFile("/etc/store/motd", b"welcome\n")]


async def test_a_new_configuration_reaches_one_member_after_the_other(world: World) -> None:
    await run(world)
    world.events.clear()
    ended, _ = await run(world, make_blueprint(StoreSpec("size = 2")))
    assert ended.outcome == "done"
    assert world.events == [f"{name} restart {STORE_UNIT}" for name in NODES]
    assert world.violations == []
    assert all(b"size = 2" in world.loaded[name] for name in NODES)


async def test_a_configuration_that_does_not_work_stops_at_the_first_member(world: World) -> None:
    await run(world)
    world.events.clear()
    ended, events = await run(world, make_blueprint(StoreSpec("broken", gate_s=0.05)))
    assert (ended.outcome, ended.failed, ended.skipped) == ("failed", 1, 2)
    assert world.events == [f"ctl1 restart {STORE_UNIT}"]
    assert b"broken" not in (world.nodes["ctl2"].files["/etc/store/store.conf"].content or b"")
    assert [(event.node, event.because) for event in events if isinstance(event, ActionSkipped)] == [
        ("ctl2", "left as it is: ctl1 failed"), ("ctl3", "left as it is: ctl1 failed")]


async def test_a_gate_that_does_not_open_says_what_was_last_seen(world: World) -> None:
    await run(world)
    _, events = await run(world, make_blueprint(StoreSpec("broken", gate_s=0.05)))
    (failure,) = failures(events)
    assert failure.problem == ("ctl1: store.state is ready: not within 0.05 s; "
                               "last seen: ctl1: store.state is joining, not: is ready")
    waiting = [event.last_seen for event in events if isinstance(event, ActionWaiting)]
    assert waiting == ["ctl1: store.state is joining, not: is ready"]


async def test_the_repaired_configuration_goes_to_the_member_that_is_down_first(world: World) -> None:
    await run(world)
    await run(world, make_blueprint(StoreSpec("broken", gate_s=0.05)))
    world.events.clear()
    ended, _ = await run(world, make_blueprint(StoreSpec("size = 3")))
    assert ended.outcome == "done"
    assert world.events[0] == f"ctl1 restart {STORE_UNIT}"
    assert world.violations == []


async def test_no_member_is_touched_while_another_is_not_well(world: World) -> None:
    await run(world)
    world.asleep |= {"ctl2", "ctl3"}
    world.events.clear()
    ended, events = await run(world, make_blueprint(StoreSpec("size = 2")))
    assert ended.outcome == "failed"
    assert world.events == []
    (failure,) = failures(events)
    assert failure.problem.startswith("refused: it must hold that on every other of ctl1, ctl2, ctl3: ")
    assert "ctl3: store.state is joining" in failure.problem
    assert "bring the other members back" in failure.hint


async def test_what_fails_skips_what_needs_it_and_nothing_else(world: World) -> None:
    world.nodes["ctl2"].script(WriteFile, lambda request: Failed("No space left on device")
                               if isinstance(request, WriteFile) and request.path == "/etc/front.conf"
                               else world.nodes["ctl2"]._from_state(request))
    ended, events = await run(world)
    assert [(event.step, event.node, event.problem) for event in failures(events)] == [
        ("front: configure front.service", "ctl2",
         "ctl2: write /etc/front.conf (0644 root:root): No space left on device")]
    assert [(event.step, event.because) for event in events if isinstance(event, StepSkipped)] == [
        ("front: start front.service", "it needs: front: configure front.service")]
    assert all(world.ready(name) for name in NODES)
    assert (ended.outcome, ended.skipped) == ("failed", 3)


async def test_work_that_somebody_else_has_done_meanwhile_is_left(world: World) -> None:
    blueprint = make_blueprint()
    plan = await world.plan(blueprint)
    world.accounts.add("ctl3")
    heard: list[Event] = []
    ended = await apply(plan, blueprint, world.nodes, heard.append, mask)
    assert ended.already == 1
    assert MAKE_ACCOUNT not in world.changes()


async def test_first_takes_the_node_that_the_guard_lets_act(world: World) -> None:
    await run(world)
    world.accounts.clear()
    world.asleep.add("ctl1")
    blueprint = make_blueprint()
    alone = replace(blueprint, steps=tuple(replace(step, needs=()) for step in blueprint.steps
                                           if step.name == "store: make the account"))
    await run(world, alone)
    assert world.accounts == {"ctl2"}


async def test_a_node_lost_on_the_way_fails_its_action_and_the_next_apply_goes_on(world: World) -> None:
    blueprint = make_blueprint()
    plan = await world.plan(blueprint)
    world.nodes["ctl2"].dies_after = len(world.nodes["ctl2"].asked) + 6
    ended = await apply(plan, blueprint, world.nodes, lambda event: None, mask)
    assert ended.outcome == "failed"
    world.nodes["ctl2"].dies_after, world.nodes["ctl2"].unreachable = None, ""
    assert (await run(world))[0].outcome == "done"
    assert (await world.plan(blueprint)).waves == ()


async def test_secrets_are_masked_in_everything_that_is_told(world: World) -> None:
    for node in world.nodes.values():
        node.script(MAKE_ACCOUNT, Failed(f"access denied for store:{PASSWORD}"))
    _, events = await run(world)
    assert "access denied for store:********" in failures(events)[0].problem
    assert PASSWORD not in repr(events)


class Killer:
    """Kills the apply at its ``n``-th conversation with a node: before the request arrives, or after it took
    effect and before the answer."""

    def __init__(self, world: World, at: int, after: bool) -> None:
        self.left, self.after = at, after
        self.nodes = {name: KillingNode(node, self) for name, node in world.nodes.items()}
        self.task: asyncio.Task[object] | None = None

    def strike(self) -> None:
        self.left -= 1
        if self.left == 0 and self.task is not None:
            self.task.cancel()


class KillingNode:
    def __init__(self, node: FakeNode, killer: Killer) -> None:
        self.node, self.killer, self.name = node, killer, node.name

    async def ask(self, requests: Sequence[Request], *, together: bool = False,
                  timeout_s: float = 60.0) -> list[Reply]:
        replies = await self.node.ask(requests, together=together) if self.killer.after else []
        self.killer.strike()
        await asyncio.sleep(0)
        return replies or await self.node.ask(requests, together=together)

    async def close(self) -> None:
        await self.node.close()


class SlowNode(KillingNode):
    """Answers once it is let go on."""

    def __init__(self, node: FakeNode) -> None:
        self.node, self.name = node, node.name
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def ask(self, requests: Sequence[Request], *, together: bool = False,
                  timeout_s: float = 60.0) -> list[Reply]:
        self.asked.set()
        await self.go_on.wait()
        return await self.node.ask(requests, together=together)


async def prepared(kind: str) -> tuple[World, Blueprint]:
    """A world before its first apply, or one that is to get another configuration."""
    world = World()
    if kind == "new configuration":
        await run(world)
        return world, make_blueprint(StoreSpec("size = 2"))
    return world, make_blueprint()


@pytest.mark.parametrize("kind", ["empty machines", "new configuration"])
@pytest.mark.parametrize("after", [False, True], ids=["before it arrives", "before it is answered"])
async def test_killed_anywhere_the_next_apply_completes_unharmed(kind: str, after: bool) -> None:
    at = 0
    while True:
        at += 1
        world, blueprint = await prepared(kind)
        killer = Killer(world, at, after)
        plan = await world.plan(blueprint)
        killer.task = asyncio.create_task(apply(plan, blueprint, killer.nodes, lambda event: None, mask))
        try:
            await killer.task
        except asyncio.CancelledError:
            ended, _ = await run(world, blueprint)
            assert ended.outcome == "done"
            assert world.violations == []
            assert all(world.ready(name) for name in NODES)
            assert (await world.plan(blueprint)).waves == ()
            continue
        assert killer.left > 0
        assert at > 20
        return


async def test_told_to_stop_it_ends_what_it_has_begun_and_begins_nothing_more(world: World) -> None:
    await run(world)
    world.events.clear()
    stop = asyncio.Event()
    blueprint = make_blueprint(StoreSpec("size = 2"))
    heard: list[Event] = []

    def tell(event: Event) -> None:
        heard.append(event)
        if isinstance(event, ActionBegan) and event.node == "ctl2":
            stop.set()

    ended = await apply(await world.plan(blueprint), blueprint, world.nodes, tell, mask, stop=stop)
    assert (ended.outcome, ended.done) == ("interrupted", 1)
    assert world.events == [f"ctl1 restart {STORE_UNIT}"]
    assert heard[-1] == ended
    assert (await run(world, blueprint))[0].outcome == "done"


async def test_a_member_that_crashes_during_a_rolling_restart_stops_it(world: World) -> None:
    await run(world)
    world.events.clear()
    blueprint = make_blueprint(StoreSpec("size = 2"))

    def tell(event: Event) -> None:
        if isinstance(event, ActionBegan) and event.node == "ctl1":
            world.nodes["ctl3"].units[STORE_UNIT] = FakeUnit("failed", "failed", "enabled")

    ended = await apply(await world.plan(blueprint), blueprint, world.nodes, tell, mask)
    assert ended.outcome == "failed"
    assert world.events == [f"ctl1 restart {STORE_UNIT}"]


async def test_the_next_member_waits_until_the_last_one_is_whole(world: World) -> None:
    """A member may serve, and only then catch up: not yet a reason to give up, and never one to go on."""
    await run(world)
    world.events.clear()
    waited: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, ActionDone) and event.node == "ctl1":
            world.asleep.add("ctl1")
        if isinstance(event, ActionWaiting) and event.node == "ctl2":
            waited.append(event.last_seen)
            world.asleep.clear()

    blueprint = make_blueprint(StoreSpec("size = 2"))
    ended = await apply(await world.plan(blueprint), blueprint, world.nodes, tell, mask)
    assert ended.outcome == "done"
    assert len(waited) == 1
    assert "ctl1" in waited[0]
    assert world.violations == []


async def test_many_who_need_a_daemon_reload_at_once_share_it(world: World) -> None:
    slow = SlowNode(world.nodes["ctl1"])
    reloads = Reloads(slow)
    first = asyncio.create_task(reloads.after_now())
    await slow.asked.wait()
    others = [asyncio.create_task(reloads.after_now()) for _ in range(5)]
    await asyncio.sleep(0)
    slow.go_on.set()
    await asyncio.gather(first, *others)
    assert world.nodes["ctl1"].asked == [DAEMON_RELOAD, DAEMON_RELOAD]
    await reloads.after_now()
    assert world.nodes["ctl1"].asked == [DAEMON_RELOAD] * 3


@pytest.mark.parametrize("alone", [True, False])
async def test_steps_that_are_alone_wait_for_each_other(world: World, alone: bool) -> None:
    blueprint = make_blueprint()
    names = ("store: restart p_one", "store: restart p_two")
    for name in names:
        for node in world.nodes.values():
            node.script(Run((name,)), {"rc": 0, "stdout": "", "stderr": ""})
    steps = tuple(Step(name, On.FIRST, dict.fromkeys(NODES, (Run((name,)),)), why="for a test", alone=alone,
                       until=Gate(Fact("store.account", wanted=False), 5.0)) for name in names)
    ended, events = await run(world, replace(blueprint, steps=steps, invariants=()))
    assert ended.outcome == "done"
    told = [(type(event), event.step) for event in events if isinstance(event, ActionBegan | ActionDone)]
    in_turn = [(kind, name) for name in names for kind in (ActionBegan, ActionDone)]
    assert (told == in_turn) is alone
