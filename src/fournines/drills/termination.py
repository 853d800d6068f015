"""SIGTERM and SIGHUP end a drill as Ctrl-C does: it heals first."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def terminated_is_cancelled() -> Iterator[None]:
    """Of the task that runs in it."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    numbers = (signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        with contextlib.suppress(ValueError, NotImplementedError):   # not in the main thread
            loop.add_signal_handler(number, lambda: task.cancel() if task else None)
    try:
        yield
    finally:
        for number in numbers:
            with contextlib.suppress(ValueError, NotImplementedError):
                loop.remove_signal_handler(number)
