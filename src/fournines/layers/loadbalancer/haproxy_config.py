"""haproxy.cfg of a controller: a section for each listener that the layers asked for.

Every HAProxy checks every member all the time, so the one that gets a VIP knows already who is alive.
Source: HAProxy 2.6 configuration manual; section numbers are its.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from fournines.artifacts import haproxy
from fournines.artifacts.document import Scalar
from fournines.blueprint.contribution import Listener, Spread
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Node
from fournines.layers.layer import Site
from fournines.layers.loadbalancer import alive
from fournines.layers.loadbalancer.spec import LoadbalancerSpec

PEERS_PORT = 10000
SOCKET = "/run/haproxy/admin.sock"
_PEERS = "controllers"
_CACHE_QUESTION, _CACHE_ANSWER = b"version\r\n".hex(), "^VERSION "
_AMQP_HEADER, _AMQP_ANSWER = "414d515000000901", "^0100"   # "AMQP" 0 0 9 1; a method frame: Connection.Start
_OLD_WORKERS_END_S = 300

Line = tuple[Scalar, ...]


def document(site: Site, node: Node) -> haproxy.Document:
    """The whole configuration for the HAProxy on ``node``."""
    return _document(site, node, (("description", f"configuration {digest(site, node)}"),))


def digest(site: Site, node: Node) -> str:
    """Of all else that is in it. A HAProxy that runs with it says so as its description (``show info``, 9.3
    of the management guide); one whose reload has failed still tells that of the configuration before."""
    return hashlib.sha256(haproxy.emit(_document(site, node, ())).encode()).hexdigest()[:16]


def _document(site: Site, node: Node, description: Iterable[Line]) -> haproxy.Document:
    return haproxy.document(
        haproxy.section("global", "", (*_global(site, node), *description)),
        haproxy.section("defaults", "", _defaults(site)),
        haproxy.section("peers", _PEERS, (("peer", each.name, f"{each.replication}:{PEERS_PORT}")
                                          for each in site.cluster.controllers)),
        *alive.sections(site, node),
        *(haproxy.section("listen", listener.name, _listener(site, listener))
          for listener in site.exchange.listeners),
    )


def _global(site: Site, node: Node) -> Iterator[Line]:
    spec = site.cluster.spec(LoadbalancerSpec) or LoadbalancerSpec()
    yield ("log", "/dev/log", "local0")
    yield ("log", "/dev/log", "local1", "notice")
    yield ("chroot", "/var/lib/haproxy")
    yield ("user", "haproxy")
    yield ("group", "haproxy")
    yield ("stats", "socket", SOCKET, "user", "haproxy", "group", "haproxy", "mode", "660",
           "level", "operator")
    yield ("localpeer", node.name)
    yield ("maxconn", spec.connections)
    # A worker that a reload has replaced checks nobody any more: its connections must not live on for days.
    yield ("hard-stop-after", f"{_OLD_WORKERS_END_S}s")
    # Checks of three HAProxies that were started together shall not come together.
    yield ("spread-checks", 5)


def _defaults(site: Site) -> Iterator[Line]:
    spec = site.cluster.spec(LoadbalancerSpec) or LoadbalancerSpec()
    timers = site.timers
    yield ("log", "global")
    yield ("mode", "http")
    yield ("maxconn", spec.connections // 2)
    yield ("option", "dontlognull")
    yield ("option", "redispatch", 1)
    yield ("retries", timers.count("haproxy.retries"))
    yield ("timeout", "connect", _ms(timers, "haproxy.connect"))
    yield ("timeout", "queue", _ms(timers, "haproxy.queue"))
    yield ("timeout", "http-request", _ms(timers, "haproxy.http_request"))
    yield ("timeout", "client", _ms(timers, "haproxy.api.client"))
    yield ("timeout", "server", _ms(timers, "haproxy.api.server"))
    yield ("timeout", "client-fin", _ms(timers, "haproxy.client_fin"))
    for side in ("clitcpka", "srvtcpka"):   # 4.2: a peer that vanished while nobody was sending
        yield ("option", side)
        yield (f"{side}-idle", _ms(timers, "tcp.keepalive_time"))
        yield (f"{side}-intvl", _ms(timers, "tcp.keepalive_interval"))
        yield (f"{side}-cnt", timers.count("tcp.keepalive_probes"))


def _listener(site: Site, listener: Listener) -> Iterator[Line]:
    spec = site.cluster.spec(LoadbalancerSpec) or LoadbalancerSpec()
    vip = site.cluster.vips[listener.vip]
    yield ("bind", f"{vip.address}:{listener.port}", "tcp-ut", _ms(site.timers, "tcp.user_timeout"))
    yield ("mode", listener.mode)
    yield ("timeout", "check", _ms(site.timers, f"haproxy.{listener.kind}.check"))
    yield from _http(listener) if listener.mode == "http" else _tcp(site.timers, listener)
    yield from _check(listener)
    yield from _spread(listener, spec)
    yield ("default-server", *_member_options(site.timers, listener))
    for number, name in enumerate(listener.members):
        address = site.cluster.node(name).management
        spare = ("backup",) if listener.spread is Spread.ONE_ACTIVE and number else ()
        yield ("server", name, f"{address}:{listener.port}", *spare)


def _http(listener: Listener) -> Iterator[Line]:
    yield ("option", "httplog")
    yield ("option", "forwardfor")
    # A request may be sent again when no byte of an answer came, but only one that changes nothing: METH_GET
    # is GET or HEAD (7.4). Connections that failed are tried again whatever the method: nothing was sent.
    yield ("retry-on", "conn-failure", "empty-response")
    again: Line = ("METH_GET",)
    if listener.repeatable_post:
        # Whose body is still under way when its head is passed on cannot be sent again.
        yield ("option", "http-buffer-request")
        again = (*again, "or", "METH_POST", "{", "path", listener.repeatable_post, "}")
    yield ("http-request", "disable-l7-retry", "unless", *again)


def _tcp(timers: Timers, listener: Listener) -> Iterator[Line]:
    yield ("option", "tcplog")
    yield ("timeout", "client", _ms(timers, "haproxy.tunnel.client"))
    yield ("timeout", "server", _ms(timers, "haproxy.tunnel.server"))


def _check(listener: Listener) -> Iterator[Line]:
    if listener.check_path:
        yield from alive.http_check(listener.check_path, listener.name)
    elif listener.kind == "messaging":
        yield ("option", "tcp-check")
        yield ("tcp-check", "connect")
        yield ("tcp-check", "send-binary", _AMQP_HEADER)
        yield ("tcp-check", "expect", "rbinary", _AMQP_ANSWER)
    elif listener.kind == "cache":
        yield ("option", "tcp-check")
        yield ("tcp-check", "connect")
        yield ("tcp-check", "send-binary", _CACHE_QUESTION)
        yield ("tcp-check", "expect", "rstring", _CACHE_ANSWER)


def _spread(listener: Listener, spec: LoadbalancerSpec) -> Iterator[Line]:
    if listener.spread is not Spread.ONE_ACTIVE:
        yield ("balance", spec.balance if listener.mode == "http" else listener.spread.value)
        return
    # One entry for everybody: the member chosen last, known to all HAProxies. It is kept while that member is
    # up, so nothing moves when an older one returns, nor when the VIP moves. Each new connection takes
    # room until its member has answered; without room, a new choice would not be noted at all.
    yield ("stick-table", "type", "integer", "size", spec.connections, "nopurge", "peers", _PEERS)
    yield ("stick", "on", "int(1)")


def _member_options(timers: Timers, listener: Listener) -> Line:
    kind = f"haproxy.{listener.kind}"
    port: Line = ("port", listener.check_port) if listener.check_port else ()
    return ("check", *port,
            "inter", _ms(timers, f"{kind}.inter"), "fastinter", _ms(timers, f"{kind}.fastinter"),
            "downinter", _ms(timers, f"{kind}.downinter"), "fall", timers.count(f"{kind}.fall"),
            "rise", timers.count(f"{kind}.rise"), "on-marked-down", "shutdown-sessions",
            "tcp-ut", _ms(timers, "tcp.user_timeout"))


def _ms(timers: Timers, name: str) -> str:
    return f"{timers.ms(name)}ms"
