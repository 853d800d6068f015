"""A port of the lab on this computer's loopback: a relay between the two networks, while it is wanted."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from fournines.errors import LabError
from fournines.lab.wires import fabric_socket

LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT_S = 10.0
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Target:
    """An address and port inside the lab, a node's or a VIP's."""

    address: IPv4Address
    port: int


@contextlib.asynccontextmanager
async def forwarded(fabric: Path, target: Target, *, local_port: int = 0) -> AsyncIterator[int]:
    """While inside, connections to the yielded port of the loopback reach ``target`` through the namespace at
    ``fabric``. ``local_port`` 0 lets the system choose. Raises ``LabError`` when the port is taken.

    A connection that the lab refuses, or does not take up in time, is closed without a byte.
    """
    relays: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.create_task(_relay(fabric, target, reader, writer))
        relays.add(relay)
        relay.add_done_callback(relays.discard)

    fabric_socket(fabric).close()   # a lab that is not there is said now, not to the first client
    try:
        server = await asyncio.start_server(accept, LOOPBACK, local_port)
    except OSError as problem:
        reason = os.strerror(problem.errno or 0)
        raise LabError(f"port {local_port} of this computer cannot be used: {reason}",
                       hint="choose another local port") from None
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        await server.wait_closed()


async def _relay(fabric: Path, target: Target, near_in: asyncio.StreamReader,
                 near_out: asyncio.StreamWriter) -> None:
    async with _closing(near_out):
        try:
            far_in, far_out = await _dial(fabric, target)
        except (OSError, TimeoutError, LabError):
            return
        async with _closing(far_out):
            await asyncio.gather(_pump(near_in, far_out), _pump(far_in, near_out))


async def _dial(fabric: Path, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    link = fabric_socket(fabric)
    try:
        link.setblocking(False)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await asyncio.get_running_loop().sock_connect(link, (str(target.address), target.port))
    except BaseException:
        link.close()
        raise
    return await asyncio.open_connection(sock=link)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until one side ends; the end is passed on, the other direction goes on."""
    with contextlib.suppress(ConnectionError):
        while chunk := await source.read(CHUNK):
            sink.write(chunk)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
