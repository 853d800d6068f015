"""Clients of the one database and the one broker of a cluster, at their addresses, at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from fournines.layers.database import DRILL
from fournines.layers.messaging.accounts import DRILL_ACCOUNT, DRILL_VHOST
from lab.amqp_load import AmqpLoad
from lab.conftest import TIMEOUT_S, eventually
from lab.controlplane import ControlPlane
from lab.sql_load import SqlLoad

SOME = 20


class BothLoads:
    """As the accounts of the drills. While it is open, rows are inserted and messages published; it is open
    when some of each are acknowledged."""

    def __init__(self, plane: ControlPlane, sql: str, amqp: str) -> None:
        secrets = plane.secrets()
        self.sql = SqlLoad(plane.lab, sql, DRILL.user, secrets[DRILL.secret], DRILL.database)
        self.amqp = AmqpLoad(plane.lab, amqp, DRILL_ACCOUNT.user, secrets[DRILL_ACCOUNT.secret], DRILL_VHOST)
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            opened.enter_context(self.sql)
            opened.enter_context(self.amqp)
            self.wait_for_more(TIMEOUT_S)
            self._open = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._open.close()

    def wait_for_more(self, within_s: float) -> None:
        """Some of each are acknowledged from now on."""
        rows, messages = len(self.sql.acknowledged), len(self.amqp.confirmed)
        eventually(lambda: len(self.sql.acknowledged) > rows + SOME, "writes are acknowledged", within_s)
        eventually(lambda: len(self.amqp.confirmed) > messages + SOME, "messages are confirmed", within_s)

    def lose_nothing(self) -> None:
        """Everything acknowledged is there."""
        rows = {value for value, _ in self.sql.acknowledged}
        messages = {message for message, _ in self.amqp.confirmed}
        lost, vanished = rows - self.sql.rows(), messages - self.amqp.messages()
        print(f"{len(rows)} writes, {len(lost)} lost, gap {self.sql.longest_gap_s():.1f} s; "
              f"{len(messages)} messages, {len(vanished)} lost, gap {self.amqp.longest_gap_s():.1f} s")
        assert not lost
        assert not vanished


def lose_all_power(plane: ControlPlane, both: BothLoads, nodes: Iterable[str]) -> None:
    """Under load; nobody does anything but to give the power back."""
    machines = [plane.lab.machine(node) for node in nodes]
    with both:
        for machine in machines:
            machine.power_off()
    for machine in machines:
        machine.power_on()
    plane.become_whole()
    both.lose_nothing()
