"""Where the clients of a cluster go: the VIP, the ports behind it, and the accounts kept for drills."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fournines.cluster.timers import Timers
from fournines.cluster.timers.chains import ACTIVE_PASSIVE
from fournines.cluster.topology import Cluster
from fournines.drills.settings import CINDER, NEUTRON, ClientSettings
from fournines.drills.workloads.amqp import AmqpSettings
from fournines.drills.workloads.http import KeystoneSettings
from fournines.drills.workloads.sql import SqlSettings
from fournines.layers.api.records import DRILL_PROJECT, DRILL_SECRET, DRILL_USER
from fournines.layers.api.services import chosen
from fournines.layers.api.settings import DOMAIN, IDENTITY_PORT, SQL_PORT, api_vip, is_active_passive
from fournines.layers.api.spec import ApiSpec
from fournines.layers.cache.artifacts import PORT as CACHE_PORT
from fournines.layers.database import DRILL as SQL_ACCOUNT
from fournines.layers.database.spec import DatabaseSpec
from fournines.layers.messaging.accounts import DRILL_ACCOUNT, DRILL_VHOST
from fournines.layers.messaging.spec import MessagingSpec
from fournines.layers.oslo import BROKER_PORT

_LISTINGS = {CINDER: ("cinder", "/v3/volumes?limit=1"), NEUTRON: ("neutron", "/v2.0/networks?limit=1")}
"""Path -> the service, and what of it is asked for. No project in the path: since Cinder's 3.67 (Yoga)."""


def is_one(cluster: Cluster, layer: str) -> bool:
    """Whether the layer runs on one node at a time."""
    return cluster.pattern(layer) == ACTIVE_PASSIVE


def address_of(cluster: Cluster, layer: str) -> str:
    """Where its clients go: one that runs on one node at a time has its address there."""
    spec = cluster.spec(DatabaseSpec) if layer == "database" else cluster.spec(MessagingSpec)
    own = spec.vip if spec is not None and is_one(cluster, layer) else ""
    return str((cluster.vips[own] if own else cluster.service_vip).address)


def _urls(cluster: Cluster) -> dict[str, str]:
    """Service that is called -> its URL, without the version."""
    return {service.name: f"http://{api_vip(cluster).address}:{service.port}" for service in chosen(cluster)
            if service.port}


def clients_of(cluster: Cluster, timers: Timers,
               secrets: Mapping[str, str], *, arp: bool = False) -> Callable[[str], ClientSettings]:
    """The settings for a run's name: one path for everything that the cluster's layers serve. ``arp``: the
    clients are in the network of the VIP, and may ask who answers there."""
    host = str(cluster.service_vip.address)

    def settings(run: str) -> ClientSettings:
        sql = amqp = keystone = None
        if "database" in cluster.layers:
            sql = SqlSettings(address_of(cluster, "database"), SQL_PORT, SQL_ACCOUNT.user,
                              secrets[SQL_ACCOUNT.secret], SQL_ACCOUNT.database, table=run)
        if "messaging" in cluster.layers:
            amqp = AmqpSettings(address_of(cluster, "messaging"), BROKER_PORT, DRILL_ACCOUNT.user,
                                secrets[DRILL_ACCOUNT.secret], DRILL_VHOST, queue=run,
                                queue_type="classic" if is_one(cluster, "messaging") else "quorum",
                                heartbeat_s=round(timers.seconds("rabbitmq.heartbeat")),
                                confirm_timeout_s=timers.seconds("amqp.confirm_timeout"))
        api = cluster.spec(ApiSpec)
        urls = _urls(cluster) if api is not None else {}
        if api is not None:
            keystone = KeystoneSettings(urls["keystone"], DRILL_USER, secrets[DRILL_SECRET], DRILL_PROJECT,
                                        DOMAIN)
        cache_port = CACHE_PORT if "cache" in cluster.layers else 0
        # What Pacemaker runs has an address of its own: what the balancer serves is asked for on its.
        tcp_port = IDENTITY_PORT if api is not None and not is_active_passive(cluster) else cache_port
        return ClientSettings(host, tcp_port, sql, amqp, keystone, urls.get("glance", ""),
                              {path: f"{urls[name]}{what}" for path, (name, what) in _LISTINGS.items()
                               if name in urls}, cache_port, run, arp)

    return settings
