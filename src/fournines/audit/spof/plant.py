"""What a cluster stands on: components that can fail, hosts that hang on them, and the services.

Every component is one that something named: a node, one of its domains (rack, power and whatever else the
cluster file has), the switch of a network, a node's own link to it. ``+`` in a domain or a switch means that
either of two suffices: ``power: pdu-a+pdu-b`` is a node with two feeds. Where nodes have different values of
the domain ``switch``, what connects these switches can fail too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fournines.cluster.topology import Cluster

ON_BOARD = frozenset(("fence_redfish", "fence_ipmilan", "fence_ipmilanplus", "fence_idrac", "fence_ilo",
                      "fence_ilo3", "fence_ilo4", "fence_ilo5", "fence_imm"))
OUTLETS = frozenset(("fence_apc", "fence_apc_snmp", "fence_eaton_snmp", "fence_raritan", "fence_wti",
                     "fence_ipdu",
                     "fence_eps", "fence_netio", "fence_tripplite_snmp", "fence_lpar"))


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """Something that can fail: ``kind`` is node, supply, link, connection, switch or the name of a domain."""

    kind: str
    name: str

    def __str__(self) -> str:
        if self.kind in ("node", "supply", "link", "connection"):
            return self.name
        return f"{self.kind} {self.name}"


class Way(StrEnum):
    """How a service goes on after a loss."""

    ANY = "any"             # any one instance serves
    HELD = "held"           # one instance holds it, chosen without a majority among those that see each other
    MAJORITY = "majority"   # more than half of the voters have to see each other
    ONE = "one"             # Pacemaker runs it on exactly one node, and starts it elsewhere


@dataclass(frozen=True, slots=True)
class Service:
    """``hosts`` can run it, ``voters`` decide (of ONE: the members of the membership); ``networks`` are those
    on any of which they see each other; ``needs`` are services. ``copies``: where its data is, empty without
    any."""

    name: str
    way: Way
    hosts: tuple[str, ...]
    voters: tuple[str, ...]
    networks: tuple[str, ...]
    needs: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()


class Hangs(StrEnum):
    """What a fencing device hangs on of the node that it fences."""

    ON_BOARD = "the node's own power supply, and its domains"
    OUTLET = "its domains"
    ELSEWHERE = "nothing"


@dataclass(frozen=True, slots=True)
class Fence:
    """A way to make sure that ``target`` is off."""

    target: str
    hangs: Hangs


@dataclass(frozen=True, slots=True)
class Plant:
    """``stands_on``: what a node needs, each a choice of components of which one suffices; ``reaches``: the
    same for its way into a network."""

    components: tuple[Component, ...]
    nodes: tuple[str, ...]
    stands_on: Mapping[str, tuple[frozenset[Component], ...]]
    reaches: Mapping[tuple[str, str], tuple[frozenset[Component], ...]]
    sides: Mapping[str, str]
    """Node -> its switch, where nodes have different ones: what a lost connection parts."""
    services: tuple[Service, ...]
    fences: tuple[Fence, ...]
    moves: bool = False
    """Whether what Pacemaker runs leaves a node that has only lost its clients."""
    gateway: Component | None = None
    """Whom the members ask, too, whose link to clients is lost."""


PHYSICAL = frozenset(("node", "rack", "room", "site", "fire_zone", "fire-zone", "chassis", "host", "storage"))
"""The kinds of components with which data can be destroyed, and not only be away."""


def plant_of(cluster: Cluster) -> Plant:
    """The plant of a cluster file."""
    stands: dict[str, tuple[frozenset[Component], ...]] = {}
    reaches: dict[tuple[str, str], tuple[frozenset[Component], ...]] = {}
    for node in cluster.nodes:
        own = [Component("node", node.name)]
        if "membership" in cluster.layers and len(_choice("power", node.domains.get("power", ""))) < 2:
            own.append(Component("supply", f"the power supply of {node.name}"))
        stands[node.name] = (*(frozenset((component,)) for component in own),
                             *(_choice(kind, value) for kind, value in node.domains.items() if value))
        for network in cluster.networks.values():
            if network.name in node.addresses:
                reaches[node.name, network.name] = (
                    _choice("switch", network.switch or f"of {network.name}"),
                    frozenset((Component("link", f"the link of {node.name} to {network.name}"),)))
    sides = {node.name: node.domains["switch"] for node in cluster.nodes if node.domains.get("switch")}
    if len(set(sides.values())) < 2:
        sides = {}
    named = {component for choices in (*stands.values(), *reaches.values()) for choice in choices
             for component in choice}
    if sides:
        named.add(connection(sides))
    gateway = Component("gateway", str(cluster.gateway)) if cluster.gateway is not None else None
    if gateway is not None:
        named.add(gateway)
    services = tuple(_services(cluster))
    return Plant(tuple(sorted(named)), tuple(node.name for node in cluster.nodes), stands, reaches, sides,
                 services, tuple(_fences(cluster)),
                 cluster.knows_who_is_cut_off, gateway)


def connection(sides: Mapping[str, str]) -> Component:
    """What connects the switches that nodes are on."""
    return Component("connection", "the connection between " + " and ".join(sorted(set(sides.values()))))


def _choice(kind: str, value: str) -> frozenset[Component]:
    return frozenset(Component(kind, part.strip()) for part in value.split("+") if part.strip())


def _services(cluster: Cluster) -> list[Service]:
    controllers = tuple(node.name for node in cluster.controllers)
    everybody = tuple(node.name for node in cluster.nodes)
    replication = ("replication" if "replication" in cluster.networks else "management",)
    heartbeats = tuple(cluster.networks)
    found: list[Service] = []
    for layer, name in (("database", "the database"), ("messaging", "messaging")):
        if layer not in cluster.layers:
            continue
        if getattr(cluster.layers[layer], "pattern", "active-active") == "active-passive":
            hosts = _storage_hosts(cluster)
            found.append(Service(name, Way.ONE, hosts, everybody, heartbeats, (), hosts))
        else:
            found.append(Service(name, Way.MAJORITY, controllers, controllers, replication, (), controllers))
    if "images" in cluster.layers:
        found.append(Service("images", Way.MAJORITY, controllers[:3], controllers[:3], replication, (),
                             controllers[:3]))
    if "cache" in cluster.layers:
        found.append(Service("the cache", Way.ANY, controllers, (), ("management",)))
    if "loadbalancer" in cluster.layers:
        found.append(Service("the address of clients", Way.HELD, controllers, (), ("management",)))
    below = tuple(service.name for service in found if service.name != "images")
    api = cluster.layers.get("api")
    for each in getattr(api, "services", ()):
        needs = (*below, *(("images",) if each == "glance" and "images" in cluster.layers else ()))
        one = getattr(api, "pattern", "active-active") == "active-passive"
        found.append(Service(str(each), Way.ONE if one else Way.ANY, controllers, everybody if one else (),
                             heartbeats if one else ("management",), needs))
    return found


def _storage_hosts(cluster: Cluster) -> tuple[str, ...]:
    """The two nodes that replicated discs are on: the first two that are no arbitrators."""
    return tuple(node.name for node in cluster.controllers)[:2]


def _fences(cluster: Cluster) -> list[Fence]:
    devices = getattr(cluster.layers.get("membership"), "fencing", ())
    everybody = tuple(node.name for node in cluster.nodes)
    if devices == "lab":
        return [Fence(name, Hangs.ELSEWHERE) for name in everybody]
    return [Fence(target, _hangs(device.agent)) for device in devices for target in tuple(device.nodes)
            or everybody]


def _hangs(agent: str) -> Hangs:
    if agent in ON_BOARD:
        return Hangs.ON_BOARD
    return Hangs.OUTLET if agent in OUTLETS else Hangs.ELSEWHERE
