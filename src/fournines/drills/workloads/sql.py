"""SQL through the VIP: one transaction and its COMMIT, on a standing connection or on a new one.

Standing connections are kept as an application's pool keeps them: a probe takes one that is idle, opens
another where none is, and gives it back unless it broke. PyMySQL blocks, so each probe has a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pymysql
from pymysql.connections import Connection

from fournines.drills.operation import Outcome
from fournines.drills.outcomes import SqlPhase, of_sql
from fournines.drills.workloads.transactions import Insert, Transaction
from fournines.drills.workloads.workload import CONNECT_TIMEOUT_S, REPLY_TIMEOUT_S, Answer, Emit

THREADS = 96   # period 0.1 s and probes of at most 7 s: none waits for a thread
NAME_LIMIT = 50   # of the 64 that MariaDB takes; transactions put endings on it


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """Where to write. ``table`` is the run's own."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = ""
    table: str = ""

    def __post_init__(self) -> None:
        if not self.table.replace("_", "").isalnum() or len(self.table) > NAME_LIMIT:
            raise ValueError(f"{self.table!r} is not a plain table name")   # it is part of a statement

    def connect(self) -> Connection[pymysql.cursors.Cursor]:
        """In clear, as the services do. Only to be ready for TLS, PyMySQL would read all of the computer's
        authorities for every connection: 40 ms of a processor that the cluster may be using to recover."""
        return pymysql.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, database=self.database,
            connect_timeout=max(1, round(CONNECT_TIMEOUT_S)), read_timeout=REPLY_TIMEOUT_S,
            write_timeout=REPLY_TIMEOUT_S, autocommit=False, charset="utf8mb4", ssl_disabled=True)


class Pool:
    """Idle connections, newest first."""

    def __init__(self, settings: SqlSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: list[Connection[pymysql.cursors.Cursor]] = []

    def take(self) -> Connection[pymysql.cursors.Cursor]:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._settings.connect()

    def give_back(self, connection: Connection[pymysql.cursors.Cursor]) -> None:
        with self._lock:
            self._idle.append(connection)

    def close(self) -> tuple[int, int, int]:
        """Try every idle connection once, then drop it: how many work, how many say that they are broken, and
        how many say nothing until the time-out, as whoever takes one next would find out. Blocks."""
        with self._lock:
            idle, self._idle = self._idle, []
        with ThreadPoolExecutor(max(1, len(idle))) as at_once:
            found = list(at_once.map(_works, idle))
        return found.count(True), found.count(False), found.count(None)


def _works(connection: Connection[pymysql.cursors.Cursor]) -> bool | None:
    """None where nothing says."""
    began_s = time.monotonic()
    try:
        connection.ping(reconnect=False)
    except (pymysql.err.Error, OSError):
        return None if time.monotonic() - began_s >= REPLY_TIMEOUT_S else False
    finally:
        _drop(connection)
    return True


def _drop(connection: Connection[pymysql.cursors.Cursor]) -> None:
    """Without a farewell, which could hang on a broken connection."""
    with contextlib.suppress(pymysql.err.Error, OSError):
        connection._force_close()   # type: ignore[attr-defined]


@dataclass(slots=True)
class SqlWorkload:
    """``standing`` keeps its connections. ``emit`` takes what became of them in the end."""

    settings: SqlSettings
    emit: Emit
    standing: bool
    path: str
    period_s: float
    transaction: Transaction = field(default_factory=Insert)
    _pool: Pool | None = None
    _threads: ThreadPoolExecutor | None = None

    @property
    def op(self) -> str:
        return self.transaction.op

    async def start(self) -> None:
        """Make the run's tables, and open the first connection."""
        self._pool = Pool(self.settings) if self.standing else None
        self._threads = self._threads or ThreadPoolExecutor(THREADS, self.path)
        await asyncio.get_running_loop().run_in_executor(self._threads, self._make_tables)

    def _make_tables(self) -> None:
        connection = self.settings.connect()
        try:
            with connection.cursor() as cursor:
                self.transaction.create(cursor, self.settings.table)
            connection.commit()
        finally:
            _drop(connection)
        if self._pool is not None:
            self._pool.give_back(self._pool.take())

    async def attempt(self, value: str) -> Answer:
        """See ``workload.Workload``."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, value)

    def _transact(self, value: str) -> Answer:
        phase, sent_s, connection = SqlPhase.CONNECT, time.monotonic(), None
        try:
            connection = self._pool.take() if self._pool is not None else self.settings.connect()
            phase, sent_s = SqlPhase.STATEMENT, time.monotonic()
            with connection.cursor() as cursor:
                result = self.transaction.work(cursor, self.settings.table, value)
            phase = SqlPhase.COMMIT
            connection.commit()
        except (pymysql.err.Error, OSError) as problem:
            if connection is not None:
                _drop(connection)
            return Answer(of_sql(phase), sent_s, f"{phase.value}: {_code(problem)}")
        if self._pool is not None:
            self._pool.give_back(connection)
        else:
            _drop(connection)
        return Answer(Outcome.OK, sent_s, result=result)

    async def finish(self) -> None:
        """See ``workload.Workload``."""
        if self._pool is not None:
            works, broken, silent = await asyncio.to_thread(self._pool.close)
            self.emit({"event": "pooled", "path": self.path, "works": works, "broken": broken,
                       "silent": silent})
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _code(problem: Exception) -> str:
    """MariaDB's or the client's number of the error; the texts differ from one to the next."""
    number = problem.args[0] if problem.args and isinstance(problem.args[0], int) else 0
    return str(number) if number else type(problem).__name__
