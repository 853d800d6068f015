"""An apply is done when every invariant that must hold does, and not when every step is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from fournines.engine.apply import apply
from fournines.engine.events import ApplyEnded, CheckBegan, CheckWaiting, Event, masked
from fournines.findings import Severity
from fournines.nodes.fake import FakeFile
from store_cluster import PASSWORD, World, make_blueprint, mask

BLUEPRINT = make_blueprint()
TWICE = "does not hold: one node has the account: store.account is True: on 2 of 3"


def nobody(_: Event) -> None:
    """Who listens to nothing."""


async def run(world: World, tell: Callable[[Event], None] = nobody, *, comes_late_s: float = 5.0,
              stop: asyncio.Event | None = None) -> ApplyEnded:
    return await apply(await world.plan(BLUEPRINT), BLUEPRINT, world.nodes, tell, mask, stop=stop,
                       comes_late_s=comes_late_s)


@pytest.fixture
async def built() -> World:
    """One that is as its file says, but for a file that nothing is restarted for."""
    world = World()
    assert (await run(world)).outcome == "done"
    world.nodes["ctl1"].files["/etc/store/motd"] = FakeFile(b"hello\n")
    return world


async def test_a_cluster_that_is_not_whole_after_the_last_step_is_not_done(built: World) -> None:
    built.accounts.add("ctl2")
    heard: list[Event] = []
    ended = await run(built, heard.append, comes_late_s=0.2)
    assert (ended.outcome, ended.done, ended.failed) == ("not whole", 1, 0)
    assert ended.missing == (TWICE,)
    assert [event for event in heard if isinstance(event, CheckBegan)] == [CheckBegan(2)]
    assert [event.last_seen for event in heard if isinstance(event, CheckWaiting)] == [TWICE]
    assert heard[-1] == ended


async def test_what_comes_late_is_waited_for(built: World) -> None:
    built.accounts.add("ctl2")

    def tell(event: Event) -> None:
        if isinstance(event, CheckWaiting):
            built.accounts.remove("ctl2")

    ended = await run(built, tell)
    assert (ended.outcome, ended.missing) == ("done", ())


async def test_where_there_is_nothing_to_do_one_look_tells(built: World) -> None:
    await run(built)
    built.accounts.add("ctl2")
    waited: list[Event] = []
    ended = await run(built, lambda event: waited.append(event) if isinstance(event, CheckWaiting) else None)
    assert (ended.outcome, ended.done, ended.missing) == ("not whole", 0, (TWICE,))
    assert waited == []


async def test_a_warning_is_not_waited_for(built: World) -> None:
    built.accounts.add("ctl2")
    mild = replace(BLUEPRINT, invariants=tuple(replace(item, severity=Severity.WARNING)
                                               for item in BLUEPRINT.invariants))
    assert (await apply(await built.plan(mild), mild, built.nodes, nobody, mask)).outcome == "done"


async def test_told_to_stop_while_it_waits_it_is_interrupted(built: World) -> None:
    built.accounts.add("ctl2")
    stop = asyncio.Event()

    def tell(event: Event) -> None:
        if isinstance(event, CheckWaiting):
            stop.set()

    ended = await run(built, tell, stop=stop)
    assert (ended.outcome, ended.done) == ("interrupted", 1)


async def test_no_check_follows_a_step_that_failed(built: World) -> None:
    built.nodes["ctl1"].unreachable = ""
    heard: list[Event] = []

    def tell(event: Event) -> None:
        heard.append(event)
        built.nodes["ctl1"].unreachable = "no route to host"

    ended = await run(built, tell)
    assert ended.outcome == "failed"
    assert not any(isinstance(event, CheckBegan) for event in heard)


def test_secrets_are_masked_in_what_is_missing() -> None:
    shown = masked(ApplyEnded("not whole", 1.0, 1, 0, 0, 0, (f"it says {PASSWORD}", "other")), mask)
    assert shown == ApplyEnded("not whole", 1.0, 1, 0, 0, 0, ("it says ********", "other"))
