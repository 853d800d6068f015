"""A client that publishes through an address of the lab, and remembers what was confirmed."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Coroutine
from itertools import pairwise
from types import TracebackType
from typing import Self

import aio_pika
import aiormq.exceptions
from aio_pika.abc import AbstractChannel, AbstractQueue

from fournines.lab.lab import Lab
from fournines.lab.wires import enter_network

PERIOD_S, REPLY_S = 0.05, 3.0
QUEUE = "load-of-a-test"
LOST = (TimeoutError, OSError, RuntimeError, aiormq.exceptions.AMQPError)


class AmqpLoad:
    """Publishes one persistent message after the other to a durable queue while it is open, whatever becomes
    of each. ``confirmed`` are the values that the broker took over, with the time of its answer; one that
    failed may be there or not."""

    def __init__(self, lab: Lab, address: str, user: str, password: str, vhost: str) -> None:
        self._lab = lab
        self._login = {"host": address, "login": user, "password": password, "virtualhost": vhost}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: self._inside(self._publish()), daemon=True)
        self.confirmed: list[tuple[int, float]] = []
        self.failed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def longest_gap_s(self) -> float:
        """Between two confirms that follow one another."""
        return max((later - earlier for (_, earlier), (_, later) in pairwise(self.confirmed)), default=0.0)

    def messages(self) -> set[int]:
        """What is in the queue now; it is empty afterwards."""
        found: set[int] = set()
        taking = threading.Thread(target=lambda: self._inside(self._take(found)))
        taking.start()
        taking.join()
        return found

    def _inside(self, work: Coroutine[None, None, None]) -> None:
        """In a thread of its own, which stays in the lab's network."""
        enter_network(self._lab.fabric.path)
        asyncio.run(work)

    @contextlib.asynccontextmanager
    async def _queue(self) -> AsyncIterator[tuple[AbstractChannel, AbstractQueue]]:
        connection = await aio_pika.connect(**self._login, timeout=REPLY_S)
        try:
            async with asyncio.timeout(REPLY_S):
                channel = await connection.channel(publisher_confirms=True)
                queue = await channel.declare_queue(QUEUE, durable=True)
            yield channel, queue
        finally:
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(REPLY_S):
                    await connection.close()

    async def _publish(self) -> None:
        value = 0
        while not self._stop.is_set():
            try:
                async with self._queue() as (channel, _):
                    while not self._stop.is_set():
                        value += 1
                        await self._one(channel, value)
                        self.confirmed.append((value, time.monotonic()))
                        await asyncio.sleep(PERIOD_S)
            except LOST:
                self.failed += 1
                await asyncio.sleep(PERIOD_S)

    async def _one(self, channel: AbstractChannel, value: int) -> None:
        message = aio_pika.Message(b"%d" % value, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, QUEUE, mandatory=True, timeout=REPLY_S)

    async def _take(self, found: set[int]) -> None:
        async with self._queue() as (_, queue):
            while (message := await queue.get(no_ack=True, fail=False)) is not None:
                found.add(int(message.body))
