"""Timers along a chain: a pooled connection, the proxy in between, and the server at its end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.galera import servers
from fournines.audit.systems.haproxy import Proxy, balanced
from fournines.audit.systems.services import Service, databases_of, services
from fournines.findings import Place, Severity

DEFAULT_RECYCLE_S = 3600
MYSQL_PORT = 3306


@rule("OSL005", Severity.WARNING, Effect.SLOW, "Database connections are kept longer than their path",
      consequence="The proxy or the server cuts idle connections of the pool: reconnects at best, a failed "
                  "request where a transaction was open. TCP keepalive does not count as use.",
      fix="timeout client and server of the database's listener above connection_recycle_time, or that below "
          "them",
      source="oslo.db, connection_recycle_time; HAProxy configuration manual, timeout client",
      errata=("E171",))
def recycled_too_late(cloud: Cloud) -> Hits:
    using = services(cloud)
    for balancer, proxy in balanced(cloud):
        if balancer.service(proxy) != "mysql":
            continue
        listened = {(bind.address, bind.port) for front in balancer.fronts(proxy) for bind in front.binds}
        clients = [service for service in using for _, endpoint in databases_of(service)
                   if (endpoint.host, endpoint.port or MYSQL_PORT) in listened]
        longest_s = max((_recycle_s(service) for service in clients), default=DEFAULT_RECYCLE_S)
        who = "" if clients else " by oslo.db's default"
        for name, cut_s, at in _cuts(proxy):
            if cut_s <= longest_s:
                yield Hit(at, f"{proxy.name} cuts connections idle for {cut_s:g} s (timeout {name}), and "
                              f"services keep them{who} for {longest_s:g} s")
    for server in servers(cloud):
        wait = server.option("wait_timeout")
        for service in using:
            if (wait is not None and re.fullmatch(r"[0-9]{1,9}", wait.value) and any(databases_of(service))
                    and int(wait.value) <= _recycle_s(service)):
                yield Hit(wait.at, f"the server cuts connections idle for {wait.value} s, and {service.name} "
                                   f"keeps them for {_recycle_s(service):g} s")


def _recycle_s(service: Service) -> float:
    return service.number("database", "connection_recycle_time", DEFAULT_RECYCLE_S)


def _cuts(proxy: Proxy) -> Iterator[tuple[str, float, Place]]:
    for name in ("client", "server"):
        setting, duration_ms = proxy.setting("timeout", name), proxy.milliseconds(name)
        if setting is not None and duration_ms is not None:
            yield name, duration_ms / 1000, setting.at
