"""HAProxy: the servers behind a proxy, and how their failure is noticed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from fournines.audit.change import Append, Below
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.goal import detection_s
from fournines.audit.systems.haproxy import (
    DEFAULT_CHECK_INTERVAL_MS,
    DEFAULT_FALL,
    Balancer,
    Proxy,
    Server,
    balanced,
    balancers,
)
from fournines.audit.systems.services import HTTP_APIS, service_on
from fournines.findings import Severity

MANUAL = "HAProxy configuration manual"
TLS_PORTS = frozenset(("443", "5671", "6443", "8443"))


@rule("HAP001", Severity.ERROR, Effect.OUTAGE, "A server without health check",
      consequence="When the server dies it keeps its share of connections, and every client with bad luck "
                  "fails.",
      fix="add: check inter 1s fall 2 rise 2", source=f"{MANUAL}, server option check")
def no_check(cloud: Cloud) -> Hits:
    for balancer, proxy in balanced(cloud):
        tunnels = balancer.service(proxy) in ("mysql", "amqp")
        words = f"check inter 1s fall 2 rise 2{' on-marked-down shutdown-sessions' if tunnels else ''}"
        if len(proxy.servers) < 2 and proxy.health_check is None:
            continue
        for server in proxy.servers:
            if not server.checked and not {"track", "disabled", "agent-check"} & server.options.keys():
                yield Hit(server.at, f"server {server.name} of {proxy.name} has no health check",
                          change=Append(words))


@rule("HAP002", Severity.ERROR, Effect.OUTAGE, "A health check that does not ask the API",
      consequence="A process that accepts connections and answers nothing stays in service for ever; one "
                  "that answers 401 on / is taken out although it is well.",
      fix="option httpchk and http-check send meth GET uri /healthcheck (oslo.middleware serves it)",
      source=f"{MANUAL}, option httpchk; oslo.middleware healthcheck", errata=("E175", "E180"))
def check_without_question(cloud: Cloud) -> Hits:
    for balancer, proxy in balanced(cloud):
        service = balancer.service(proxy)
        if service not in HTTP_APIS or not any(server.checked for server in proxy.servers):
            continue
        check = proxy.health_check
        if check is None or (check.words[1] == "tcp-check" and proxy.setting("tcp-check", "expect") is None):
            yield Hit(proxy.at, f"the check of {proxy.name} ({service}) only opens a connection")
        elif check.words[1:] == ("httpchk",) and proxy.setting("http-check", "send") is None:
            yield Hit(check.at, f"the check of {proxy.name} ({service}) sends OPTIONS /, which few APIs "
                                "answer with 2xx or 3xx", Severity.WARNING)


@rule("HAP003", Severity.ERROR, Effect.OUTAGE, "A plain-text check against a TLS server",
      consequence="Every check fails, so all servers are down and clients get 503 while the service runs.",
      fix="add check-ssl verify required ca-file FILE, or option ssl-hello-chk",
      source=f"{MANUAL}, check-ssl",
      errata=("E174",))
def plain_check_of_tls(cloud: Cloud) -> Hits:
    for _, proxy in balanced(cloud):
        check = proxy.health_check
        if check is None or check.words[1] != "httpchk":
            continue
        for server in proxy.servers:
            asked = server.options.get("port") or str(server.port)
            encrypted = {"ssl", "check-ssl"} & server.options.keys()
            if server.checked and asked in TLS_PORTS and not encrypted:
                yield Hit(server.at, f"server {server.name} of {proxy.name} is asked in plain HTTP on a port "
                                     "of TLS")


@rule("HAP004", Severity.ERROR, Effect.OUTAGE, "A health check in the wrong protocol",
      consequence="All servers are down from the start; or a Galera member that lost its cluster stays in "
                  "service.",
      fix="for Galera: option httpchk, and check port of an agent that answers 200 only when the member is "
          "synced",
      source=f"{MANUAL}, option httpchk and mysql-check", errata=("E153", "E177"))
def check_of_wrong_protocol(cloud: Cloud) -> Hits:
    for balancer, proxy in balanced(cloud):
        service, check = balancer.service(proxy), proxy.health_check
        checked = [server for server in proxy.servers if server.checked]
        if check is None or not checked:
            continue
        kind, first = check.words[1], checked[0]
        port = first.options.get("port", "")
        if kind == "mysql-check" and port and service_on(int(port) if port.isdigit() else 0) != "mysql":
            yield Hit(first.at, f"mysql-check of {proxy.name} talks to port {port}, which is none of MySQL's")
        elif kind == "mysql-check":
            yield Hit(check.at, f"mysql-check of {proxy.name} does not see that a Galera member is a donor "
                                "or has no quorum", Severity.WARNING)
        elif kind == "httpchk" and service in ("mysql", "amqp", "memcached") and not port:
            yield Hit(first.at, f"the check of {proxy.name} speaks HTTP to {service} itself")
        elif kind == "httpchk" and service == "mysql":
            yield Hit(first.at, f"not known from these files: what answers the checks of {proxy.name} on "
                                f"port {port}",
                      Severity.INFO, f"make sure that an agent answers on port {port} of every server")


@rule("TOP013", Severity.INFO, Effect.OUTAGE, "Two servers: after one is lost there is none to lose",
      consequence="While one is repaired or upgraded the next failure is an outage, and the other carries "
                  "all.",
      fix="a third server", source="OpenStack HA guide, controllers", errata=("E185",))
def two_servers(cloud: Cloud) -> Hits:
    for balancer in balancers(cloud):
        most = max((len(proxy.servers) for proxy in balancer.proxies), default=0)
        for proxy in balancer.proxies:
            if len(proxy.servers) == 2 and most > 2:
                yield Hit(proxy.at, f"{proxy.name} has two servers, where others have {most}")


@rule("HAP005", Severity.ERROR, Effect.DATA, "Several Galera members take writes",
      consequence="Transactions on different members conflict: deadlocks under load, and services that lock "
                  "with SELECT ... FOR UPDATE lose that lock.",
      fix="leave one server active and mark the others backup, in the same order on all load balancers",
      source="Galera documentation, limitations; OpenStack HA guide, HAProxy", errata=("E176",))
def several_writers(cloud: Cloud) -> Hits:
    writers: dict[str, tuple[Balancer, tuple[str, ...]]] = {}
    for balancer, proxy in balanced(cloud):
        if balancer.service(proxy) != "mysql" or re.search(r"read|slave|replica|[_-]ro$", proxy.name):
            continue
        active = tuple(server.address for server in proxy.servers if not server.backup)
        if len(active) > 1:
            balance = proxy.setting("balance")
            yield Hit(balance.at if balance else proxy.at, f"{proxy.name} spreads over {len(active)} active "
                                                           "servers")
        first, seen = writers.setdefault(proxy.name, (balancer, active))
        if seen != active and len(active) == 1:
            yield Hit(proxy.at, f"the active server of {proxy.name} is another one than on {first.node}")


@rule("HAP006", Severity.ERROR, Effect.OUTAGE, "Connections stay with a server that is down",
      consequence="Clients go on with a member that has left its cluster until their own timeouts end; after "
                  "its return some write to it and some to its substitute.",
      fix="default-server on-marked-down shutdown-sessions (and on-marked-up shutdown-backup-sessions)",
      source=f"{MANUAL}, on-marked-down", errata=("E178",))
def sessions_survive(cloud: Cloud) -> Hits:
    for balancer, proxy in balanced(cloud):
        service = balancer.service(proxy)
        if service not in ("mysql", "amqp"):
            continue
        kept = [server.name for server in proxy.servers
                if server.checked and server.options.get("on-marked-down") != "shutdown-sessions"]
        if kept:
            yield Hit(proxy.at, f"{proxy.name} ({service}) keeps connections to a server marked down: "
                                f"{_several(kept)}",
                      change=Below(("default-server on-marked-down shutdown-sessions",)))
        returning = any(server.backup for server in proxy.servers) and proxy.setting("stick", "on") is None
        if returning and not any(server.options.get("on-marked-up") == "shutdown-backup-sessions"
                                 for server in proxy.servers):
            yield Hit(proxy.at,
                      f"{proxy.name} keeps connections to the backup when the active server returns",
                      Severity.WARNING,
                      change=Below(("default-server on-marked-up shutdown-backup-sessions",)))


@rule("HAP007", Severity.WARNING, Effect.SLOW, "A hung server is noticed late",
      consequence="Until then one request in every few hangs until its own timeout.",
      fix="timeout check 1s, and inter 1s fastinter 500ms fall 2 on the servers",
      source=f"{MANUAL}, inter, fastinter, fall and timeout check", errata=("E172",))
def late_detection(cloud: Cloud) -> Hits:
    limit_s = detection_s(cloud)
    for balancer, proxy in balanced(cloud):
        if balancer.is_unused(proxy):   # its checks are for conditions
            continue
        slowest = max(((_detection_ms(proxy, server), server) for server in proxy.servers if server.checked),
                      key=lambda pair: pair[0], default=None)
        if slowest is not None and slowest[0] > limit_s * 1000:
            yield Hit(slowest[1].at, f"a server of {proxy.name} that accepts and says nothing is out after "
                                     f"{slowest[0] / 1000:g} s, which is over {limit_s:g} s")


def _detection_ms(proxy: Proxy, server: Server) -> int:
    """All failed checks in a row: each waits for the interval, then for an answer that does not come."""
    interval = server.milliseconds("inter", DEFAULT_CHECK_INTERVAL_MS)
    faster = server.milliseconds("fastinter", interval)
    patience = proxy.milliseconds("check")
    patience = interval if patience is None else patience
    fall = server.options.get("fall", "")
    failures = int(fall) if re.fullmatch(r"[0-9]{1,6}", fall) else DEFAULT_FALL
    return interval + patience + (failures - 1) * (faster + patience)


@rule("HAP008", Severity.ERROR, Effect.OUTAGE, "A server's address or port is wrong",
      consequence="HAProxy does not start with an address that is none; a port of another service takes "
                  "requests and answers them wrongly while every check succeeds.",
      fix="correct the address, or the port: it should be that of the listener's service",
      source=f"{MANUAL}, server; the services' default ports", errata=("E179", "E181", "E182", "E183"))
def wrong_server(cloud: Cloud) -> Hits:
    for balancer, proxy in balanced(cloud):
        listened = {service for front in balancer.fronts(proxy) for bind in front.binds
                    if (service := service_on(bind.port))}
        seen: dict[tuple[str, int | None], str] = {}
        for server in proxy.servers:
            if _no_address(server.address):
                yield Hit(server.at, f"server {server.name} of {proxy.name} has {server.address}, which is "
                                     "no address")
            meant = service_on(server.port)
            if listened and meant and meant not in listened:
                yield Hit(server.at, f"{proxy.name} listens for {', '.join(sorted(listened))} and sends to "
                                     f"port {server.port}, which is {meant}'s")
            other = seen.setdefault((server.address, server.port), server.name)
            if other != server.name:
                yield Hit(server.at, f"servers {other} and {server.name} of {proxy.name} are the same one")
    yield from _names_of_two(cloud)


def _names_of_two(cloud: Cloud) -> Iterator[Hit]:
    for balancer in balancers(cloud):
        first: dict[str, str] = {}
        other: dict[str, tuple[Server, Proxy]] = {}
        more: Counter[str] = Counter()
        for proxy in balancer.proxies:
            for server in proxy.servers:
                if first.setdefault(server.name, server.address) != server.address:
                    other.setdefault(server.name, (server, proxy))
                    more[server.name] += 1
        for name, (server, proxy) in other.items():
            again = f", and so in {more[name] - 1} more places" if more[name] > 1 else ""
            yield Hit(server.at, f"server {name} is {server.address} in {proxy.name} and {first[name]} before"
                                 f"{again}", Severity.INFO, "name servers after the machine they are on")


_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")


def _no_address(text: str) -> bool:
    """Digits and dots, and no IPv4 address."""
    return bool(_NUMBERS.fullmatch(text)) and not _ADDRESS.fullmatch(text)


def _several(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
