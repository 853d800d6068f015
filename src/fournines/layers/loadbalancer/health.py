"""What HAProxy and Keepalived say of themselves, who holds each VIP, and what must hold of them together."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant, Listener, Members, Seat, Spread
from fournines.blueprint.predicate import (
    Agree,
    All,
    Answers,
    Fact,
    Judgement,
    OnEvery,
    OnExactly,
    Predicate,
    Test,
)
from fournines.blueprint.requests import JsonValue, ReadFile, Run, UnixAsk
from fournines.blueprint.snapshot import Gone, Probe, Snapshot, Unreadable
from fournines.cluster.topology import Vip
from fournines.layers.layer import Site
from fournines.layers.loadbalancer import haproxy_config, keepalived_config

HAPROXY, VIPS, VRRP = "loadbalancer.haproxy", "loadbalancer.vips", "loadbalancer.vrrp"
# 9.3 of HAProxy's management guide; of every proxy, only servers.
_ITSELF, _SERVERS = "show info", "show stat -1 4 -1"


@dataclass(frozen=True, slots=True)
class Balancer:
    """What one HAProxy sees. ``down``: members that it gives nothing to, as ``listener/member``; ``empty``:
    listeners without any member; ``active``: listener -> the member that gets everything, or empty;
    ``unknown``: listeners that its running configuration does not have; ``configuration``: the digest of that
    (``haproxy_config.digest``), empty where it is none of ours."""

    down: tuple[str, ...]
    empty: tuple[str, ...]
    active: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    configuration: str = ""


def parse_haproxy(reply: JsonValue, listeners: Sequence[Listener]) -> Balancer:
    """The answers to ``show info``, ``show stat`` and, for each listener with one writer, ``show table``."""
    answer = UnixAsk.answer(reply).decode("utf-8", "replace")
    itself, found, rest = answer.partition("# pxname,")
    if not found:
        raise Unreadable("not HAProxy's statistics")
    statistics, *tables = rest.split("# table: ")
    rows = csv.DictReader(io.StringIO(f"pxname,{statistics.strip()}"))
    up = {(row["pxname"], row["svname"]): row["status"].startswith("UP") for row in rows}
    chosen = {table.partition(",")[0]: _entry(table) for table in tables}
    active = {listener.name: _active(listener, chosen.get(listener.name, ""), up)
              for listener in listeners if listener.spread is Spread.ONE_ACTIVE}
    wanted = [(listener.name, member) for listener in listeners for member in listener.members]
    return Balancer(
        down=tuple(f"{listener}/{member}" for listener, member in wanted if not up.get((listener, member))),
        empty=tuple(listener.name for listener in listeners
                    if not any(up.get((listener.name, member)) for member in listener.members)),
        active=active,
        unknown=tuple(listener.name for listener in listeners
                      if not any((listener.name, member) in up for member in listener.members)),
        configuration=_configuration(itself))


def _configuration(itself: str) -> str:
    """The digest that its configuration gives it as its description."""
    found = re.search(r"^description: configuration (\w+)$", itself, re.MULTILINE)
    return found[1] if found else ""


def _entry(table: str) -> str:
    """The member that a stick table with one entry points to; empty while nobody has connected."""
    found = re.search(r"\bserver_key=(\S+)", table)
    return found[1] if found else ""


def _active(listener: Listener, chosen: str, up: Mapping[tuple[str, str], bool]) -> str:
    """As HAProxy routes the next connection: the chosen member while it is up, else the first that is."""
    alive = [member for member in listener.members if up.get((listener.name, member))]
    return chosen if chosen in alive else next(iter(alive), "")


def parse_addresses(reply: JsonValue, vips: Mapping[str, Vip]) -> tuple[str, ...]:
    """Names of the VIPs among the node's addresses, from the one-line output of ip(8)."""
    text = reply.get("stdout") if isinstance(reply, dict) else None
    if not isinstance(text, str):
        raise Unreadable("not the output of ip")
    held = set(re.findall(r"\binet ([0-9.]+)/", text))
    return tuple(name for name, vip in vips.items() if str(vip.address) in held)


def parse_vrrp(reply: JsonValue) -> str:
    """MASTER, BACKUP or FAULT, as Keepalived last noted it."""
    content = reply.get("content") if isinstance(reply, dict) else None
    if not isinstance(content, str):
        raise Unreadable("Keepalived does not run, or has not reached a state yet")
    return base64.b64decode(content).decode("ascii", "replace").strip()


def probes(site: Site) -> tuple[Probe, ...]:
    """Three cheap questions to each controller, and one more for each further VIP."""
    listeners = site.exchange.listeners
    tables = [f"show table {each.name}" for each in listeners if each.spread is Spread.ONE_ACTIVE]
    question = f"{';'.join((_ITSELF, _SERVERS, *tables))}\n".encode()
    vips = site.free_vips
    return (
        Probe(HAPROXY, {name: UnixAsk(haproxy_config.SOCKET, question) for name in site.controllers},
              lambda reply: parse_haproxy(reply, listeners)),
        Probe(VIPS, {name: Run(("ip", "-4", "-o", "address", "show"), timeout_s=5.0)
                     for name in site.controllers}, lambda reply: parse_addresses(reply, vips)),
        *(Probe(f"{VRRP}.{vip}", {name: ReadFile(f"{keepalived_config.STATES}/{vip}")
                                  for name in holders(site, vip)}, parse_vrrp) for vip in vips),
    )


def holders(site: Site, vip: str) -> tuple[str, ...]:
    """The controllers that can hold the VIP."""
    network = site.free_vips[vip].network
    return tuple(node.name for node in site.cluster.controllers if network in node.addresses)


def holds(vip: str) -> Predicate:
    """The node has the VIP on one of its interfaces."""
    return Fact(VIPS, test=Test.HAS, wanted=vip)


def takes_part(site: Site, node_vips: Sequence[str]) -> Predicate:
    """Keepalived runs here and would take these VIPs over, or has them."""
    return All(tuple(Fact(f"{VRRP}.{vip}", test=Test.IN, wanted=("MASTER", "BACKUP")) for vip in node_vips))


@dataclass(frozen=True, slots=True)
class RunsWith:
    """The HAProxy of the judged node runs with the configuration that is written for it; ``wanted`` maps node
    to digest. That it answers does not say so: a reload that fails leaves the process of before in place."""

    wanted: Mapping[str, str]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        inner = Fact(HAPROXY, "configuration", wanted=self.wanted[node]).judge(snapshot, node)
        if inner.truth is None:
            return inner
        which = "the wanted" if inner.truth else "another"
        return Judgement(inner.truth, f"{node}: HAProxy runs with {which} configuration", inner.consulted)

    def __str__(self) -> str:
        return "HAProxy runs with the wanted configuration"


def runs_with_wanted(site: Site) -> RunsWith:
    """Every HAProxy with its own."""
    return RunsWith({node.name: haproxy_config.digest(site, node) for node in site.cluster.controllers})


@dataclass(frozen=True, slots=True)
class RoutedByHolder:
    """The judged node is where the HAProxy of the VIP's holder sends ``listener``; unknown while nobody, or
    more than one node, holds the VIP."""

    listener: Listener
    holders: tuple[str, ...]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        holding = holds(self.listener.vip)
        having = [each for each in self.holders if holding.judge(snapshot, each).truth is True]
        if len(having) != 1:
            return Judgement(None, f"{len(having)} nodes hold the VIP {self.listener.vip}")
        return Fact(HAPROXY, f"active.{self.listener.name}", wanted=node).judge(snapshot, having[0])

    def __str__(self) -> str:
        return f"the holder of {self.listener.vip} sends {self.listener.name} here"


@dataclass(frozen=True, slots=True)
class Balanced:
    """Every HAProxy that runs gives requests to the judged node again. A check or two after a member answers
    its own health page, that is: whoever touches the next member sooner leaves clients with one less.

    A HAProxy that does not run yet, or not yet with this listener, has nothing to say."""

    listener: str
    balancers: tuple[str, ...]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        seen = [self._seen_by(snapshot, each, node) for each in self.balancers]
        consulted = tuple(fact for item in seen for fact in item.consulted)
        for truth in (False, None):
            if because := "; ".join(item.because for item in seen if item.truth is truth):
                return Judgement(truth, because, consulted)
        return Judgement(True, f"every HAProxy gives {self.listener} to {node}", consulted)

    def _seen_by(self, snapshot: Snapshot, balancer: str, node: str) -> Judgement:
        view = snapshot.value(balancer, HAPROXY)
        if not isinstance(view, Balancer):
            unknown = isinstance(view, Gone)
            return Judgement(None if unknown else True, f"{balancer}: {HAPROXY}: {view}",
                             ((balancer, HAPROXY, str(view)),))
        member = f"{self.listener}/{node}"
        down = member in view.down and self.listener not in view.unknown
        return Judgement(not down, f"{balancer}: HAProxy holds {member} for down",
                         ((balancer, f"{HAPROXY}.down", str(view.down)),))

    def __str__(self) -> str:
        return f"every HAProxy gives {self.listener} to it"


def gates(site: Site) -> dict[str, Predicate]:
    """A member of a listener is back when every HAProxy has taken it back."""
    return {each.unit: Balanced(each.name, site.controllers) for each in site.exchange.listeners if each.unit}


def seats(site: Site) -> tuple[Seat, ...]:
    """Who holds each VIP, and who gets everything of each listener that has one active member."""
    single = [each for each in site.exchange.listeners if each.spread is Spread.ONE_ACTIVE]
    return (*(Seat(f"vip {name}", holds(name), holders(site, name)) for name in site.free_vips),
            *(Seat(f"{each.name} {'writer' if each.kind == 'database' else 'in use'}",
                   RoutedByHolder(each, holders(site, each.vip)), each.members) for each in single))


def members(site: Site) -> Members:
    """One is enough: each can carry everything."""
    vips = tuple(site.free_vips)
    well = All((Answers(HAPROXY), takes_part(site, vips)))
    return Members("loadbalancer", well, site.controllers, needs=1)


def invariants(site: Site) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    vips, names = site.free_vips, site.controllers
    one_holder = (Invariant(
        f"exactly one node holds the address {vip.name} ({vip.address})",
        OnExactly(1, site.controllers, holds(vip.name)),
        "nobody: see journalctl -u keepalived on the controllers; several: restart keepalived on those that "
        "should not have it") for vip in vips.values())
    ready = (Invariant(
        f"every controller would take the address {name} over",
        OnEvery(holders(site, name), takes_part(site, (name,))),
        "its Keepalived does not run, or HAProxy does not answer there: systemctl status keepalived haproxy")
        for name in vips)
    agreed = (Invariant(
        f"all HAProxies send {each.name} to the same member", Agree(names, HAPROXY, f"active.{each.name}"),
        "check that the HAProxies reach each other's port 10000 on the replication network")
        for each in site.exchange.listeners if each.spread is Spread.ONE_ACTIVE)
    return (
        *one_holder, *ready,
        Invariant("every HAProxy sees every member up", OnEvery(names, Fact(HAPROXY, "down", wanted=())),
                  "look at the service that is down, then at the network between it and that HAProxy"),
        Invariant("no listener is without a member", OnEvery(names, Fact(HAPROXY, "empty", wanted=())),
                  "start the service behind it: fournines apply"),
        *agreed,
    )
