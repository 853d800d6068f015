"""Stalls: how long a healthy process may get no CPU before a detector takes it for dead.

The price of every short timer is the false alarm. These are the shortest stalls that could raise one, each
from the worst moment of its detector's cycle; the floors in the components' tables keep all at 0.5 s or more.
"""

from __future__ import annotations

from dataclasses import dataclass

from fournines.cluster.timers.timer import Timers
from fournines.cluster.timers.waits import noticed_s


@dataclass(frozen=True, slots=True)
class Stall:
    """``seconds`` without CPU that ``process`` survives; beyond, ``detector`` may take it for dead."""

    process: str
    detector: str
    seconds: float


def tolerated_stalls(timers: Timers) -> tuple[Stall, ...]:
    """One for each detector that moves a role or cuts a connection."""
    second = timers.seconds
    return (
        Stall("keepalived", "VRRP peers", round(2 * second("vrrp.advert_int"), 6)),
        Stall("HAProxy", "keepalived's check", round(
            second("vrrp.check_timeout")
            + second("vrrp.check_interval") * (timers.count("vrrp.check_fall") - 1), 6)),
        *(Stall(process, "HAProxy's check", _checks(timers, kind)) for kind, process in (
            ("api", "API"), ("database", "database health endpoint"), ("cache", "memcached"),
            ("messaging", "RabbitMQ"))),
        Stall("a whole member, kernel and all", "HAProxy's check", min(
            _silent_checks(timers, kind) for kind in ("api", "database", "cache", "messaging"))),
        Stall("mariadbd", "its health endpoint", noticed_s(timers)[0]),
        Stall("mariadbd", "Galera peers",
              round(second("galera.suspect_timeout") - second("galera.keepalive_period"), 6)),
        Stall("the kernel of a broker's machine", "TCP of its peers",
              second("rabbitmq.peer_user_timeout")),
        Stall("RabbitMQ", "quorum queues on its peers", second("rabbitmq.aten_poll_interval")),
        Stall("RabbitMQ", "net ticks of its peers", 0.75 * second("rabbitmq.net_ticktime")),
        Stall("a whole member, kernel and all", "Corosync of its peers", second("corosync.token")),
        Stall("AMQP client", "heartbeats of its broker", second("rabbitmq.heartbeat")),
        Stall("Gluster brick", "mounts of its peers", second("images.ping_timeout")),
    )


def _checks(timers: Timers, kind: str) -> float:
    """All of the checks in a row have to fall into the stall; its kernel still takes the connections."""
    return _in_a_row(timers, kind, timers.seconds(f"haproxy.{kind}.check"))


def _silent_checks(timers: Timers, kind: str) -> float:
    """The same where nobody takes the connections: a connect may last min(inter, connect)."""
    return _in_a_row(timers, kind, min(timers.seconds(f"haproxy.{kind}.inter"),
                                       timers.seconds("haproxy.connect")))


def _in_a_row(timers: Timers, kind: str, lasts_s: float) -> float:
    fast = timers.seconds(f"haproxy.{kind}.fastinter")
    return round((timers.count(f"haproxy.{kind}.fall") - 1) * (fast + lasts_s) + lasts_s, 6)
