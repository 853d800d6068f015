"""HAProxy: how soon a server gets no more requests, and what those wait for that still meet it.

Source: HAProxy's configuration manual, 4.2 and 5.2; src/check.c of 2.6 for the rhythm of checks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache

from fournines.audit.cloud import Cloud
from fournines.audit.systems.haproxy import (
    DEFAULT_CHECK_INTERVAL_MS,
    DEFAULT_FALL,
    Proxy,
    Server,
    Setting,
    balanced,
)
from fournines.audit.systems.services import HTTP_APIS
from fournines.audit.timing.chain import HANG, KILL, NODE, Chain, Found, Route, Step, unknown
from fournines.audit.timing.keepalived import silent_holder
from fournines.audit.timing.kernel import data_again, syn_again, unanswered
from fournines.cluster.timers.formulas import checked_s
from fournines.cluster.timers.timer import Unit
from fournines.findings import Place

_CHECKS = "HAProxy configuration manual, 5.2"
_TIMEOUTS = "HAProxy configuration manual, 4.2"
DEFAULT_RETRIES = 3


def api_chains(cloud: Cloud) -> Iterator[Chain]:
    """Requests to APIs. Services of which all that is known takes as long are told by the first of them."""
    services = sorted(_by_service(cloud).keys() & HTTP_APIS)
    moves = address_moves(cloud)
    for fault, routes in ((NODE, silent_server), (KILL, refused_server), (HANG, hung_server)):
        alike: dict[object, tuple[list[str], tuple[Route, ...]]] = {}
        for service in services:
            found = (*(moves if fault == NODE else ()), *routes(cloud, {service}))
            names, _ = alike.setdefault(tuple(tuple(step.upper_s for step in route) for route in found),
                                        ([], found))
            names.append(service)
        for names, found in alike.values():
            yield Chain(fault, f"API request to {', '.join(names)} through HAProxy", found)


def address_moves(cloud: Cloud, *, standing: bool = False) -> tuple[Route, ...]:
    """The lost node held the address: a new connection comes again, a standing one is refused."""
    taken = silent_holder(cloud)
    if taken is None:
        return ()
    again = data_again if standing else syn_again
    return ((taken, again(taken.upper_s or 0.0)),)


def silent_server(cloud: Cloud, services: Collection[str]) -> tuple[Route, ...]:
    """Its node answers nothing: until it is marked down requests meet it, and each waits for its connect."""
    routes: list[Route] = [((step, _connect(cloud, proxy)) if step.upper_s is not None else (step,))
              for proxy, step in _steps(cloud, services, "silent")]
    return (*_longest(routes), *_under_way(cloud, services))


def refused_server(cloud: Cloud, services: Collection[str]) -> tuple[Route, ...]:
    """Its process is gone, and its node says so."""
    return _longest([(step,) for _, step in _steps(cloud, services, "refused")])


def hung_server(cloud: Cloud, services: Collection[str]) -> tuple[Route, ...]:
    """It accepts connections and says nothing."""
    return (*_longest([(step,) for _, step in _steps(cloud, services, "hung")]),
            *_under_way(cloud, services))


def _longest(routes: list[Route]) -> tuple[Route, ...]:
    """The longest of those whose length is known, and one of those where it is not."""
    known = [route for route in routes if all(step.upper_s is not None for step in route)]
    others = [route for route in routes if any(step.upper_s is None for step in route)]
    longest = sorted(known, key=lambda route: -sum(step.upper_s or 0.0 for step in route))
    return (*longest[:1], *others[:1])


def _steps(cloud: Cloud, services: Collection[str], how: str) -> Iterator[tuple[Proxy, Step]]:
    seen: set[tuple[object, ...]] = set()
    for proxy in _proxies(cloud, services):
        settings = _settings(proxy)
        for server in proxy.servers:
            alike = (settings, *server.options.items())
            if alike not in seen:   # those with the same options take as long, and the first is told
                seen.add(alike)
                yield proxy, _marked_down(proxy, server, how)


def _settings(proxy: Proxy) -> tuple[object, ...]:
    """Of two proxies with the same, servers with the same options take as long."""
    return (id(proxy.inherited), *(setting.words for setting in proxy.own.lines
                                   if setting.words[0] not in ("server", "bind")))


@lru_cache(maxsize=1)
def _by_service(cloud: Cloud) -> Mapping[str, Sequence[Proxy]]:
    found: dict[str, list[Proxy]] = {}
    for balancer, proxy in balanced(cloud):
        found.setdefault(balancer.service(proxy), []).append(proxy)
    return found


def _proxies(cloud: Cloud, services: Collection[str]) -> Iterator[Proxy]:
    for service in services:
        yield from _by_service(cloud).get(service, ())


def _marked_down(proxy: Proxy, server: Server, how: str) -> Step:
    what = f"HAProxy marks a server of {proxy.name} down that is {how}"
    if not server.checked:
        return unknown(what, f"{server.name} at {server.at} is never checked")
    if how == "hung" and proxy.health_check is None:
        return unknown(what, f"{proxy.name} at {proxy.at} only tests whether a connection is accepted, and "
                             "that it is")
    inter = _duration(proxy, server, "inter", Found("inter", DEFAULT_CHECK_INTERVAL_MS / 1000, server.at,
                                                    f"{_CHECKS}, inter"))
    fast = _duration(proxy, server, "fastinter", Found("fastinter (as inter)", inter.value, inter.at,
                                                       f"{_CHECKS}, fastinter"))
    fall = _fall(proxy, server)
    lasts_s, limits = _lasts(proxy, inter, how)
    lower_s, upper_s = checked_s(inter.value, fast.value, int(fall.value), lasts_s)
    return Step(what, f"{inter.value:g} s + {lasts_s:g} s + {int(fall.value) - 1} x ({fast.value:g} s + "
                      f"{lasts_s:g} s)", (inter, fast, fall, *limits), round(lower_s, 3), round(upper_s, 3))


def _lasts(proxy: Proxy, inter: Found, how: str) -> tuple[float, tuple[Found, ...]]:
    """How long a check takes to fail: a connect at most min(inter, timeout connect), an answer timeout
    check."""
    if how == "refused":
        return 0.0, ()
    limit = timeout(proxy, "connect" if how == "silent" else "check")
    if limit is None:
        return inter.value, ()
    return (min(inter.value, limit.value) if how == "silent" else limit.value), (limit,)


def timeout(proxy: Proxy, name: str) -> Found | None:
    """``timeout NAME`` of a proxy; None where there is none, which is no limit."""
    setting, duration_ms = proxy.setting("timeout", name), proxy.milliseconds(name)
    return Found(f"timeout {name}", duration_ms / 1000, setting.at) if setting and duration_ms is not None \
        else None


def _duration(proxy: Proxy, server: Server, option: str, default: Found) -> Found:
    if option not in server.options:
        return default
    value_ms = server.milliseconds(option, round(default.value * 1000))
    return Found(option, value_ms / 1000, _line(proxy, server, option).at)


def _fall(proxy: Proxy, server: Server) -> Found:
    written = server.options.get("fall", "")
    if not re.fullmatch(r"[0-9]{1,6}", written):
        return Found("fall", DEFAULT_FALL, server.at, f"{_CHECKS}, fall", Unit.COUNT)
    return Found("fall", int(written), _line(proxy, server, "fall").at, "", Unit.COUNT)


def _line(proxy: Proxy, server: Server, option: str) -> Setting:
    """The line that gives a server its option: its own, else the last default-server with it."""
    own, defaults = _lines(proxy)
    line = own[server.at]
    return line if option in line.words else defaults.get(option, line)


@lru_cache(maxsize=16)
def _lines(proxy: Proxy) -> tuple[Mapping[Place, Setting], Mapping[str, Setting]]:
    """The lines of servers by place; word -> the last default-server line with it."""
    defaults = (*proxy.inherited.of("default-server"), *proxy.own.of("default-server"))
    return ({line.at: line for line in proxy.own.of("server")},
            {word: line for line in defaults for word in line.words})


def _connect(cloud: Cloud, proxy: Proxy) -> Step:
    """A request that still meets a silent server: so many connects in vain before another one gets it."""
    what = "a request that still meets it goes to another server"
    times, values = _attempts(proxy)
    limit = timeout(proxy, "connect")
    if limit is None:
        limit_s, retries = unanswered(cloud)
        return Step(what, f"{times} x {limit_s:g} s: there is no timeout connect", (retries, *values), 0.0,
                    times * limit_s)
    return Step(what, f"{times} x {limit.value:g} s", (limit, *values), 0.0, round(times * limit.value, 3))


def _attempts(proxy: Proxy) -> tuple[int, tuple[Found, ...]]:
    """How many connects to one server; with option redispatch the last goes elsewhere, or each Nth."""
    setting, redispatch = proxy.setting("retries"), proxy.setting("option", "redispatch")
    words = setting.words if setting else ()
    written = len(words) > 1 and re.fullmatch(r"[0-9]{1,4}", words[1])
    retries = Found("retries", int(words[1]) if written else DEFAULT_RETRIES,
                    setting.at if setting else proxy.at, "" if written else f"{_TIMEOUTS}, retries",
                    Unit.COUNT)
    if redispatch is None:
        return int(retries.value) + 1, (retries,)
    every = redispatch.words[2] if len(redispatch.words) > 2 else "-1"
    if re.fullmatch(r"[1-9][0-9]{0,3}", every) and int(every) <= retries.value:
        return int(every), (Found("option redispatch", int(every), redispatch.at, "", Unit.COUNT),)
    return max(1, int(retries.value)), (retries,)


def _under_way(cloud: Cloud, services: Collection[str]) -> tuple[Route, ...]:
    """Requests whose answer died with the server: cut when it is marked down, else by timeout server."""
    waits: list[Found] = []
    for proxy in _proxies(cloud, services):
        kept = any(server.checked and server.options.get("on-marked-down") != "shutdown-sessions"
                   for server in proxy.servers)
        limit = timeout(proxy, "server")
        if kept and limit is not None:
            waits.append(limit)
    longest = max(waits, key=lambda each: each.value, default=None)
    if longest is None:
        return ()
    return ((Step("a request under way waits for its answer, without on-marked-down shutdown-sessions",
                  f"{longest.value:g} s", (longest,), 0.0, longest.value),),)
