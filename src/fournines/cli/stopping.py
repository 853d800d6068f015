"""Ctrl-C and SIGTERM while nodes are changed or broken: once to end in good order, again to leave at once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

from fournines.errors import Interrupted

Done = TypeVar("Done")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(work: Coroutine[None, None, Done], hint: str) -> Done:
    """``work`` to its end. Raises ``Interrupted``, with the hint, where a signal has cancelled it."""
    try:
        return asyncio.run(work)
    except asyncio.CancelledError:
        raise Interrupted("interrupted", hint=hint) from None


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that the first signal sets; the second one cancels the task that entered here."""
    loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

    def heard() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
            return
        stop.set()
        print("stopping: what has been begun on a node is waited for; again to leave it", file=sys.stderr)

    for number in SIGNALS:
        loop.add_signal_handler(number, heard)
    try:
        yield stop
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
