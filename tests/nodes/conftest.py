"""A node that is this machine: the real agent behind a real pipe to ``python3``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from fournines.nodes.door import CommandDoor
from fournines.nodes.pipe import PipeNode


@pytest_asyncio.fixture
async def node() -> AsyncIterator[PipeNode]:
    here = PipeNode(CommandDoor("here"))
    yield here
    await here.close()
