"""The sections of a configuration that all of OpenStack shares, whichever layer runs it: oslo.messaging, and
where the one member of a layer is that has but one."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import TypeAlias
from urllib.parse import quote

from fournines.artifacts.document import Scalar
from fournines.blueprint.contribution import BrokerAccount
from fournines.cluster.topology import Cluster
from fournines.layers.layer import Site

Section: TypeAlias = Mapping[str, Scalar]

BROKER_PORT = 5672
ACTIVE_PASSIVE = "active-passive"


def one_address(cluster: Cluster, layer: str) -> IPv4Address | None:
    """Where the one member of a layer is whose pattern is active-passive: at its own VIP."""
    settings = cluster.layers.get(layer)
    if getattr(settings, "pattern", "") != ACTIVE_PASSIVE:
        return None
    return cluster.vips.get(getattr(settings, "vip", ""), cluster.service_vip).address


def messaging(site: Site, account: BrokerAccount) -> Mapping[str, Section]:
    """The broker: every member by its own address, so that a client leaves a dead one by itself; or the one
    that there is, at its VIP."""
    timers = site.timers
    login = f"{account.user}:{quote(site.secret(account.secret), safe='')}"
    one = one_address(site.cluster, "messaging")
    addresses = [one] if one else [node.management for node in site.cluster.controllers]
    members = ",".join(f"{login}@{address}:{BROKER_PORT}" for address in addresses)
    return {
        "DEFAULT": {
            "transport_url": f"rabbit://{members}/",
            "rpc_response_timeout": round(timers.seconds("oslo.messaging.rpc_response_timeout")),
        },
        "oslo_messaging_rabbit": {
            # A quorum needs members; the one broker's queues are on the disk that both nodes have.
            **({"amqp_durable_queues": True} if one else {"rabbit_quorum_queue": True}),
            "heartbeat_timeout_threshold": round(timers.seconds("oslo.messaging.heartbeat_timeout")),
            "heartbeat_rate": timers.count("oslo.messaging.heartbeat_rate"),
            "rabbit_retry_interval": round(timers.seconds("oslo.messaging.retry_interval")),
            "rabbit_retry_backoff": round(timers.seconds("oslo.messaging.retry_backoff")),
            "kombu_reconnect_delay": timers.seconds("oslo.messaging.kombu_reconnect_delay"),
        },
    }
