"""Other processes, asked by the real agent on this machine."""

from __future__ import annotations

import asyncio
import base64
import socket
from pathlib import Path

import pytest

from fournines.blueprint.requests import HttpGet, TcpConnect, UnixAsk
from fournines.nodes.pipe import PipeNode
from nodes.asked import mapping, refused


async def serve(reply: bytes) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n")
        writer.write(reply)
        if reply:
            writer.close()
        else:
            await reader.read()   # silent until the client gives up
            writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def test_http_get(node: PipeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with await serve(b"HTTP/1.1 503 Not ready\r\nContent-Length: 6\r\n\r\nDonor\n") as server:
        reply = await mapping(node, HttpGet(f"http://127.0.0.1:{port_of(server)}/health"))
    assert (reply["status"], reply["body"]) == (503, "Donor\n")


async def test_http_get_of_a_silent_a_refusing_and_a_nonsensical_peer(node: PipeNode) -> None:
    async with await serve(b"") as server:
        reason = await refused(node, HttpGet(f"http://127.0.0.1:{port_of(server)}/", timeout_s=0.3))
        assert "no full answer within 0.3 s" in reason
    assert "refused" in await refused(node, HttpGet(f"http://127.0.0.1:{port_of_nobody()}/"))
    assert "is not an HTTP address" in await refused(node, HttpGet("file:///etc/passwd"))


def port_of_nobody() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_tcp_connect(node: PipeNode) -> None:
    async with await serve(b"x") as server:
        reply = await mapping(node, TcpConnect("127.0.0.1", port_of(server)))
        assert (reply["open"], reply["error"]) == (True, "")
    reply = await mapping(node, TcpConnect("127.0.0.1", port_of_nobody()))
    assert (reply["open"], reply["error"]) == (False, "Connection refused")


async def test_unix_ask(node: PipeNode, tmp_path: Path) -> None:
    path = str(tmp_path / "admin.sock")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"you said: " + await reader.readuntil(b"\n"))
        writer.close()

    async with await asyncio.start_unix_server(answer, path):
        whole = await mapping(node, UnixAsk(path, b"show stat\n"))
        assert base64.b64decode(str(whole["answer"])) == b"you said: show stat\n"
        head = await mapping(node, UnixAsk(path, b"show stat\n", answer_bytes=8))
        assert base64.b64decode(str(head["answer"])) == b"you said"
    assert "admin.sock" in await refused(node, UnixAsk(path + "x", b"show stat\n"))
