"""Who may use the broker: the accounts that other layers asked for, one of the drills' own, and no guest."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable

from fournines.artifacts import rabbitmq
from fournines.blueprint.contribution import BrokerAccount

VHOST = "/"
DRILL_VHOST = "drills"
DRILL_ACCOUNT = BrokerAccount("drills", "messaging.drills")
"""Reads and writes its own virtual host and nothing else: a drill cannot touch a service's queue."""


def definitions(accounts: Iterable[BrokerAccount], password: Callable[[str], str],
                queue_type: str = "quorum") -> rabbitmq.Definitions:
    """``accounts`` in the services' virtual host, the drills' in theirs; ``password`` reads a secret.

    Where definitions are imported at boot, RabbitMQ makes neither guest nor a virtual host by itself.
    """
    services = tuple({account.user: account for account in accounts}.values())
    users = tuple(
        rabbitmq.User(account.user, _hashed(account.user, password(account.secret)),
                      ("administrator",) if account.administrator else ())
        for account in (*services, DRILL_ACCOUNT))
    permissions = (*(rabbitmq.Permission(account.user, VHOST) for account in services),
                   rabbitmq.Permission(DRILL_ACCOUNT.user, DRILL_VHOST))
    return rabbitmq.Definitions(users, (VHOST, DRILL_VHOST), permissions, default_queue_type=queue_type)


def _hashed(user: str, password: str) -> str:
    """The salt follows from the account, so that one cluster file gives the same bytes on every node and in
    every run; passwords are long and random, so nothing is won by guessing it."""
    salt = hmac.digest(password.encode(), b"rabbitmq salt of " + user.encode(), hashlib.sha256)
    return rabbitmq.password_hash(password, salt[:rabbitmq.SALT_BYTES])
