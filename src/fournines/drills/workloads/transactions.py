"""What a SQL probe does between BEGIN and COMMIT. Each has tables of its own in the drills' database.

The exchange and the transfer lock what they read (``FOR UPDATE``): MariaDB's REPEATABLE READ loses updates
without, on one healthy node already, and that is no fault of any failover.
"""

from __future__ import annotations

from typing import Protocol

from pymysql.cursors import Cursor

ACCOUNTS, OPENING = 5, 100
_ENGINE = "ENGINE=InnoDB"


class Transaction(Protocol):
    """``op`` is what the history calls it; ``tables`` are those it makes, as endings of the run's table."""

    @property
    def op(self) -> str: ...

    @property
    def tables(self) -> tuple[str, ...]: ...

    def create(self, cursor: Cursor, table: str) -> None:
        """Make the tables, if they are not there."""
        ...

    def work(self, cursor: Cursor, table: str, value: str) -> str:
        """Everything before COMMIT; what the probe's ``result`` is if that is acknowledged."""
        ...


class Insert:
    """One unique value; gives back which node's database took it."""

    op = "insert"
    tables = ("",)

    def create(self, cursor: Cursor, table: str) -> None:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} (id BIGINT AUTO_INCREMENT PRIMARY KEY, "
                       f"value VARCHAR(64) NOT NULL) {_ENGINE}")

    def work(self, cursor: Cursor, table: str, value: str) -> str:
        cursor.execute(f"INSERT INTO {table} (value) VALUES (%s) RETURNING @@hostname", (value,))  # noqa: S608
        return _first(cursor)


class Exchange:
    """Put a unique value into a register, and give back the one that it replaces."""

    op = "exchange"
    tables = ("_register",)

    def create(self, cursor: Cursor, table: str) -> None:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {table}_register (id BIGINT PRIMARY KEY, "
                       f"value VARCHAR(64) NOT NULL) {_ENGINE}")
        cursor.execute(f"INSERT IGNORE INTO {table}_register VALUES (1, '')")   # noqa: S608

    def work(self, cursor: Cursor, table: str, value: str) -> str:
        cursor.execute(f"SELECT value FROM {table}_register WHERE id = 1 FOR UPDATE")  # noqa: S608
        before = _first(cursor)
        cursor.execute(f"UPDATE {table}_register SET value = %s WHERE id = 1", (value,))  # noqa: S608
        return before


class Transfer:
    """Move money between two accounts, and write that into a ledger, all of it or nothing."""

    op = "transfer"
    tables = ("_ledger", "_accounts")

    def create(self, cursor: Cursor, table: str) -> None:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {table}_accounts (id BIGINT PRIMARY KEY, "
                       f"value BIGINT NOT NULL) {_ENGINE}")
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {table}_ledger (id BIGINT AUTO_INCREMENT PRIMARY KEY, "
                       f"value VARCHAR(64) NOT NULL) {_ENGINE}")
        for number in range(1, ACCOUNTS + 1):
            cursor.execute(f"INSERT IGNORE INTO {table}_accounts VALUES (%s, %s)",  # noqa: S608
                           (number, OPENING))

    def work(self, cursor: Cursor, table: str, value: str) -> str:
        giver, taker, amount = transfer_of(value)
        cursor.execute(f"SELECT value FROM {table}_accounts WHERE id IN (%s, %s) ORDER BY id FOR UPDATE",  # noqa: S608
                       (giver, taker))
        change = f"UPDATE {table}_accounts SET value = value + %s WHERE id = %s"  # noqa: S608
        cursor.execute(change, (-amount, giver))
        cursor.execute(change, (amount, taker))
        cursor.execute(f"INSERT INTO {table}_ledger (value) VALUES (%s)", (value,))  # noqa: S608
        return ""


def transfer_of(value: str) -> tuple[int, int, int]:
    """Giver, taker and amount of the transfer of that name (``3-17``): the same for everybody who asks."""
    number = int(value.rpartition("-")[2])
    giver = number % ACCOUNTS
    taker = (giver + 1 + number // ACCOUNTS % (ACCOUNTS - 1)) % ACCOUNTS
    return giver + 1, taker + 1, number % 7 + 1


def _first(cursor: Cursor) -> str:
    row = cursor.fetchone()
    return str(row[0]) if row else ""
