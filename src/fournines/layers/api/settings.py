"""The sections of a service's configuration that all OpenStack services share: oslo.db, oslo.cache and
keystonemiddleware, with the timers of the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from math import ceil
from urllib.parse import quote, urlencode

from fournines.blueprint.contribution import BrokerAccount, SqlAccount
from fournines.cluster.topology import Cluster, Node, Vip
from fournines.layers import oslo
from fournines.layers.api.spec import ApiSpec
from fournines.layers.layer import Site
from fournines.layers.oslo import Section

CACHE_PORT, SQL_PORT = 11211, 3306
IDENTITY_PORT = 5000
SERVICE_PROJECT, DOMAIN = "service", "Default"


def spec_of(cluster: Cluster) -> ApiSpec:
    """The settings of this layer."""
    return cluster.spec(ApiSpec) or ApiSpec()


def is_active_passive(cluster: Cluster) -> bool:
    """Whether Pacemaker runs the services, all on one node at a time."""
    return spec_of(cluster).pattern == oslo.ACTIVE_PASSIVE


def api_vip(cluster: Cluster) -> Vip:
    """Where services and clients reach the APIs."""
    if not is_active_passive(cluster):
        return cluster.service_vip
    return cluster.vips.get(spec_of(cluster).vip or "api", cluster.service_vip)


def vip(site: Site) -> IPv4Address:
    """The address of the APIs."""
    return api_vip(site.cluster).address


def listening(site: Site, node: Node) -> IPv4Address:
    """What a service binds to: the VIP that came to the node before it, or the node's own address, for on
    the VIP the load balancer listens."""
    return vip(site) if is_active_passive(site.cluster) else node.management


def identity_url(site: Site) -> str:
    """Keystone through the VIP."""
    return f"http://{vip(site)}:{IDENTITY_PORT}/v3"


def database_address(site: Site) -> IPv4Address:
    """The one database that takes writes."""
    return oslo.one_address(site.cluster, "database") or site.cluster.service_vip.address


def database(site: Site, account: SqlAccount) -> Section:
    """``[database]``: the one writer, through the VIP. Reads do not wait for the group (decision 6)."""
    timers = site.timers
    galera = {} if oslo.one_address(site.cluster, "database") else {
        "connection_parameters": "init_command=SET+SESSION+wsrep_sync_wait=0"}
    return {
        "connection": database_url(site, account, database_address(site)),
        **galera,
        "connection_recycle_time": round(timers.seconds("oslo.db.recycle")),
        "max_retries": timers.count("oslo.db.max_retries"),
        "retry_interval": round(timers.seconds("oslo.db.retry_interval")),
    }


def database_url(site: Site, account: SqlAccount, address: IPv4Address) -> str:
    """For SQLAlchemy, with the password. utf8 is what OpenStack's migrations are written for."""
    timers = site.timers
    read_s = round(timers.seconds("oslo.db.read_timeout"))
    options = urlencode({
        "charset": "utf8", "connect_timeout": round(timers.seconds("oslo.db.connect_timeout")),
        "read_timeout": read_s, "write_timeout": read_s})
    login = f"{account.user}:{quote(site.secret(account.secret), safe='')}"
    return f"mysql+pymysql://{login}@{address}:{SQL_PORT}/{account.database}?{options}"


def own_database(site: Site, account: SqlAccount, node: Node) -> Mapping[str, str]:
    """The environment of a command that has to reach the node's own member of the database: a VIP that moves,
    or a balancer that changes the writer, would cut it. Where there is only one database, that one.
    oslo.config lets it take the file's place."""
    address = oslo.one_address(site.cluster, "database") or node.management
    return {"OS_DATABASE__CONNECTION": database_url(site, account, address)}


def messaging(site: Site, account: BrokerAccount) -> Mapping[str, Section]:
    """The broker, and whether it is told of what happens."""
    if "messaging" not in site.cluster.layers:
        return {}
    return {
        **oslo.messaging(site, account),
        "oslo_messaging_notifications": {
            "driver": "messagingv2" if spec_of(site.cluster).notifications else "noop",
        },
    }


def cache(site: Site) -> Section:
    """``[cache]``: the one memcached that is in use, through the VIP. memcache_pool, because it forgets at
    once that its only server was dead."""
    if "cache" not in site.cluster.layers:
        return {"enabled": False}
    timers = site.timers
    return {
        "enabled": True,
        "backend": "oslo_cache.memcache_pool",
        "memcache_servers": _cache_server(site),
        "memcache_dead_retry": round(timers.seconds("oslo.cache.dead_retry")),
        "memcache_socket_timeout": timers.seconds("oslo.cache.socket_timeout"),
        "memcache_pool_connection_get_timeout":
            round(timers.seconds("oslo.cache.pool_connection_get_timeout")),
    }


def authtoken(site: Site, user: str, secret: str) -> Section:
    """``[keystone_authtoken]``: how a service asks Keystone about the tokens it is shown."""
    timers = site.timers
    cached: Section = {} if "cache" not in site.cluster.layers else {
        "memcached_servers": _cache_server(site),
        "memcache_pool_dead_retry": round(timers.seconds("oslo.cache.dead_retry")),
        # This one takes whole seconds only.
        "memcache_pool_socket_timeout": ceil(timers.seconds("oslo.cache.socket_timeout")),
        "memcache_pool_conn_get_timeout": round(timers.seconds("oslo.cache.pool_connection_get_timeout")),
    }
    return {
        "www_authenticate_uri": identity_url(site),
        "auth_url": identity_url(site),
        "auth_type": "password",
        "username": user,
        "password": site.secret(secret),
        "user_domain_name": DOMAIN,
        "project_name": SERVICE_PROJECT,
        "project_domain_name": DOMAIN,
        "region_name": spec_of(site.cluster).region,
        "interface": "internal",
        "service_token_roles_required": True,
        "http_connect_timeout": round(timers.seconds("oslo.auth.http_timeout")),
        **cached,
    }


def _cache_server(site: Site) -> str:
    return f"{site.cluster.service_vip.address}:{CACHE_PORT}"
