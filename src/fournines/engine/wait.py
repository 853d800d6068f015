"""The only way to wait for something: look, say what was seen, look again, give up in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fournines.blueprint.predicate import Judgement
from fournines.errors import GateTimeout, Interrupted

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
# A look is work for the nodes too, and what is waited for may need all that they have: between two looks that
# take long is four times as long, unless what came meanwhile would be seen later by more than a tenth.
REST, LATER = 4.0, 0.1
Progress = Callable[[str, float], None]


async def wait_until(look: Callable[[], Awaitable[Judgement]], waiting_for: str, timeout_s: float, *,
                     progress: Progress | None = None, stop: asyncio.Event | None = None) -> Judgement:
    """Look until the judgement is true. ``progress`` hears of every change in what is seen, with the seconds
    gone by. Raises ``GateTimeout`` with what was last seen, and ``Interrupted`` once ``stop`` is set."""
    clock = asyncio.get_running_loop().time
    began = clock()
    pause_s, last_seen = FIRST_PAUSE_S, ""
    while True:
        looked = clock()
        judgement = await _look_until(look, began + timeout_s)
        rest_s = min(REST * (clock() - looked), LATER * (clock() - began))
        if judgement is not None and judgement.truth:
            return judgement
        if judgement is not None and judgement.because != last_seen:
            last_seen = judgement.because
            if progress is not None:
                progress(last_seen, clock() - began)
        left_s = began + timeout_s - clock()
        if left_s <= 0:
            raise GateTimeout(waiting_for, timeout_s, last_seen or "no answer at all")
        await _pause(min(max(pause_s, rest_s), left_s), stop)
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)


async def _look_until(look: Callable[[], Awaitable[Judgement]], deadline: float) -> Judgement | None:
    """One look; None where it did not come back before the deadline."""
    try:
        async with asyncio.timeout_at(deadline):
            return await look()
    except TimeoutError:
        return None


async def _pause(pause_s: float, stop: asyncio.Event | None) -> None:
    if stop is None:
        await asyncio.sleep(pause_s)
        return
    try:
        async with asyncio.timeout(pause_s):
            await stop.wait()
    except TimeoutError:
        return
    raise Interrupted("told to stop while waiting", hint="the same apply goes on from here")
