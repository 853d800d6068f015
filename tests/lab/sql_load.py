"""A client that inserts through an address of the lab, and remembers what was acknowledged."""

from __future__ import annotations

import contextlib
import threading
import time
from itertools import pairwise
from types import TracebackType
from typing import Self

import pymysql

from fournines.lab.lab import Lab
from lab.conftest import connect

PERIOD_S, REPLY_S = 0.05, 3.0
TABLE_S = 60.0   # a table that is made waits for the disks of slow machines
TABLE = "load_of_a_test"


class SqlLoad:
    """Inserts one row after the other while it is open, whatever becomes of each. ``acknowledged`` are the
    values whose commit was answered, with the time of the answer; one that failed may be there or not."""

    def __init__(self, lab: Lab, address: str, user: str, password: str, database: str) -> None:
        self._lab, self._address = lab, address
        self._login = {"user": user, "password": password, "database": database}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acknowledged: list[tuple[int, float]] = []
        self.failed = 0
        self._before = 0   # the last value of an earlier load

    def __enter__(self) -> Self:
        with self._connected(TABLE_S) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (value INT PRIMARY KEY) ENGINE=InnoDB")
            cursor.execute(f"SELECT COALESCE(MAX(value), 0) FROM {TABLE}")   # noqa: S608
            ((self._before,),) = cursor.fetchall()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def rows(self) -> set[int]:
        """What is in the table now."""
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT value FROM {TABLE}")   # noqa: S608 - a constant
            return {int(value) for (value,) in cursor.fetchall()}

    def longest_gap_s(self) -> float:
        """Between two acknowledgements that follow one another."""
        times = [at_s for _, at_s in self.acknowledged]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)

    def _connected(self, reply_s: float = REPLY_S
                   ) -> contextlib.closing[pymysql.connections.Connection[pymysql.cursors.Cursor]]:
        connection = pymysql.connect(**self._login, read_timeout=reply_s, write_timeout=reply_s,
                                     autocommit=True, defer_connect=True, ssl_disabled=True)
        connection.connect(connect(self._lab, self._address, 3306, timeout_s=REPLY_S))
        return contextlib.closing(connection)

    def _run(self) -> None:
        value = self._before
        while not self._stop.is_set():
            try:
                with self._connected() as connection, connection.cursor() as cursor:
                    while not self._stop.wait(PERIOD_S):
                        value += 1
                        cursor.execute(f"INSERT INTO {TABLE} VALUES (%s)", (value,))   # noqa: S608
                        self.acknowledged.append((value, time.monotonic()))
            except (pymysql.err.Error, OSError):
                self.failed += 1
                self._stop.wait(PERIOD_S)
