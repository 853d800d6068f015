"""Is money made or lost? Accounts against the ledger of transfers, on every node by itself. Pure.

A transfer changes two accounts and the ledger in one transaction. So on each node the sum of all accounts is
what it was at first, and each account is what the transfers in that node's ledger make of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fournines.drills.verdict import Verdict
from fournines.drills.workloads.transactions import ACCOUNTS, OPENING, transfer_of


@dataclass(frozen=True, slots=True)
class Books:
    """What one node has: the balances in the order of the accounts, and the transfers of its ledger."""

    balances: Sequence[int]
    ledger: Sequence[str]


def balanced(books: Mapping[str, Books | None]) -> Verdict:
    """``books``: node -> what it has, None where it could not be asked."""
    question = "no money is made or lost"
    read = {node: each for node, each in books.items() if each is not None}
    wrong = [text for node, each in read.items() if (text := _wrong(node, each))]
    if wrong:
        return Verdict(question, False, "; ".join(wrong))
    if not read:
        return Verdict(question, None, "no node could be asked")
    if unread := [node for node in books if node not in read]:
        return Verdict(question, None, f"could not be read back: {', '.join(unread)}")
    count = max(len(each.ledger) for each in read.values())
    if not count:
        return Verdict(question, None, "nothing was transferred")
    return Verdict(question, True, f"after {count} transfers the accounts of {len(read)} nodes add up")


def _wrong(node: str, books: Books) -> str:
    if len(books.balances) != ACCOUNTS:
        return f"{node} has {len(books.balances)} of {ACCOUNTS} accounts"
    total = ACCOUNTS * OPENING
    if sum(books.balances) != total:
        return f"the accounts of {node} hold {sum(books.balances)}, not {total}"
    expected = [OPENING] * ACCOUNTS
    for value in books.ledger:
        giver, taker, amount = transfer_of(value)
        expected[giver - 1] -= amount
        expected[taker - 1] += amount
    other = [number for number, (is_, should) in enumerate(zip(books.balances, expected, strict=True), 1)
             if is_ != should]
    if other:
        return f"account {other[0]} of {node} is not what its ledger makes of it"
    return ""
