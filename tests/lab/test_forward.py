from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address

import pytest

from fournines.errors import LabError
from fournines.lab.forward import Target, forwarded
from fournines.lab.lab import Lab

SSH = Target(IPv4Address("192.168.42.11"), 22)


async def banner(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(60.0):
            return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_port_of_the_lab_is_reached_from_the_loopback(lab: Lab) -> None:
    async with forwarded(lab.fabric.path, SSH) as port:
        banners = await asyncio.gather(*(banner(port) for _ in range(5)))

    assert all(line.startswith(b"SSH-2.0") for line in banners)
    with pytest.raises(ConnectionRefusedError):
        await banner(port)


async def test_a_port_that_nobody_listens_on_is_closed_without_a_byte(lab: Lab) -> None:
    async with forwarded(lab.fabric.path, Target(SSH.address, 9)) as port:
        assert await banner(port) == b""


async def test_a_taken_local_port_is_refused(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LabError, match=f"port {port} .* cannot be used"):
            async with forwarded(lab.fabric.path, SSH, local_port=port):
                pass
