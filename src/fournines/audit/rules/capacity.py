"""What all clients together may ask of one server, which has to carry them after a failover."""

from __future__ import annotations

from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.galera import Server, servers
from fournines.audit.systems.services import Service, databases_of, services
from fournines.findings import Place, Severity

DEFAULT_CONNECTIONS = 151
DEFAULT_POOL, DEFAULT_OVERFLOW = 5, 50
_WORKERS = ("workers", "api_workers", "rpc_workers", "osapi_compute_workers", "metadata_workers",
            "osapi_volume_workers")


@rule("GAL013", Severity.WARNING, Effect.OUTAGE, "Services may open more connections than the database takes",
      consequence="After a failover every service comes back at once, to one server: Too many connections.",
      fix="raise max_connections, or lower max_pool_size and max_overflow of [database]",
      source="oslo.db configuration options, max_pool_size and max_overflow; MariaDB Knowledge Base, "
             "max_connections")
def too_many_connections(cloud: Cloud) -> Hits:
    using = [service for service in services(cloud) if any(databases_of(service))]
    needed = sum(_connections(service) for service in using)
    for server in servers(cloud):
        limit, at = _limit(server)
        if limit is not None and needed > limit:
            nodes = len({service.node for service in using})
            yield Hit(at, f"{len(using)} services on {nodes} nodes may open at least {needed} connections, "
                          f"and max_connections is {limit}")


def _limit(server: Server) -> tuple[int | None, Place]:
    option = server.option("max_connections")
    if option is None:
        return (DEFAULT_CONNECTIONS if server.whole else None), server.at
    return (int(option.value) if option.value.isdecimal() and len(option.value) < 10 else None), option.at


def _connections(service: Service) -> int:
    """At least: where no file says how many processes there are, one; a limit of -1 or 0 is none."""
    pool = service.number("database", "max_pool_size", DEFAULT_POOL)
    overflow = service.number("database", "max_overflow", DEFAULT_OVERFLOW)
    processes = sum(service.number(option.section, option.name, 1) for option in service.named(*_WORKERS))
    return int(max(1, processes) * (max(0, pool) + max(0, overflow)))
