"""The cheapest change after which a single point of failure is none, found by asking again with it made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from types import SimpleNamespace

from fournines.audit.spof.cuts import Cut, cuts
from fournines.audit.spof.plant import Component, Plant, plant_of
from fournines.cluster.topology import Cluster, Node

_ROUTER = IPv4Address("192.0.2.2")   # of no network, for nothing here looks at it


@dataclass(frozen=True, slots=True)
class Remedy:
    """``what`` is to be changed. ``cured`` single points of failure are none then, of those there were."""

    what: str
    cured: int


@dataclass(frozen=True, slots=True)
class _Change:
    cost: int   # an order and no price: words in a file, a cable, a device, a machine
    what: str
    plant: Plant


def remedy(cluster: Cluster, cut: Cut, before: tuple[Cut, ...]) -> Remedy | None:
    """The cheapest change that ends ``cut``, one of the cuts of one component ``before``; None where none
    does."""
    singles = _harm(before)
    for change in sorted(_changes(cluster, cut), key=lambda each: each.cost):
        after = _harm(cuts(change.plant, 1))
        own = {(cut.key, service) for service in cut.services}
        if not own & after and len(after) < len(singles):
            return Remedy(change.what, len({key for key, _ in singles} - {key for key, _ in after}))
    return None


def _harm(found: tuple[Cut, ...]) -> set[tuple[frozenset[object], str]]:
    return {(frozenset(cut.components), service) for cut in found if len(cut.components) == 1
            for service in cut.services}


def _changes(cluster: Cluster, cut: Cut) -> Iterator[_Change]:
    (component,) = cut.components
    if component.kind == "switch":
        for network in cluster.networks.values():
            if component.name in (network.switch, f"of {network.name}"):
                both = f"{network.switch or 'one'}+a second one"
                networks = {**cluster.networks, network.name: replace(network, switch=both)}
                yield _Change(3, f"a second switch for the network {network.name}, with every node on both "
                                 f"(switch: {network.switch or 'one'}+OTHER)",
                              plant_of(replace(cluster, networks=networks)))
    if component.kind == "link":
        if cluster.gateway is None:
            named = replace(cluster.networks["management"], gateway=_ROUTER)
            yield _Change(0, "the gateway of the network management, which members ask whose link is lost "
                             "(gateway: ADDRESS)",
                          plant_of(replace(cluster, networks={**cluster.networks, "management": named})))
        yield _Change(1, f"a second way beside {component.name}: a bond of two cables",
                      _bonded(cluster, component))
    if component.kind == "connection":
        every = "+".join(sorted({node.domains["switch"] for node in cluster.nodes
                                 if node.domains.get("switch")}))
        nodes = tuple(replace(node, domains={**node.domains, "switch": every}) for node in cluster.nodes)
        yield _Change(3, f"every node on all of these switches (switch: {every})",
                      plant_of(replace(cluster, nodes=nodes)))
    for node in cluster.nodes:
        if node.domains.get(component.kind) == component.name:
            yield from _apart(cluster, node, component.kind, component.name)
    yield from _more_fencing(cluster)
    yield _Change(5, "one more controller, with nothing in common with the others", plant_of(_grown(cluster)))


def _apart(cluster: Cluster, node: Node, kind: str, name: str) -> Iterator[_Change]:
    def changed(value: str) -> Plant:
        nodes = tuple(replace(each, domains={**each.domains, kind: value}) if each is node else each
                      for each in cluster.nodes)
        return plant_of(replace(cluster, nodes=nodes))

    if kind == "power":
        yield _Change(1, f"a second feed for {node.name} (power: {name}+OTHER)",
                      changed(f"{name}+another feed"))
    yield _Change(2, f"{node.name} {'on' if kind == 'switch' else 'in'} another {kind} than {name}",
                  changed(f"another {kind}"))


def _bonded(cluster: Cluster, link: Component) -> Plant:
    """With another link beside this one, of which either suffices."""
    plant = plant_of(cluster)
    beside = Component("link", f"the second of {link.name}")
    reaches = {way: tuple(choice | {beside} if link in choice else choice for choice in choices)
               for way, choices in plant.reaches.items()}
    return replace(plant, components=(*plant.components, beside), reaches=reaches)


_FENCES = (
    (2, "fence_apc", "a second level of fencing that does not hang on the node's own power supply: a "
                     "switched outlet (agent: fence_apc, level: 2)"),
    (4, "fence_sbd", "a last level of fencing that does not hang on the node's rack and feed: SBD, which has "
                     "the node end itself (agent: fence_sbd)"),
)


def _more_fencing(cluster: Cluster) -> Iterator[_Change]:
    """Further levels, of which the last does not hang on anything that the node does."""
    membership = cluster.layers.get("membership")
    devices = getattr(membership, "fencing", ())
    for cost, agent, what in _FENCES if membership is not None and devices != "lab" else ():
        added = SimpleNamespace(agent=agent, nodes={})
        layers = {**cluster.layers, "membership": SimpleNamespace(fencing=(*devices, added))}
        yield _Change(cost, what, plant_of(replace(cluster, layers=layers)))


def _grown(cluster: Cluster) -> Cluster:
    """With one more controller; its addresses are of no network, for nothing here looks at them."""
    like = cluster.controllers[0]
    added = Node("another", dict.fromkeys(like.addresses, IPv4Address("192.0.2.1")),
                 {kind: f"another {kind}" for kind in like.domains})
    return replace(cluster, nodes=(*cluster.nodes, added))
