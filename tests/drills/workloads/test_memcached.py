"""Against a server that speaks as much of memcached's protocol as the workload does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from fournines.drills.operation import Outcome
from fournines.drills.workloads import memcached
from fournines.drills.workloads.memcached import MemcachedWorkload


@dataclass
class Cache:
    stores: bool = True
    hangs: bool = False
    port: int = 0
    items: dict[str, str] = field(default_factory=dict)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while line := (await reader.readline()).decode().split():
            if self.hangs:
                return
            if line[0] == "get":
                value = self.items.get(line[1])
                found = f"VALUE {line[1]} 0 {len(value)}\r\n{value}\r\n" if value is not None else ""
                writer.write(f"{found}END\r\n".encode())
                continue
            value = (await reader.readline()).decode().strip()
            if self.stores:
                self.items[line[1]] = value
            writer.write(b"STORED\r\n" if self.stores else b"SERVER_ERROR out of memory\r\n")


@pytest.fixture
async def cache() -> AsyncIterator[Cache]:
    made = Cache()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    for writer in made.writers:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    server.close()


async def test_each_exchange_tells_what_it_replaced(cache: Cache) -> None:
    workload = MemcachedWorkload("127.0.0.1", cache.port, "k", "cache", 0.1)
    answers = [await workload.attempt(value) for value in ("a", "b")]
    cache.items.clear()
    answers.append(await workload.attempt("c"))
    assert [(item.outcome, item.result) for item in answers] == [
        (Outcome.OK, ""), (Outcome.OK, "a"), (Outcome.OK, "")]
    await workload.finish()


async def test_what_is_not_stored_was_refused(cache: Cache) -> None:
    cache.stores = False
    workload = MemcachedWorkload("127.0.0.1", cache.port, "k", "cache", 0.1)
    answer = await workload.attempt("a")
    assert (answer.outcome, answer.error) == (Outcome.FAIL, "not stored")
    await workload.finish()


async def test_a_cache_that_hangs_leaves_it_open(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memcached, "REPLY_TIMEOUT_S", 0.2)
    workload = MemcachedWorkload("127.0.0.1", cache.port, "k", "cache", 0.1)
    cache.hangs = True
    assert (await workload.attempt("a")).outcome is Outcome.UNKNOWN
    cache.hangs = False
    assert (await workload.attempt("b")).outcome is Outcome.OK   # by a new connection
    await workload.finish()


async def test_a_cache_that_is_away_was_not_asked() -> None:
    answer = await MemcachedWorkload("127.0.0.1", 1, "k", "cache", 0.1).attempt("a")
    assert (answer.outcome, answer.sent_s) == (Outcome.FAIL, None)
