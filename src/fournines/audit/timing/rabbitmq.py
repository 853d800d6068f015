"""AMQP to RabbitMQ: how soon brokers and clients give a broker up.

Sources: RabbitMQ's guides on heartbeats and net ticks, Erlang kernel(6), oslo.messaging's options.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from fournines.audit.cloud import Cloud
from fournines.audit.systems.pacemaker import clusters
from fournines.audit.systems.rabbitmq import Broker, brokers
from fournines.audit.systems.services import Service, brokers_of, is_on, services
from fournines.audit.timing.balancer import address_moves, hung_server, refused_server, silent_server
from fournines.audit.timing.chain import HANG, KILL, NODE, Chain, Found, Route, Step, unknown
from fournines.cluster.timers.formulas import net_tick_s, polled_s
from fournines.cluster.timers.waits import ELECTION_S

_TICK = "Erlang kernel(6), net_ticktime"
_POLL = "aten's README, poll_interval"
_OSLO = "oslo.messaging's configuration options"
_USER_TIMEOUT = "kernel.inet_dist_connect_options.tcp_user_timeout"
_BALANCED = ("amqp",)
T = TypeVar("T")


def rabbitmq_chains(cloud: Cloud) -> Iterator[Chain]:
    """Those of the brokers and of the services that use them; none without either."""
    clients = [service for service in services(cloud) if brokers_of(service) is not None]
    found = brokers(cloud)
    if not clients and not found:
        return
    path = "AMQP to RabbitMQ"
    turns = (_slowest(clients, _turn, "a client turns to another broker"),)
    leaves = (_slowest(clients, _leave, "a client gives its silent broker up"), *turns)
    elected = _elected(cloud, found, clients)
    several = not _moved(cloud)
    peers = ((_slowest(found, _peers_lose, "the other brokers give the lost one up"),),) if several else ()
    hung = ((_slowest(found, _peers_miss, "the other brokers give the hung one up"),),) if several else ()
    behind = [(*route, *turns) for route in silent_server(cloud, _BALANCED)]
    moved = [(*route, *turns) for route in address_moves(cloud, standing=True)]
    yield Chain(NODE, path, (*elected, *peers, leaves, *behind, *moved))
    yield Chain(KILL, path, ((*[step for route in elected for step in route[1:]], *turns),
                             *((*route, *turns) for route in refused_server(cloud, _BALANCED))))
    yield Chain(HANG, path, (*elected, *hung, leaves,
                             *((*route, *turns) for route in hung_server(cloud, _BALANCED))))


def _moved(cloud: Cloud) -> bool:
    """Whether there is one broker that Pacemaker moves: it has no peers, and its own chain says when it is
    back."""
    return any("rabbitmq" in primitive.type for cluster in clusters(cloud) for primitive in cluster.primitives
               if not cluster.around(primitive.id) or cluster.around(primitive.id)[0].kind == "group")


def _slowest(of: Iterable[T], step: Callable[[T], Step], what: str) -> Step:
    """The longest of all; unknown where none was read."""
    return max((step(each) for each in of), key=lambda each: each.upper_s or 0.0,
               default=unknown(what, "none of their configuration was read"))


def _number(broker: Broker, name: str, default: float, source: str, shown: str = "",
            scale: float = 1.0) -> Found:
    setting = broker.setting(name)
    if setting is None or not re.fullmatch(r"[0-9]{1,9}", setting.value):
        return Found(shown or name, default, setting.at if setting else broker.at, source)
    return Found(shown or name, int(setting.value) * scale, setting.at)


def _tick(broker: Broker) -> Found:
    return _number(broker, "net_ticktime", 60.0, _TICK)


def _poll(broker: Broker) -> Found:
    return _number(broker, "aten.poll_interval", 5.0, _POLL, scale=0.001)


def _peers_miss(broker: Broker) -> Step:
    tick = _tick(broker)
    lower_s, upper_s = net_tick_s(tick.value)
    return Step("the other brokers give the hung one up", f"1.25 x {tick.value:g} s", (tick,), lower_s,
                upper_s)


def _peers_lose(broker: Broker) -> Step:
    """By net ticks, or by TCP_USER_TIMEOUT where that is sooner: data goes out at least every aten poll."""
    missed, poll = _peers_miss(broker), _poll(broker)
    limit = _number(broker, _USER_TIMEOUT, 0.0, "", "TCP_USER_TIMEOUT", scale=0.001)
    whole_s = limit.value + poll.value
    if not limit.value or whole_s >= (missed.upper_s or 0.0):
        return Step("the other brokers give the lost one up", missed.formula, missed.values, missed.lower_s,
                    missed.upper_s)
    return Step("the other brokers give the lost one up", f"{limit.value:g} s + {poll.value:g} s",
                (limit, poll), 0.0, whole_s)


def _elected(cloud: Cloud, found: Iterable[Broker], clients: Iterable[Service]) -> tuple[Route, ...]:
    """A quorum queue's election, where queues are known to be of that kind."""
    quorum = any(is_on(option) for client in clients
                 for option in client.named("rabbit_quorum_queue"))
    kinds = [broker.setting("default_queue_type") for broker in found]
    if not quorum and not any(kind is not None and kind.value == "quorum" for kind in kinds):
        return ()
    poll = max((_poll(broker) for broker in found), key=lambda each: each.value, default=None)
    if poll is None:
        return ((unknown("a quorum queue's leader is suspected", "no broker's configuration was read"),),)
    lower_s, upper_s = polled_s(poll.value)
    return ((Step("a quorum queue's leader is suspected", f"2 x {poll.value:g} s", (poll,), lower_s, upper_s),
             Step("another leader is elected", f"{ELECTION_S:g} s, as measured", (), 0.0, ELECTION_S)),)


def _leave(client: Service) -> Step:
    beat = _option(client, "heartbeat_timeout_threshold", 60.0)
    if not beat.value:
        return unknown("a client gives its silent broker up", f"heartbeats are off at {beat.origin}")
    return Step("a client gives its silent broker up", f"{beat.value:g} s", (beat,), 0.0, beat.value)


def _turn(client: Service) -> Step:
    delay = _option(client, "kombu_reconnect_delay", 1.0)
    return Step("a client turns to another broker", f"{delay.value:g} s", (delay,), 0.0, delay.value)


def _option(client: Service, name: str, default: float) -> Found:
    option = client.option("oslo_messaging_rabbit", name)
    if option is None:
        return Found(name, default, client.file.at(), f"{_OSLO}, {name}")
    return Found(name, client.number("oslo_messaging_rabbit", name, default), option.at)
