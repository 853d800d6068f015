"""One request to a node, and what came of it."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from fournines.blueprint.requests import Failed, JsonValue, Reply, Request, WriteFile
from fournines.nodes.pipe import PipeNode

USER = pwd.getpwuid(os.getuid()).pw_name
GROUP = grp.getgrgid(os.getgid()).gr_name
as_root = pytest.mark.skipif(os.getuid() != 0, reason="changes owners")


async def one(node: PipeNode, request: Request) -> Reply:
    return (await node.ask([request]))[0]


async def mapping(node: PipeNode, request: Request) -> dict[str, JsonValue]:
    reply = await one(node, request)
    assert isinstance(reply, dict)
    return reply


async def refused(node: PipeNode, request: Request) -> str:
    reply = await one(node, request)
    assert isinstance(reply, Failed)
    return reply.reason


def contents(directory: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in directory.iterdir()}


def write(path: Path, content: bytes, mode: int = 0o644) -> WriteFile:
    return WriteFile(str(path), content, mode, USER, GROUP)
