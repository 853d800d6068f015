"""HAProxy: what it listens on, its limits, and what it tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.haproxy import Balancer, Bind, Proxy, Setting, balanced, balancers
from fournines.audit.systems.hosts import kernel_settings
from fournines.audit.systems.keepalived import routers
from fournines.audit.systems.pacemaker import moving
from fournines.audit.systems.services import HTTP_APIS
from fournines.findings import Severity

MANUAL = "HAProxy configuration manual"


def _binds(balancer: Balancer) -> Iterator[tuple[Proxy, Bind]]:
    for proxy in balancer.proxies:
        for bind in proxy.binds:
            yield proxy, bind


def _local(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "localhost")


@rule("HAP009", Severity.ERROR, Effect.OUTAGE, "Two proxies listen on one address and port",
      consequence="The kernel deals connections to both at random: half of them reach the wrong service.",
      fix="give each proxy an address and port of its own", source=f"{MANUAL}, bind; SO_REUSEPORT in "
                                                                   "socket(7)")
def duplicate_bind(cloud: Cloud) -> Hits:
    for balancer in balancers(cloud):
        taken: dict[tuple[str, int | None], tuple[Proxy, Bind]] = {}
        for proxy, bind in _binds(balancer):
            if bind.port is None:
                continue
            first, other = taken.setdefault((bind.address, bind.port), (proxy, bind))
            if other is not bind:
                yield Hit(bind.at, f"{proxy.name} and {first.name} both listen on {bind.address}:{bind.port}")
        for (address, port), (proxy, bind) in taken.items():
            everywhere = taken.get(("*", port))
            if everywhere is not None and address not in ("*", "::") and everywhere[0] is not proxy:
                yield Hit(bind.at, f"{proxy.name} listens on {address}:{port}, and {everywhere[0].name} on "
                                   "that port of every address", Severity.WARNING)


@rule("HAP010", Severity.ERROR, Effect.OUTAGE, "HAProxy cannot listen on a VIP that is elsewhere",
      consequence="It does not start on a node without the VIP, so there is nothing to fail over to.",
      fix="net.ipv4.ip_nonlocal_bind = 1 in /etc/sysctl.d, or transparent on the bind line",
      source="ip-sysctl in the kernel's documentation; bind(2)", errata=("E173",))
def nonlocal_bind(cloud: Cloud) -> Hits:
    moved = moving(cloud)
    tracked = {router.node for router in routers(cloud)}
    for balancer in balancers(cloud):
        settings = kernel_settings(cloud).get(balancer.node)
        allowed, at = (settings or {}).get("net.ipv4.ip_nonlocal_bind", ("", None))
        fixed = [bind for _, bind in _binds(balancer) if not bind.everywhere and not _local(bind.address)
                 and ":" not in bind.address and "transparent" not in bind.options]
        on_vip = [bind for bind in fixed if bind.address in moved]
        if allowed == "1" or not fixed:
            continue
        if on_vip and settings is not None:
            yield Hit(at or on_vip[0].at, f"HAProxy listens on the VIP {on_vip[0].address}, and the kernel "
                                          "is not told to allow that where the VIP is not")
        elif on_vip or balancer.node not in tracked:
            yield Hit((on_vip or fixed)[0].at, "not known from these files: whether "
                      f"{(on_vip or fixed)[0].address} may be elsewhere, and the kernel lets HAProxy listen "
                      "on it even then", Severity.INFO)


@rule("HAP011", Severity.ERROR, Effect.OUTAGE, "The process takes fewer connections than its proxies promise",
      consequence="At the peak, and after a failover, new connections wait in the kernel although their "
                  "proxy has room.",
      fix="raise maxconn in global to at least what the proxies together need", source=f"{MANUAL}, maxconn",
      errata=("E168",))
def inverted_limits(cloud: Cloud) -> Hits:
    for balancer in balancers(cloud):
        total = balancer.globals.last("maxconn")
        if total is None or not _whole(total):
            continue
        larger = [setting for proxy in balancer.proxies if proxy.kind != "backend"
                  and (setting := proxy.setting("maxconn")) is not None and _whole(setting) > _whole(total)]
        if larger:
            yield Hit(total.at, f"maxconn {_whole(total)} for the whole process, and {_whole(larger[0])} for "
                                f"a single proxy (line {larger[0].at.line})")


def _whole(setting: Setting) -> int:
    value = setting.words[1] if len(setting.words) > 1 else ""
    return int(value) if re.fullmatch(r"[0-9]{1,12}", value) else 0


@rule("HAP012", Severity.WARNING, Effect.BLIND, "HAProxy tells nothing, or waits for ever",
      consequence="After an incident there is no evidence of who was down and when; without a timeout a dead "
                  "client or server holds its connection for ever.",
      fix="in global: log /dev/log local0 and stats socket PATH mode 660 level operator; in defaults: "
          "timeout connect, client and server",
      source=f"{MANUAL}, log, stats socket, timeout", errata=("E169",))
def blind(cloud: Cloud) -> Hits:
    for balancer in balancers(cloud):
        if not balancer.proxies:
            continue
        logging = next((setting for proxy in balancer.proxies if (setting := proxy.setting("log", "global"))),
                       None)
        if logging is not None and balancer.globals.last("log") is None:
            yield Hit(logging.at, "log global, and global has no log line: nothing is logged")
        if balancer.globals.lines and balancer.globals.last("stats", "socket") is None:
            yield Hit(balancer.globals.lines[0].at,
                      "there is no stats socket to ask for the state of servers")
        for name, kinds in (("client", ("frontend", "listen")), ("server", ("backend", "listen")),
                            ("connect", ("backend", "listen"))):
            lacking = next((proxy for proxy in balancer.proxies if proxy.kind in kinds
                            and proxy.milliseconds(name) is None), None)
            if lacking is not None:
                yield Hit(lacking.at, f"{lacking.name} has no timeout {name}")


@rule("HAP013", Severity.WARNING, Effect.SECURITY, "Statistics or administration are open to others",
      consequence="Whoever reaches it can read the whole topology, or take servers out of service.",
      fix="bind it to the loopback or management address and add stats auth; mode 660 for the socket",
      source=f"{MANUAL}, stats")
def exposed_statistics(cloud: Cloud) -> Hits:
    for balancer in balancers(cloud):
        for proxy in balancer.proxies:
            shown = proxy.setting("stats", "enable") or proxy.setting("stats", "uri")
            if shown and proxy.setting("stats", "auth") is None and any(
                    not _local(bind.address) for bind in proxy.binds):
                yield Hit(shown.at, f"{proxy.name} shows statistics to everybody who reaches it")
            admin = proxy.setting("stats", "admin")
            if admin and admin.words[2:4] == ("if", "TRUE"):
                yield Hit(admin.at, f"{proxy.name} lets everybody who sees its statistics take servers out")
        for setting in balancer.globals.of("stats"):
            if setting.words[1:2] == ("socket",) and "admin" in setting.words:
                mode = setting.words[setting.words.index("mode") + 1:][:1] if "mode" in setting.words else ()
                if (mode and re.fullmatch(r"[0-7]*[2367]", mode[0])) or not setting.words[2:3][0].startswith(
                        ("/", "unix@", "abns@")):
                    yield Hit(setting.at, "the socket for administration can be written by everybody")


@rule("HAP014", Severity.INFO, Effect.BLIND, "HTTP settings in a proxy of plain TCP",
      consequence="The setting does nothing: slow requests are not cut, the client's address does not reach "
                  "the API, and a request is not tried again elsewhere.",
      fix="mode http for APIs (mode tcp stays for databases and brokers)", source=f"{MANUAL}, mode",
      errata=("E170",))
def http_settings_in_tcp(cloud: Cloud) -> Hits:
    for balancer, proxy in balanced(cloud):
        if proxy.mode != "http" and balancer.service(proxy) in HTTP_APIS - {"https"}:
            idle = (proxy.setting("timeout", "http-request") or proxy.setting("option", "forwardfor")
                    or proxy.setting("option", "httplog"))
            if idle is not None:
                yield Hit(idle.at, f"{' '.join(idle.words[:2])} has no effect in mode tcp, which APIs here "
                                   "are in")


@rule("HAP015", Severity.ERROR, Effect.OUTAGE, "A shared address that nobody moves",
      consequence="The address that clients use is on no node, or stays on one that has died.",
      fix="add it to virtual_ipaddress of a vrrp_instance on all of these nodes",
      source="keepalived.conf(5)", errata=("E188",))
def address_without_keepalived(cloud: Cloud) -> Hits:
    moved, tracked = moving(cloud), {router.node for router in routers(cloud)}
    first: dict[str, tuple[str, Bind]] = {}
    told: set[str] = set()
    for balancer in balancers(cloud):
        for _, bind in _binds(balancer):
            if bind.everywhere or _local(bind.address) or bind.address in moved or bind.address in told:
                continue
            node, other = first.setdefault(bind.address, (balancer.node, bind))
            if node != balancer.node and tracked >= {node, balancer.node}:
                told.add(bind.address)
                yield Hit(other.at, f"{node} and {balancer.node} both listen on {bind.address}, and no "
                                    "Keepalived moves it")
