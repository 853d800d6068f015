from __future__ import annotations

from dataclasses import replace

import pytest

from fournines.drills.checkers.bank import Books, balanced
from fournines.drills.workloads.transactions import ACCOUNTS, OPENING, transfer_of


def books(*values: str) -> Books:
    balances = [OPENING] * ACCOUNTS
    for value in values:
        giver, taker, amount = transfer_of(value)
        balances[giver - 1] -= amount
        balances[taker - 1] += amount
    return Books(balances, values)


GOOD = books("3-0", "3-1", "3-2")


def changed(number: int, by: int) -> Books:
    balances = list(GOOD.balances)
    balances[number] += by
    return replace(GOOD, balances=balances)


def test_a_good_bank() -> None:
    assert balanced({"ctl1": GOOD, "ctl2": GOOD}).truth is True


@pytest.mark.parametrize(("books", "why"), [
    (changed(0, 1), "hold 501, not 500"),
    (replace(GOOD, balances=[each + (1, -1, 0, 0, 0)[number] for number, each in enumerate(GOOD.balances)]),
     "account 1 of ctl2 is not what its ledger makes of it"),
    (replace(GOOD, ledger=GOOD.ledger[:2]), "is not what its ledger makes of it"),
    (replace(GOOD, balances=GOOD.balances[:4]), "ctl2 has 4 of 5 accounts"),
])
def test_a_node_whose_books_do_not_add_up(books: Books, why: str) -> None:
    verdict = balanced({"ctl1": GOOD, "ctl2": books})
    assert verdict.truth is False
    assert why in verdict.because


def test_what_was_not_read_is_unknown() -> None:
    assert balanced({}).truth is None
    assert balanced({"ctl1": GOOD, "ctl2": None}).truth is None
    assert balanced({"ctl1": None}).truth is None
    assert balanced({"ctl1": books()}).truth is None


def test_a_transfer_is_always_between_two() -> None:
    for number in range(200):
        giver, taker, amount = transfer_of(f"3-{number}")
        assert giver != taker
        assert {giver, taker} <= set(range(1, ACCOUNTS + 1))
        assert amount > 0
