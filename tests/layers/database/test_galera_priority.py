"""What mariadbd is told where it may not run ahead: all but the priority."""

from __future__ import annotations

import pytest

from fournines.layers.database.node.galera_priority import without_priority

FILES = ["--wsrep_on=1", "--wsrep_provider_options=pc.recovery=no;gcomm.thread_prio=rr:1;gcache.size=1M"]


def test_the_priority_is_left_out_and_nothing_else() -> None:
    assert without_priority(FILES) == "--wsrep_provider_options=pc.recovery=no;gcache.size=1M"


def test_the_last_one_counts_however_it_is_written() -> None:
    last = "--wsrep-provider-options=gcomm.thread_prio=fifo:2;pc.weight=2"
    assert without_priority([*FILES, last]) == "--wsrep_provider_options=pc.weight=2"


@pytest.mark.parametrize("arguments", [
    [], ["--wsrep_on=1"], [*FILES, "--wsrep_provider_options=pc.recovery=no"]])
def test_who_asks_for_no_priority_is_told_nothing(arguments: list[str]) -> None:
    assert without_priority(arguments) == ""
