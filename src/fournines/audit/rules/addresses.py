"""Addresses across files: where clients connect, where something listens, and who takes whose port."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems import galera
from fournines.audit.systems.haproxy import balanced, balancers
from fournines.audit.systems.hosts import caches
from fournines.audit.systems.pacemaker import moving
from fournines.audit.systems.rabbitmq import brokers
from fournines.audit.systems.services import (
    Option,
    Service,
    asked_by,
    brokers_of,
    databases_of,
    services,
)
from fournines.findings import Place, Severity

EVERYWHERE = frozenset(("0.0.0.0", "::", "*", "[::]"))  # noqa: S104  read, not bound
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@rule("OSL004", Severity.ERROR, Effect.OUTAGE, "A database URL goes past the load balancer",
      consequence="When that one member is lost the service stands still, although the database goes on.",
      fix="the VIP on which HAProxy listens for the database", source="OpenStack HA guide, database",
      errata=("E107",))
def past_the_balancer(cloud: Cloud) -> Hits:
    members = {server.address for balancer, proxy in balanced(cloud) if balancer.service(proxy) == "mysql"
               for server in proxy.servers}
    members |= {member for server in galera.servers(cloud) for member in server.members}
    for service in services(cloud):
        for option, endpoint in databases_of(service):
            if members and endpoint.host in members | LOOPBACK and endpoint.host not in moving(cloud):
                yield Hit(option.at, f"the database of {service.name} is on {endpoint.host}, a single member")


@dataclass(frozen=True, slots=True)
class _Listener:
    """Something other than HAProxy that takes a port; ``address`` None for every address."""

    node: str
    what: str
    address: str | None
    port: int
    at: Place


_BOUND = {
    "glance-api": (("DEFAULT", "bind_host", "bind_port", 9292),),
    "neutron": (("DEFAULT", "bind_host", "bind_port", 9696),),
    "cinder": (("DEFAULT", "osapi_volume_listen", "osapi_volume_listen_port", 8776),),
    "nova": (("DEFAULT", "osapi_compute_listen", "osapi_compute_listen_port", 8774),
             ("DEFAULT", "metadata_listen", "metadata_listen_port", 8775)),
    "heat": (("heat_api", "bind_host", "bind_port", 8004),),
}


@rule("OSL007", Severity.ERROR, Effect.OUTAGE, "A service takes the port of the load balancer",
      consequence="Whichever starts second fails: often HAProxy, on the node that has just been given the "
                  "VIP.",
      fix="let the service listen on the node's own address only",
      source="OpenStack HA guide, database and HAProxy",
      errata=("E136", "E189"))
def port_taken(cloud: Cloud) -> Hits:
    listeners: dict[tuple[str, int], list[_Listener]] = {}
    for listener in _listeners(cloud):
        listeners.setdefault((listener.node, listener.port), []).append(listener)
    for balancer in balancers(cloud):
        for proxy in balancer.proxies:
            for bind in proxy.binds:
                for listener in listeners.get((balancer.node, bind.port or 0), ()):
                    if listener.address is None or listener.address == bind.address or bind.everywhere:
                        yield Hit(listener.at, f"{listener.what} listens on "
                                  f"{listener.address or 'every address'}:{bind.port}, where HAProxy's "
                                  f"{proxy.name} does")


def _listeners(cloud: Cloud) -> Iterator[_Listener]:
    for service in services(cloud):
        for section, host_name, port_name, port in _BOUND.get(service.name, ()):
            host = service.option(section, host_name)
            if host is not None:
                yield _Listener(service.node, service.name, _one(host.value),
                                int(service.number(section, port_name, port)), host.at)
    for server in galera.servers(cloud):
        bound, port_option = server.option("bind_address"), server.option("port")
        taken = _port(port_option.value if port_option else "") or 3306
        if bound is not None:
            yield _Listener(server.node, "the database", _one(bound.value), taken, bound.at)
        elif server.whole:
            yield _Listener(server.node, "the database (no bind_address)", None, taken, server.at)
    for broker in brokers(cloud):
        listening = broker.starting("listeners.tcp")
        for setting in listening:
            address, _, text = setting.value.rpartition(":")
            yield _Listener(broker.node, "the broker", _one(address), _port(text), setting.at)
        if not listening and broker.settings:
            yield _Listener(broker.node, "the broker (no listeners.tcp)", None, 5672, broker.at)
    for cache in caches(cloud):
        for value, at in cache.values("l"):
            for address in value.split(","):
                yield _Listener(cache.node, "memcached", _one(address), 11211, at)


def _one(address: str) -> str | None:
    return None if address in EVERYWHERE or not address else address


def _port(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0


@rule("OSL009", Severity.ERROR, Effect.OUTAGE, "Clients connect where nothing listens",
      consequence="Every request of this service to that one fails, on whichever node the VIP is.",
      fix="the port on which HAProxy listens on that address", source="the files of both sides",
      errata=("E109",))
def nothing_listens(cloud: Cloud) -> Hits:
    listened: dict[str, set[int]] = {}
    everywhere: set[int] = set()
    for_clients: set[str] = set()   # where services are offered, and not only HAProxy's own answers
    for balancer in balancers(cloud):
        for proxy in balancer.proxies:
            for bind in proxy.binds:
                if bind.port is not None and bind.everywhere:
                    everywhere.add(bind.port)
                elif bind.port is not None:
                    listened.setdefault(bind.address, set()).add(bind.port)
                if not proxy.answers_itself:
                    for_clients.add(bind.address)
    for service in services(cloud):
        for option, endpoint, port in asked_by(service):
            ports = listened.get(endpoint.host)
            if ports and endpoint.host in for_clients and port not in ports | everywhere:
                yield Hit(option.at, f"{option.name} of {service.name} is {endpoint.host}:{port}, and "
                          f"HAProxy listens there on {', '.join(map(str, sorted(ports)))} only")


@rule("SYS001", Severity.ERROR, Effect.OUTAGE, "Nodes or services disagree about what they share",
      consequence="What a client sees depends on the node that answers, and changes with a failover.",
      fix="write the files of all nodes from one source", source="the files of both sides",
      errata=("E073", "E107"))
def drift(cloud: Cloud) -> Hits:
    sets = [(service, option, frozenset(endpoint.host for endpoint in endpoints))
            for service in services(cloud) if (named := brokers_of(service)) is not None
            for option, endpoints in (named,)]
    most = max((hosts for _, _, hosts in sets), key=len, default=frozenset())
    for service, option, hosts in sets:
        if hosts.isdisjoint(most):
            comparable = _numeric(hosts) == _numeric(most)
            yield Hit(option.at, f"the brokers of {service.name} ({', '.join(sorted(hosts))}) are none of "
                                 f"those that other services name ({', '.join(sorted(most))})",
                      None if comparable else Severity.WARNING)
    yield from _accounts(cloud)
    first: dict[tuple[str, str, str], tuple[Service, Option]] = {}
    for service in services(cloud):
        for section, name in _SHARED:
            shared = service.option(section, name)
            if shared is None:
                continue
            key = (section, name, service.name)
            if name == "metadata_proxy_shared_secret":
                key = ("", name, "")
            other, seen = first.setdefault(key, (service, shared))
            if seen.value != shared.value:
                yield Hit(shared.at, f"{name} of {service.name} is another one than that of {other.name} on "
                                     f"{other.node}")


def _accounts(cloud: Cloud) -> Iterator[Hit]:
    """Services that use one schema under different names: what one may write the other may not change."""
    first: dict[tuple[str, str], tuple[Service, str]] = {}
    for service in services(cloud):
        for option, endpoint in databases_of(service):
            match = re.fullmatch(r"[^:]+://([^:@/]*)[^/]*/([^?]+).*", option.value)
            if match is None:
                continue
            other, user = first.setdefault((endpoint.host, match[2]), (service, match[1]))
            if user != match[1] and other.node == service.node:
                yield Hit(option.at, f"{service.name} uses the schema {match[2]} as {match[1]}, and "
                                     f"{other.name} as {user}", Severity.WARNING)


def _numeric(hosts: frozenset[str]) -> bool:
    """Whether all are addresses: those and names may mean the same brokers."""
    return all(re.fullmatch(r"[0-9.]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*", host) for host in hosts)


_SHARED = (
    ("database", "connection"), ("DEFAULT", "transport_url"), ("DEFAULT", "metadata_proxy_shared_secret"),
    ("neutron", "metadata_proxy_shared_secret"), ("DEFAULT", "auth_encryption_key"),
    ("DEFAULT", "public_endpoint"),
    ("keystone_authtoken", "auth_url"), ("token", "provider"),
)
"""Options that mean the same on every node; the metadata secret also between Nova and Neutron."""
