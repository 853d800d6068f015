"""AMQP through the VIP: persistent, mandatory messages to a durable queue, confirmed; a consumer takes them
all.

One connection for publishing and one for consuming, as services have. A publisher whose confirm does not come
gives its connection up; the next probe opens a new one, and all that wait for it share it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aio_pika
import aiormq.exceptions
from aio_pika.abc import AbstractChannel, AbstractConnection

from fournines.drills.operation import Outcome
from fournines.drills.outcomes import AmqpError, of_amqp
from fournines.drills.workloads.workload import CONNECT_TIMEOUT_S, Answer, Emit

RETRY_S = 0.2
DRAIN_TIMEOUT_S = 30.0
QUIET_S = 1.0          # nothing came for so long, and the broker says that nothing is left
HANDSHAKE_TIMEOUT_S = 5.0
_BROKEN = (aiormq.exceptions.AMQPError, OSError, RuntimeError, EOFError)
"""aiormq says RuntimeError and its own InvalidStateError for a channel that closed a moment ago."""


@dataclass(frozen=True, slots=True)
class AmqpSettings:
    """``queue`` is the run's own, of ``queue_type`` quorum or classic; ``confirm_timeout_s`` is a publisher's
    patience with one connection."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    vhost: str = "/"
    queue: str = ""
    heartbeat_s: int = 10
    confirm_timeout_s: float = 1.5
    queue_type: str = "quorum"


@asynccontextmanager
async def connected(settings: AmqpSettings) -> AsyncIterator[AbstractConnection]:
    """A connection that is closed whatever happens, without waiting for a peer that is gone."""
    async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
        connection = await aio_pika.connect(
            host=settings.host, port=settings.port, login=settings.user, password=settings.password,
            virtualhost=settings.vhost, timeout=CONNECT_TIMEOUT_S,
            heartbeat=settings.heartbeat_s)
    try:
        yield connection
    finally:
        await _close(connection)


async def _close(connection: AbstractConnection) -> None:
    with contextlib.suppress(TimeoutError, *_BROKEN):
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await connection.close()


class _Publisher:
    """One connection at a time, opened by whoever needs it first."""

    def __init__(self, settings: AmqpSettings) -> None:
        self._settings = settings
        self._opening = asyncio.Lock()
        self._current: tuple[AbstractConnection, AbstractChannel] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def channel(self) -> AbstractChannel:
        async with self._opening:
            if self._current is not None and self._current[1].is_closed:
                self.give_up(self._current[1])
            if self._current is None:
                self._current = await self._open()
            return self._current[1]

    async def _open(self) -> tuple[AbstractConnection, AbstractChannel]:
        settings = self._settings
        async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
            connection = await aio_pika.connect(
                host=settings.host, port=settings.port, login=settings.user, password=settings.password,
                virtualhost=settings.vhost, timeout=CONNECT_TIMEOUT_S, heartbeat=settings.heartbeat_s)
            try:
                return connection, await connection.channel(publisher_confirms=True, on_return_raises=True)
            except BaseException:
                self._close_later(connection)
                raise

    def give_up(self, channel: AbstractChannel) -> None:
        """Let go of the connection that ``channel`` belongs to, if it is still the current one."""
        if self._current is not None and self._current[1] is channel:
            self._close_later(self._current[0])
            self._current = None

    def _close_later(self, connection: AbstractConnection) -> None:
        task = asyncio.create_task(_close(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        if self._current is not None:
            self.give_up(self._current[1])
        await asyncio.gather(*self._closing)


@dataclass(slots=True)
class AmqpWorkload:
    """``emit`` takes the events of the consumer. See ``workload.Workload``."""

    settings: AmqpSettings
    emit: Emit
    path: str
    period_s: float
    op: str = "publish"
    _publisher: _Publisher | None = None
    _consuming: asyncio.Task[None] | None = None
    _last_received_s: float = 0.0

    async def start(self) -> None:
        """Declare the run's queue, and start to consume from it."""
        async with connected(self.settings) as connection:
            await _declare(await connection.channel(), self.settings)
        self._publisher = _Publisher(self.settings)
        self._consuming = asyncio.create_task(self._consume(), name="consumer")

    async def attempt(self, value: str) -> Answer:
        """See ``workload.Workload``."""
        if self._publisher is None:
            raise RuntimeError("started first")
        try:
            channel = await self._publisher.channel()
        except (TimeoutError, *_BROKEN):
            return Answer(of_amqp(AmqpError.NOT_CONNECTED), None, AmqpError.NOT_CONNECTED.value)
        sent_s = time.monotonic()
        try:
            await self._publish(channel, value)
        except aiormq.exceptions.PublishError:
            return _unconfirmed(AmqpError.RETURNED, sent_s)
        except aiormq.exceptions.DeliveryError:
            return _unconfirmed(AmqpError.NACKED, sent_s)
        except TimeoutError:
            self._publisher.give_up(channel)
            return _unconfirmed(AmqpError.NO_CONFIRM, sent_s)
        except _BROKEN:
            self._publisher.give_up(channel)
            return _unconfirmed(AmqpError.LOST, sent_s)
        return Answer(Outcome.OK, sent_s)

    async def _publish(self, channel: AbstractChannel, value: str) -> None:
        message = aio_pika.Message(value.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, self.settings.queue, mandatory=True,
                                               timeout=self.settings.confirm_timeout_s)

    async def _consume(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError, *_BROKEN):
                async with connected(self.settings) as connection:
                    channel = await connection.channel()
                    await channel.set_qos(prefetch_count=100)
                    queue = await channel.get_queue(self.settings.queue, ensure=False)
                    async with queue.iterator() as messages:
                        async for message in messages:
                            self._received(message.body.decode())
                            await message.ack()
            await asyncio.sleep(RETRY_S)

    def _received(self, value: str) -> None:
        self._last_received_s = time.monotonic()
        self.emit({"event": "received", "path": self.path, "value": value, "t_done": self._last_received_s})

    async def finish(self) -> None:
        """Wait until the queue is empty and the consumer has been quiet; then delete it."""
        empty = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                while not empty:
                    empty = await self._is_drained()
        self.emit({"event": "drained", "path": self.path, "empty": empty})
        if self._consuming is not None:
            self._consuming.cancel()
            await asyncio.gather(self._consuming, return_exceptions=True)
        if self._publisher is not None:
            await self._publisher.close()
        if empty:
            with contextlib.suppress(TimeoutError, *_BROKEN):
                async with connected(self.settings) as connection:
                    await (await connection.channel()).queue_delete(self.settings.queue)

    async def _is_drained(self) -> bool:
        await asyncio.sleep(RETRY_S)
        try:
            async with connected(self.settings) as connection:
                declared = await (await connection.channel()).declare_queue(self.settings.queue, passive=True)
                left = declared.declaration_result.message_count
        except (TimeoutError, *_BROKEN):
            return False
        return left == 0 and time.monotonic() - self._last_received_s >= QUIET_S


async def _declare(channel: AbstractChannel, settings: AmqpSettings) -> None:
    await channel.declare_queue(settings.queue, durable=True, arguments={"x-queue-type": settings.queue_type})


def _unconfirmed(error: AmqpError, sent_s: float) -> Answer:
    return Answer(of_amqp(error), sent_s, error.value)
