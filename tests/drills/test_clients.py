"""The clients' process against real servers: what they write is there, and what fails is called what it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pymysql
import pytest

from drills.servers import PASSWORD, Relay, Server, free_port
from fournines.drills import history
from fournines.drills.checkers.bank import Books, balanced
from fournines.drills.checkers.register import register
from fournines.drills.checkers.writes import compare, kept
from fournines.drills.crowd import Crowd, crowd
from fournines.drills.history import HistoryWriter
from fournines.drills.operation import History, Operation, Outcome
from fournines.drills.settings import (
    AMQP,
    GLANCE,
    KEYSTONE,
    SQL_BANK,
    SQL_NEW,
    SQL_REGISTER,
    SQL_STANDING,
    TCP,
    ClientSettings,
    from_data,
)
from fournines.drills.workloads.amqp import AmqpSettings
from fournines.drills.workloads.http import KeystoneSettings
from fournines.drills.workloads.sql import Pool, SqlSettings
from fournines.errors import DrillError
from lab.conftest import command_lines

FAST = dict.fromkeys((SQL_STANDING, SQL_NEW, SQL_REGISTER, SQL_BANK, AMQP, KEYSTONE, GLANCE, TCP), 0.05)
HOST = "127.0.0.1"
STUBBORN = """
import asyncio
from fournines.drills.clients import and_leave

async def connect():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def main():
    connecting = asyncio.create_task(connect())
    await asyncio.sleep(0)
    raise BrokenPipeError

asyncio.run(and_leave(main()))
"""


@asynccontextmanager
async def clients(settings: ClientSettings, file: Path) -> AsyncIterator[Crowd]:
    with HistoryWriter(file) as record:
        async with crowd((), settings, record, file.with_suffix(".log")) as found:
            yield found


async def recorded(file: Path, enough: Callable[[History], bool]) -> None:
    """Wait until the history so far satisfies ``enough``."""
    async with asyncio.timeout(60):
        while not enough(history.read(file)):  # noqa: ASYNC110 - another process sets no events
            await asyncio.sleep(0.05)


def answered(path: str, outcome: Outcome, count: int) -> Callable[[History], bool]:
    """So many operations of the path ended like this since this was called first."""
    before: list[int] = []

    def enough(now: History) -> bool:
        seen = sum(item.outcome is outcome and item.done_s is not None for item in now.of(path))
        before.append(seen)
        return seen >= before[0] + count

    return enough


def sql(server: Server, table: str) -> ClientSettings:
    return ClientSettings(HOST, sql=SqlSettings(HOST, server.port, "drill", PASSWORD, "drill", table),
                          periods_s=FAST)


def inserts_of(found: History) -> list[Operation]:
    return [*found.of(SQL_STANDING), *found.of(SQL_NEW)]


def rows(server: Server, table: str) -> list[str]:
    with pymysql.connect(host=HOST, port=server.port, user="drill", password=PASSWORD,
                         database="drill") as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT value FROM {table}")  # noqa: S608 - the test's own
        return [value for (value,) in cursor.fetchall()]


async def test_sql_is_written_and_recorded(sql_server: Server, history_file: Path) -> None:
    async with clients(sql(sql_server, "good"), history_file) as crowd_:
        await crowd_.ready()
        await recorded(history_file, answered(SQL_STANDING, Outcome.OK, 20))
        await recorded(history_file, answered(SQL_NEW, Outcome.OK, 5))
        assert await crowd_.stop()
    found = history.read(history_file)
    assert set(found.paths) == {SQL_STANDING, SQL_NEW, SQL_REGISTER, SQL_BANK}
    assert {item.result for item in found.of(SQL_NEW)} == {socket.gethostname()}
    assert kept("SQL", compare(inserts_of(found), {"here": rows(sql_server, "good")})).truth is True
    assert all(item.intended_s <= (item.sent_s or 0) <= (item.done_s or 0) for item in found.operations)
    numbers = [item.number for item in found.of(SQL_STANDING)]
    assert numbers == list(range(len(numbers)))
    pool = found.pooled[SQL_STANDING]
    assert (pool.broken, pool.silent) == (0, 0)
    assert pool.works >= 1


async def test_a_pool_tells_broken_connections_from_deaf_ones(sql_server: Server) -> None:
    """One works, one was ended by the server, and one leads to a relay that passes nothing on any more."""
    settings = sql(sql_server, "pooled").sql
    assert settings is not None
    relay = Relay(sql_server.port)
    await relay.mend()
    pool = Pool(settings)
    works, ended = await asyncio.to_thread(settings.connect), await asyncio.to_thread(settings.connect)
    deaf = await asyncio.to_thread(replace(settings, port=relay.port).connect)
    for connection in (works, ended, deaf):
        pool.give_back(connection)
    with works.cursor() as cursor:
        cursor.execute(f"KILL {ended.thread_id()}")
    relay.hang()
    assert await asyncio.to_thread(pool.close) == (1, 1, 1)
    await relay.cut()


def test_a_connection_reads_no_authorities(sql_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes 40 ms of a processor, many times a second, while the cluster needs it to recover."""
    def read(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a context for TLS is made")

    monkeypatch.setattr(ssl, "create_default_context", read)
    with SqlSettings(HOST, sql_server.port, "drill", PASSWORD, "drill", "t").connect() as connection:
        connection.ping(reconnect=False)


async def test_a_killed_database_loses_nothing_that_was_acknowledged(sql_server: Server,
                                                                    history_file: Path) -> None:
    async with clients(sql(sql_server, "killed"), history_file) as crowd_:
        await crowd_.ready()
        await recorded(history_file, answered(SQL_STANDING, Outcome.OK, 5))
        await asyncio.to_thread(sql_server.kill)
        await recorded(history_file, answered(SQL_STANDING, Outcome.FAIL, 5))
        await asyncio.to_thread(sql_server.start)
        await recorded(history_file, answered(SQL_STANDING, Outcome.OK, 5))
        await recorded(history_file, answered(SQL_NEW, Outcome.OK, 5))
        assert await crowd_.stop()
    found = history.read(history_file)
    assert kept("SQL", compare(inserts_of(found), {"here": rows(sql_server, "killed")})).truth is True
    assert register(SQL_REGISTER, found.of(SQL_REGISTER)).truth is True
    balances = [int(value) for value in rows(sql_server, "killed_accounts")]
    books = Books(balances, rows(sql_server, "killed_ledger"))
    assert balanced({"here": books}).truth is True
    assert kept(SQL_BANK, compare(found.of(SQL_BANK), {"here": books.ledger})).truth is True
    assert {item.error for item in found.operations if item.outcome is Outcome.FAIL} >= {"connect: 2003"}


async def test_a_database_that_hangs_does_not_hide_the_gap(sql_server: Server, history_file: Path) -> None:
    """Probes go out at their times while earlier ones wait, each on a connection of its own."""
    async with clients(sql(sql_server, "hung"), history_file) as crowd_:
        await crowd_.ready()
        await recorded(history_file, answered(SQL_STANDING, Outcome.OK, 3))
        sql_server.kill(signal.SIGSTOP)
        try:
            begun = len(history.read(history_file).operations)
            await recorded(history_file, lambda now: len(now.operations) >= begun + 20)
            waiting = [item for item in history.read(history_file).operations if item.done_s is None]
            assert len(waiting) >= 15
        finally:
            sql_server.kill(signal.SIGCONT)
        await recorded(history_file, answered(SQL_STANDING, Outcome.OK, 3))
        assert await crowd_.stop()


async def test_clients_that_are_killed_leave_a_history(sql_server: Server, history_file: Path) -> None:
    async with clients(sql(sql_server, "gone"), history_file) as crowd_:
        await crowd_.ready()
        await recorded(history_file, answered(SQL_NEW, Outcome.OK, 3))
        crowd_._process.kill()
        assert not await crowd_.stop()
    assert kept("SQL", compare(inserts_of(history.read(history_file)),
                               {"here": rows(sql_server, "gone")})).truth is True


async def test_messages_are_confirmed_consumed_and_drained(broker: Server, history_file: Path) -> None:
    way = Relay(broker.port)
    await way.mend()
    settings = ClientSettings(HOST, amqp=AmqpSettings(HOST, way.port, "drills", PASSWORD, "drills", "run"),
                              periods_s=FAST)
    async with clients(settings, history_file) as crowd_:
        await crowd_.ready()
        await recorded(history_file, answered(AMQP, Outcome.OK, 10))
        await way.cut()
        await recorded(history_file, answered(AMQP, Outcome.FAIL, 3))
        await way.mend()
        await recorded(history_file, answered(AMQP, Outcome.OK, 10))
        assert await crowd_.stop()
    await way.cut()
    found = history.read(history_file)
    assert found.drained == {AMQP: True}
    compared = compare(found.operations, {"the consumer": found.received[AMQP]})
    assert kept(AMQP, compared, repeats_allowed=True).truth is True
    assert "not connected" in {item.error for item in found.operations}


def until_one_succeeded(output: int) -> None:
    """Read the events, and then never again."""
    with open(output) as events:
        assert any(json.loads(event)["event"] == Outcome.OK for event in events)


async def test_clients_end_with_the_drill_that_is_killed(broker: Server) -> None:
    """Nobody reads what they say, so there is nothing to be asked for, drained or finished."""
    settings = ClientSettings(
        HOST, amqp=AmqpSettings(HOST, broker.port, "drills", PASSWORD, "drills", "alone"), periods_s=FAST)
    output, their_output = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fournines.drills.clients", stdin=PIPE, stdout=their_output, stderr=DEVNULL)
    os.close(their_output)
    assert process.stdin is not None
    try:
        process.stdin.write(settings.to_line())
        async with asyncio.timeout(60):
            await asyncio.to_thread(until_one_succeeded, output)
        process.stdin.close()
        async with asyncio.timeout(10):
            assert await process.wait() != 0
    finally:
        if process.returncode is None:
            process.kill()


async def test_a_broker_that_hangs_confirms_nothing_and_loses_nothing(broker: Server,
                                                                      history_file: Path) -> None:
    amqp = AmqpSettings(HOST, broker.port, "drills", PASSWORD, "drills", "hung")
    settings = ClientSettings(HOST, amqp=amqp, periods_s=FAST)
    async with clients(settings, history_file) as crowd_:
        await crowd_.ready()
        await recorded(history_file, answered(AMQP, Outcome.OK, 5))
        broker.kill(signal.SIGSTOP)
        try:
            await recorded(history_file, answered(AMQP, Outcome.UNKNOWN, 3))
        finally:
            broker.kill(signal.SIGCONT)
        await recorded(history_file, answered(AMQP, Outcome.OK, 5))
        assert await crowd_.stop()
    found = history.read(history_file)
    compared = compare(found.operations, {"the consumer": found.received[AMQP]})
    assert kept(AMQP, compared, repeats_allowed=True, complete=found.drained[AMQP]).truth is True


@asynccontextmanager
async def web(answer: Callable[[str, Mapping[str, object]], tuple[int, str]]) -> AsyncIterator[int]:
    """An HTTP server that answers (method and path, body) with a status; a token and no images with each."""
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                size = re.search(r"content-length: *(\d+)", head.lower())
                body = await reader.readexactly(int(size[1])) if size else b"{}"
                status, token = answer(" ".join(head.split(" ")[:2]), json.loads(body))
                writer.write(f"HTTP/1.1 {status} X\r\nX-Subject-Token: {token}\r\n"
                             "Content-Length: 14\r\n\r\n{\"images\": []}".encode())
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_keystone_and_glance_and_tcp(history_file: Path) -> None:
    methods: set[str] = set()
    broken = False

    def answer(what: str, body: Mapping[str, object]) -> tuple[int, str]:
        if "images" in what:
            return 200, ""
        identity = body["auth"]["identity"]  # type: ignore[index]
        methods.update(identity["methods"])
        return (503 if broken else 201), "token"

    async with web(answer) as port:
        url = f"http://{HOST}:{port}"
        keystone = KeystoneSettings(url, "drills", PASSWORD, "drills")
        settings = ClientSettings(HOST, tcp_port=port, keystone=keystone,
                                  glance_url=url, periods_s=FAST)
        async with clients(settings, history_file) as crowd_:
            await crowd_.ready()
            for path in (KEYSTONE, GLANCE, TCP):
                await recorded(history_file, answered(path, Outcome.OK, 5))
            broken = True
            await recorded(history_file, answered(KEYSTONE, Outcome.FAIL, 3))
            assert await crowd_.stop()
    found = history.read(history_file)
    assert methods == {"password", "token"}
    assert {item.error for item in found.of(KEYSTONE)} == {"", "status 503"}
    assert {item.outcome for item in found.of(GLANCE)} == {Outcome.OK}


async def test_a_path_that_is_not_served_is_named(history_file: Path) -> None:
    port = free_port()
    settings = ClientSettings(HOST, keystone=KeystoneSettings(f"http://{HOST}:{port}", "drills", PASSWORD))
    async with clients(settings, history_file) as crowd_:
        with pytest.raises(DrillError, match="Keystone token: ConnectError"):
            await crowd_.ready(timeout_s=3.0)


def test_the_process_ends_whatever_a_library_goes_on_with() -> None:
    """A task that takes no cancelling, and nobody to read what is said."""
    told = subprocess.run([sys.executable, "-c", STUBBORN], capture_output=True, timeout=60, check=False)
    assert told.returncode == 1
    assert told.stderr == b""


def test_settings_travel_whole_and_show_no_password() -> None:
    settings = ClientSettings(
        HOST, 1, SqlSettings(HOST, 2, "u", "hidden", "d", "t"),
        AmqpSettings(HOST, 3, "u", "hidden", "v", "q"),
        KeystoneSettings("http://x", "u", "hidden", "p"), "http://y")
    assert from_data(json.loads(settings.to_line())) == settings
    assert "hidden" not in repr(settings)


def process_of_clients() -> int:
    """That of this test; other tests' in other processes, and other children of this one, are left out."""
    lines = command_lines()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    (pid,) = [int(each) for each in children if "fournines.drills.clients" in lines.get(int(each), "")]
    return pid


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may take precedence")
@pytest.mark.parametrize("ahead", [True, False])
async def test_clients_that_measure_go_ahead_and_a_load_does_not(ahead: bool, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as server:
        settings = ClientSettings(HOST, server.getsockname()[1], ahead=ahead)
        async with clients(settings, tmp_path / "history.jsonl") as found:
            await found.ready()
            assert (niceness(process_of_clients()) < niceness(os.getpid())) is ahead
