"""What Keepalived asks HAProxy: whether this node may hold an address. HAProxy answers from what it knows
by its checks of every member; no process is started for it.

It says that this process serves, not that members do: were it to fail with them, every node would give up
the VIPs at once. Two things make it fail nevertheless, for two nodes would have an address else: that a
node is cut off from the majority, and that a senior is out of its reach while others reach it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from fournines.artifacts import haproxy
from fournines.artifacts.document import Scalar
from fournines.cluster.topology import Node
from fournines.layers.layer import Site

ALIVE_PORT, REACH_PORT = 8404, 8405
ALIVE_PATH = "/alive"

Line = tuple[Scalar, ...]


def sections(site: Site, node: Node) -> Iterator[haproxy.Section]:
    """What Keepalived asks, what the other nodes ask, and what those two answers need."""
    yield haproxy.section("frontend", "alive", _alive(site, node))
    if not _can_compare(site):
        return
    yield haproxy.section("frontend", "reach", _reach(site, node))
    for senior in _seniors(site, node):
        yield haproxy.section("backend", f"reached_{senior}", _reached(site, node, senior))
        yield haproxy.section("backend", f"with_{senior}", _with(site, senior))


def _alive(site: Site, node: Node) -> Iterator[Line]:
    yield ("bind", f"127.0.0.1:{ALIVE_PORT}")
    yield ("monitor-uri", ALIVE_PATH)
    database = next((each.name for each in site.exchange.listeners
                     if each.kind == "database" and node.name in each.members), "")
    if _can_compare(site) and (database or _seniors(site, node)):
        if database:
            yield ("acl", "own_database", f"srv_is_up({database}/{node.name})")
        yield from _reaches(site, node)
        if database:
            yield from _cut_off(_others(site, node))
        yield from _apart(site, node)
    yield ("option", "dontlog-normal")


def _reaches(site: Site, node: Node) -> Iterator[Line]:
    """Another node is reached while any service of it is up."""
    for other in _others(site, node):   # lines of one name are alternatives
        for listener in site.exchange.listeners:
            if other in listener.members:
                yield ("acl", f"reaches_{other}", f"srv_is_up({listener.name}/{other})")


def _cut_off(others: Sequence[str]) -> Iterator[Line]:
    """This node reaches no majority, not one service on so many others, and its own database, which asks the
    others, serves nobody. Both halves of a partition would have the VIP else. Either alone is no reason: a
    database may fail by itself, and others may be down for maintenance."""
    majority = (len(others) + 1) // 2 + 1
    too_many = len(others) + 1 - majority + 1   # of them away leave no majority with this one
    for away in combinations(others, too_many):
        yield ("monitor", "fail", "if", "!own_database", *(f"!reaches_{other}" for other in away))


def _apart(site: Site, node: Node) -> Iterator[Line]:
    """A senior is not reached from here, while another node says that it reaches it. Each would take the
    address, for neither hears the other's adverts; the junior gives it up. Whoever is lost is lost to all
    within the promise, so what lasts for all of it is no loss: this asks itself, and HAProxy counts."""
    seniors = _seniors(site, node)
    for senior in seniors:
        yield ("acl", f"others_reach_{senior}", f"nbsrv(reached_{senior})", "gt", 0)
        yield ("acl", f"with_{senior}", f"srv_is_up(with_{senior}/{senior})")
        yield ("monitor", "fail", "if", f"!with_{senior}")
    for senior in seniors:
        yield ("http-request", "return", "status", 404, "if", "{", "path", f"/with/{senior}", "}",
               f"!reaches_{senior}", f"others_reach_{senior}")
        yield ("http-request", "return", "status", 200, "if", "{", "path", f"/with/{senior}", "}")


def _reach(site: Site, node: Node) -> Iterator[Line]:
    """What the others ask: whom this node reaches. 404, and not 503, which would be logged every time."""
    yield ("bind", f"{node.management}:{REACH_PORT}")
    yield from _reaches(site, node)
    for other in _others(site, node):
        yield ("http-request", "return", "status", 200, "if", "{", "path", f"/reaches/{other}", "}",
               f"reaches_{other}")
    yield ("http-request", "return", "status", 404)
    yield ("option", "dontlog-normal")


def _reached(site: Site, node: Node, senior: str) -> Iterator[Line]:
    """The others, up while they reach the senior."""
    yield from _asks(site, f"/reaches/{senior}", fall=1)
    for other in _others(site, node):
        if other != senior:
            yield ("server", other, f"{site.cluster.node(other).management}:{REACH_PORT}")


def _with(site: Site, senior: str) -> Iterator[Line]:
    """Up unless this node is apart from the senior, and has been for long enough."""
    yield from _asks(site, f"/with/{senior}", fall=site.timers.count("haproxy.apart.fall"))
    yield ("server", senior, f"127.0.0.1:{ALIVE_PORT}")


def _asks(site: Site, path: str, *, fall: int) -> Iterator[Line]:
    yield from http_check(path, "alive")
    yield ("default-server", "check", "inter", f"{site.timers.ms('haproxy.apart.inter')}ms", "fall", fall,
           "rise", 1)


def http_check(path: str, host: str) -> Iterator[Line]:
    """A server is well while it answers 200 there."""
    yield ("option", "httpchk")
    yield ("http-check", "send", "meth", "GET", "uri", path, "ver", "HTTP/1.1", "hdr", "Host", host)
    yield ("http-check", "expect", "status", 200)


def _can_compare(site: Site) -> bool:
    """Whether there is a third to be asked, and something that is looked at."""
    return len(site.cluster.controllers) > 2 and bool(site.exchange.listeners)


def _others(site: Site, node: Node) -> list[str]:
    return [each.name for each in site.cluster.controllers if each.name != node.name]


def _seniors(site: Site, node: Node) -> list[str]:
    """Those whose VRRP priority is higher."""
    names = [each.name for each in site.cluster.controllers]
    return names[:names.index(node.name)]
