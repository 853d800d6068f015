"""memcached: the same list for all clients, and nobody else on it."""

from __future__ import annotations

from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.hosts import caches
from fournines.audit.systems.services import Endpoint, Option, Service, caches_of, services
from fournines.findings import Severity

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@rule("MEM001", Severity.ERROR, Effect.BLIND, "Clients list other memcached servers than their peers",
      consequence="A key is on one server for this client and on another for that one: what was stored or "
                  "revoked on one node is not seen on the next.",
      fix="the same servers in the same order in every service on every node",
      source="oslo.cache, memcache_servers")
def lists_differ(cloud: Cloud) -> Hits:
    first: dict[str, tuple[Service, Option, tuple[Endpoint, ...]]] = {}
    for service in services(cloud):
        for option, endpoints in caches_of(service):
            local = [endpoint.host for endpoint in endpoints if endpoint.host in LOOPBACK]
            if local and len(cloud.nodes) > 1:
                yield Hit(option.at, f"{service.name} uses the memcached of its own node only ({local[0]})")
                continue
            peer, _, listed = first.setdefault(option.name, (service, option, endpoints))
            if listed != endpoints:
                yield Hit(option.at, f"{option.name} of {service.name} is not that of {peer.name} on "
                                     f"{peer.node}")


@rule("MEM002", Severity.ERROR, Effect.SECURITY, "memcached is open to the network",
      consequence="Whoever reaches it reads and replaces tokens, and by UDP makes it flood others.",
      fix="-l with the management address, and -U 0", source="memcached(1)", errata=("E195",))
def open_to_all(cloud: Cloud) -> Hits:
    for cache in caches(cloud):
        listened = [(address, at) for value, at in cache.values("l") for address in value.split(",")]
        if not listened and not cache.values("s"):
            yield Hit(cache.at, "memcached listens on every address (no -l)")
        for address, at in listened:
            if address in ("0.0.0.0", "::", "*", "[::]"):  # noqa: S104  read, not bound
                yield Hit(at, "memcached listens on every address")
        for value, at in cache.values("U"):
            if value not in ("0", ""):
                yield Hit(at, f"memcached answers UDP on port {value}")


@rule("MEM003", Severity.INFO, Effect.SECURITY, "Tokens are cached as they are",
      consequence="Whoever reaches memcached can read what Keystone said about a token, and change it.",
      fix="memcache_security_strategy = ENCRYPT and memcache_secret_key in [keystone_authtoken]",
      source="keystonemiddleware, memcache_security_strategy", errata=("E195",))
def tokens_in_the_clear(cloud: Cloud) -> Hits:
    for service in services(cloud):
        option = service.option("keystone_authtoken", "memcached_servers")
        strategy = service.option("keystone_authtoken", "memcache_security_strategy")
        if option is not None and (strategy is None or strategy.value.lower() in ("", "none")):
            yield Hit(option.at, f"{service.name} caches tokens without memcache_security_strategy")
