from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from fournines.blueprint.predicate import Judgement
from fournines.engine import wait
from fournines.engine.wait import wait_until
from fournines.errors import GateTimeout, Interrupted


class Looks:
    """Answers one judgement after the other, then the last for ever."""

    def __init__(self, *judgements: Judgement) -> None:
        self.judgements, self.count = list(judgements), 0

    async def __call__(self) -> Judgement:
        self.count += 1
        return self.judgements.pop(0) if len(self.judgements) > 1 else self.judgements[0]


JOINING, SYNCED = Judgement(False, "state is Joining"), Judgement(True, "state is Synced")
UNKNOWN = Judgement(None, "no answer")


async def test_it_returns_as_soon_as_what_it_waits_for_is_there() -> None:
    looks = Looks(UNKNOWN, JOINING, SYNCED)
    assert await wait_until(looks, "the member", 5) is SYNCED
    assert looks.count == 3


async def test_every_change_in_what_is_seen_is_told_once() -> None:
    seen: list[str] = []
    looks = Looks(UNKNOWN, UNKNOWN, JOINING, SYNCED)
    await wait_until(looks, "the member", 5, progress=lambda last, elapsed_s: seen.append(last))
    assert seen == ["no answer", "state is Joining"]


async def test_it_gives_up_and_says_what_was_there_instead() -> None:
    with pytest.raises(GateTimeout, match=r"the member: not within 0\.01 s; last seen: state is Joining"):
        await wait_until(Looks(JOINING), "the member", 0.01)


async def test_a_look_that_never_ends_is_bounded_too() -> None:
    async def hang() -> Judgement:
        await asyncio.Event().wait()
        return SYNCED

    with pytest.raises(GateTimeout, match="last seen: no answer at all"):
        await wait_until(hang, "the member", 0.01)


async def test_it_looks_at_least_once_and_believes_it() -> None:
    assert await wait_until(Looks(SYNCED), "the member", 0.001) is SYNCED


async def test_told_to_stop_it_stops_between_two_looks() -> None:
    stop = asyncio.Event()
    stop.set()
    looks = Looks(JOINING)
    with pytest.raises(Interrupted):
        await wait_until(looks, "the member", 60, stop=stop)
    assert looks.count == 1


async def test_who_looks_leaves_most_of_the_time_to_what_is_looked_at(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that takes 2 s is made every 10 s, and more often at first: nothing is seen much later."""
    now_s, looks_at, looking_s = 0.0, list[float](), 2.0
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: now_s)

    async def look() -> Judgement:
        nonlocal now_s
        looks_at.append(now_s)
        now_s += looking_s
        return JOINING

    async def pause(pause_s: float, stop: asyncio.Event | None) -> None:
        nonlocal now_s
        now_s += pause_s

    monkeypatch.setattr(wait, "_pause", pause)
    with pytest.raises(GateTimeout):
        await wait_until(look, "the member", 120)
    intervals = [later - earlier for earlier, later in pairwise(looks_at)]
    assert intervals[0] == pytest.approx(2.2)
    assert intervals[-2] == pytest.approx(10.0)
    assert sorted(intervals[:-1]) == intervals[:-1]
    looks_at.clear()
    now_s, looking_s = 0.0, 0.01
    with pytest.raises(GateTimeout):
        await wait_until(look, "the member", 20)
    assert max(later - earlier for earlier, later in pairwise(looks_at)) == pytest.approx(1.01)
