"""Reading back, on every node by itself, what the clients wrote: after healing, and past the VIP."""

from __future__ import annotations

from collections.abc import Mapping

from fournines.blueprint.requests import Failed, Run
from fournines.drills.checkers.bank import Books
from fournines.drills.workloads.sql import SqlSettings
from fournines.drills.workloads.transactions import Exchange, Insert, Transfer
from fournines.errors import Unreachable
from fournines.nodes.node import Node

PAGE = 2000                # rows in one reply, far below what an agent keeps of an output
READ_TIMEOUT_S = 30.0
LEDGER, BALANCES = Transfer.tables
_MARIADB = ("mariadb", "--batch", "--skip-column-names",
            "--init-command=SET SESSION wsrep_sync_wait = 15")   # what others acknowledged comes first


async def rows(node: Node, sql: SqlSettings, ending: str = "") -> list[str] | None:
    """Every value in the run's table of that ending as this node has it; None where it cannot be asked."""
    found: list[str] = []
    last = 0
    while True:
        statement = f"SELECT id, value FROM {sql.table}{ending} WHERE id > {last} ORDER BY id LIMIT {PAGE};"  # noqa: S608
        request = Run((*_MARIADB, sql.database), stdin=statement, timeout_s=READ_TIMEOUT_S)
        try:
            reply = (await node.ask([request]))[0]
        except Unreachable:
            return None
        if isinstance(reply, Failed) or not isinstance(reply, dict):
            return None
        page = [line.split("\t") for line in str(reply["stdout"]).splitlines()]
        found += [value for _, value in page]
        if len(page) < PAGE:
            return found
        last = int(page[-1][0])


async def rows_everywhere(nodes: Mapping[str, Node], sql: SqlSettings) -> dict[str, list[str] | None]:
    """node -> its rows. One after the other: nothing is in a hurry any more."""
    return {name: await rows(node, sql) for name, node in nodes.items()}


async def books(node: Node, sql: SqlSettings) -> Books | None:
    """The bank as this node has it; None where it cannot be asked."""
    ledger, balances = await rows(node, sql, LEDGER), await rows(node, sql, BALANCES)
    if ledger is None or balances is None:
        return None
    return Books([int(balance) for balance in balances], ledger)


async def books_everywhere(nodes: Mapping[str, Node], sql: SqlSettings) -> dict[str, Books | None]:
    """node -> its bank."""
    return {name: await books(node, sql) for name, node in nodes.items()}


async def drop(node: Node, sql: SqlSettings) -> None:
    """Remove the run's tables, if this node can; a table that stays does no harm."""
    tables = (f"{sql.table}{ending}" for each in (Insert, Exchange, Transfer) for ending in each.tables)
    statement = f"DROP TABLE IF EXISTS {', '.join(tables)};"
    try:
        await node.ask([Run((*_MARIADB, sql.database), stdin=statement, timeout_s=READ_TIMEOUT_S)])
    except Unreachable:
        return
