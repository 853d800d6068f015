"""The clients of a drill, a process of their own: ``python -m fournines.drills.clients``.

Its first line of input is the settings as JSON (with the passwords: they never are arguments), a line
``stop`` ends it in good order, the end of the input at once. Its output is the events of ``history.py``, one
per line, and {"event": "ready"}, {"event": "waiting", "path", "error"}, {"event": "finished"} about itself.
It runs where the clients of the cloud are: in a lab inside the fabric's network namespace, with real hosts on
the operator's machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import sys
import time
import traceback
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from fournines.drills.history import completed, invoked
from fournines.drills.operation import Operation, Outcome
from fournines.drills.schedule import Grid, spread
from fournines.drills.settings import ClientSettings, from_data, workloads
from fournines.drills.workloads.workload import Answer, Workload

START_RETRY_S = 1.0
AHEAD_OF_THE_CLUSTER = -15   # niceness: an instrument that waits for a processor measures itself
OUTPUT_BUFFER = 1 << 20      # half a minute of events: a runner that is late must not hold the clients up
LAST_PROBES_S = 15.0      # how long the last ones may take; longer than every client's timeouts together
FINISH_TIMEOUT_S = 60.0


def emit(event: Mapping[str, object]) -> None:
    """One line, one write: whoever is killed leaves whole lines."""
    data = json.dumps(event, separators=(",", ":")).encode() + b"\n"
    while data:
        data = data[os.write(1, data):]


async def start(workload: Workload) -> None:
    """Until it succeeds: the drill waits for all paths to serve, and says which it is waiting for."""
    while True:
        try:
            async with asyncio.timeout(LAST_PROBES_S):
                await workload.start()
            return
        except Exception as problem:   # whatever it is: not serving yet
            emit({"event": "waiting", "path": workload.path, "error": f"{type(problem).__name__}: {problem}"})
        await asyncio.sleep(START_RETRY_S)


async def probe(workload: Workload, number: int, value: str, intended_s: float) -> None:
    """One operation, from its ``invoke`` to its end."""
    begun = Operation(workload.path, workload.op, number, value, intended_s, None, None, Outcome.UNKNOWN)
    emit(invoked(begun))
    try:
        answer = await workload.attempt(value)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        answer = Answer(Outcome.UNKNOWN, None, "cancelled by the client library")
    except Exception as problem:   # a bug must be seen, and not look like an outage
        answer = Answer(Outcome.UNKNOWN, None, f"unexpected {type(problem).__name__}")
    emit(completed(Operation(workload.path, workload.op, number, value, intended_s, answer.sent_s,
                             time.monotonic(), answer.outcome, answer.error, answer.result)))


async def keep_asking(workload: Workload, grid: Grid, prefix: str, stop: asyncio.Event) -> None:
    """A probe at each of its times, whatever became of those before; then wait for the last ones."""
    under_way: set[asyncio.Task[None]] = set()
    number = 0
    while not stop.is_set():
        due_s = grid.due_s(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, due_s - time.monotonic())):
                await stop.wait()
        if stop.is_set():
            break
        task = asyncio.create_task(probe(workload, number, f"{prefix}{number}", due_s))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        number += 1
    if under_way:
        _, late = await asyncio.wait(under_way, timeout=LAST_PROBES_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def drive(paths: Sequence[Workload], stop: asyncio.Event) -> None:
    """Start all, ask until told to stop, finish all."""
    starting = [asyncio.create_task(start(workload)) for workload in paths]
    stopping = asyncio.create_task(stop.wait())
    while not stopping.done() and not all(task.done() for task in starting):
        await asyncio.wait([stopping, *(task for task in starting if not task.done())],
                           return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        emit({"event": "ready"})
        grids = spread(time.monotonic(), [workload.period_s for workload in paths])
        await asyncio.gather(*(keep_asking(workload, grid, f"{index}-", stop)
                               for index, (workload, grid) in enumerate(zip(paths, grids, strict=True))))
    for task in (*starting, stopping):
        task.cancel()
    await asyncio.gather(*starting, stopping, return_exceptions=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FINISH_TIMEOUT_S):
            await asyncio.gather(*(workload.finish() for workload in paths))
    emit({"event": "finished"})


async def and_leave(running: Coroutine[None, None, None]) -> NoReturn:
    """End the process with it, whatever ends it, and wait for nobody: neither for threads of probes that hang
    in a dead connection, nor for a library's task that goes on connecting and takes no cancelling."""
    code = 1
    try:
        await running
        code = 0
    except BrokenPipeError:
        pass   # the drill was killed: there is nobody to tell, and nothing to be told
    except Exception:   # a bug must be seen
        traceback.print_exc()
    finally:
        os._exit(code)


def _go_ahead() -> None:
    with contextlib.suppress(OSError):   # not root: then on a computer of its own, as clients are
        os.setpriority(os.PRIO_PROCESS, 0, AHEAD_OF_THE_CLUSTER)
        # A session has a niceness of its own among the others, see sched(7) on autogroups.
        Path("/proc/self/autogroup").write_text(str(AHEAD_OF_THE_CLUSTER))


async def listen() -> tuple[ClientSettings, asyncio.StreamReader]:
    """The settings, and the reader of what follows them."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return from_data(json.loads(await reader.readline())), reader


async def obey(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    """Stop when told to. The end of the input is that of the drill, perhaps killed: nobody wants anything."""
    while line := await reader.readline():
        if line.strip() == b"stop":
            stop.set()
    os._exit(1)


async def main() -> None:
    """Everything, from the first line of input to the last of output."""
    settings, reader = await listen()
    if settings.ahead:
        _go_ahead()
    stop = asyncio.Event()
    obeying = asyncio.create_task(obey(reader, stop))
    await drive(workloads(settings, emit), stop)
    obeying.cancel()


if __name__ == "__main__":
    with contextlib.suppress(OSError):   # not a pipe
        fcntl.fcntl(sys.stdout, fcntl.F_SETPIPE_SZ, OUTPUT_BUFFER)
    asyncio.run(and_leave(main()))
