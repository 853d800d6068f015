"""What the values of a cluster file must be to each other; each rule is a function from draft to problems.

Rules look only at what could be read, so that one mistake is reported once. ``advice`` is what is allowed and
yet unwise: it costs the promise when a rack, a power feed or a switch fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from fournines.cluster.document import Path, Problem
from fournines.cluster.draft import NODE_KEYS, Draft, DraftNode, called
from fournines.cluster.member_rules import membership
from fournines.cluster.topology import Cluster
from fournines.cluster.wording import proposal
from fournines.findings import Finding, Severity

QUORUM_LAYERS = ("database", "messaging")


def _networks(draft: Draft) -> Iterator[Problem]:
    if draft.networks and "management" not in draft.networks:
        yield Problem(("networks",), "networks needs management",
                      "write management: {cidr: 192.168.42.0/24}, or rename the one that services use")
    for name in draft.networks:
        if name in NODE_KEYS:
            yield Problem(("networks", name), f"a network cannot be called {name}, a setting of nodes",
                          "give it another name", at_key=True)
    known = [(name, network) for name, network in draft.networks.items() if network is not None]
    for (first, one), (second, other) in combinations(known, 2):
        if one.overlaps(other):
            yield Problem(("networks", second, "cidr"),
                          f"network {second} ({other}) overlaps {first} ({one})",
                          "write a network that shares no address with it")


def _gateways(draft: Draft) -> Iterator[Problem]:
    owners = {address: f"VIP {name}" for name, address in draft.vips.items() if address is not None}
    owners |= _of_nodes(draft)
    for name, address in draft.gateways.items():
        path = ("networks", name, "gateway")
        network = draft.networks[name]
        if name != "management":
            yield Problem(path, f"network {name} has a gateway, and only that of management is asked",
                          "leave it out", at_key=True)
        elif address is not None and address in owners:
            yield Problem(path, f"the gateway of {name} is {address}, which is {owners[address]}",
                          "write the router's own address")
        elif address is not None and network is not None:
            yield from _inside(address, network, path, f"the gateway of {name}")


def _addresses_in_networks(draft: Draft) -> Iterator[Problem]:
    for node in draft.nodes:
        for name, address in node.addresses.items():
            network = draft.networks.get(name)
            if network is not None:
                yield from _inside(address, network, (*node.path, name), f"{name} of {called(node)}")


def _at_home(draft: Draft, node: DraftNode) -> Iterator[tuple[str, IPv4Address]]:
    """The node's addresses but those outside their networks: one mistake is one problem."""
    for name, address in node.addresses.items():
        network = draft.networks.get(name)
        if network is None or address in network:
            yield name, address


def _of_nodes(draft: Draft) -> dict[IPv4Address, str]:
    """Address -> whose it is."""
    return {address: f"{name} of {called(node)}" for node in draft.nodes
            for name, address in _at_home(draft, node)}


def _inside(address: IPv4Address, network: IPv4Network, path: Path, whose: str) -> Iterator[Problem]:
    instead = f"write one from {network[1]} to {network[-2]}"
    if address not in network:
        yield Problem(path, f"{whose} is {address}, which is not in {network}", instead)
    elif address == network.network_address:
        yield Problem(path, f"{whose} is {address}, which is the network itself", instead)
    elif address == network.broadcast_address:
        yield Problem(path, f"{whose} is {address}, which is the broadcast address", instead)


def _every_network(draft: Draft) -> Iterator[Problem]:
    if "management" not in draft.networks:
        return   # one of them is probably misnamed, and said so
    for node in draft.nodes:
        for name in draft.networks:
            wanted = name not in NODE_KEYS and (name == "management" or not node.arbitrator)
            if wanted and name not in node.meant:
                network = draft.networks[name]
                example = f", from {network[1]} to {network[-2]}" if network else ""
                yield Problem(node.path, f"{called(node)} has no address in network {name}",
                              f"write {name}: ADDRESS{example}")


def _node_names(draft: Draft) -> Iterator[Problem]:
    seen: set[str] = set()
    for node in draft.nodes:
        if node.name and node.name in seen:
            yield Problem((*node.path, "name"), f"two nodes are called {node.name}", "give each its own name")
        seen.add(node.name)


def _unique_addresses(draft: Draft) -> Iterator[Problem]:
    owners: dict[IPv4Address, str] = {}
    for node in draft.nodes:
        for name, address in _at_home(draft, node):
            if address in owners:
                yield Problem((*node.path, name), f"{name} of {called(node)} is {address}, "
                              f"which is {owners[address]}", "write an address of its own")
            owners.setdefault(address, f"{name} of {called(node)}")


def _vips(draft: Draft) -> Iterator[Problem]:
    owners = _of_nodes(draft)
    networks = list(draft.networks.values())
    for name, address in draft.vips.items():
        path = ("vips", name)
        if address is None:
            continue
        if address in owners:
            yield Problem(path, f"VIP {name} is {address}, which is {owners[address]}",
                          "write an address that no node has: a VIP moves between nodes")
        owners.setdefault(address, f"VIP {name}")
        around = [network for network in networks if network and address in network]
        if around:
            yield from _inside(address, around[0], path, f"VIP {name}")
        elif None not in networks and networks:
            yield Problem(path, f"VIP {name} is {address}, which is in none of the networks",
                          f"write an address of {' or '.join(map(str, networks))}")
    if "loadbalancer" in draft.layers and not draft.vips:
        yield Problem(("layers", "loadbalancer"), "layer loadbalancer has no VIP to hold",
                      "write vips: {internal: ADDRESS}, an address that no node has", at_key=True)


def _quorum(draft: Draft) -> Iterator[Problem]:
    """Arbitrators are not counted: neither Galera's (garbd) nor a broker without data is built."""
    layers = " and ".join(name for name in QUORUM_LAYERS if _is_active_active(draft, name))
    arbitrators = sum(node.arbitrator for node in draft.nodes)
    count = draft.nodes_written - arbitrators
    if not layers or not draft.nodes_written:
        return
    advice = f"; an arbitrator has no vote in {layers}" if arbitrators else ""
    if count < 3:
        who = "1 node that runs services" if count == 1 else f"{count} nodes that run services"
        yield Problem(("nodes",), f"with {who} no majority is left when one fails, and without it {layers} "
                      "cannot go on",
                      f"write three{advice}")
    elif count % 2 == 0:
        yield Problem(("nodes",), f"{count} nodes that run services can split into halves, and without a "
                      f"majority {layers} cannot go on", f"write {count - 1} or {count + 1} of them{advice}")


def _is_active_active(draft: Draft, layer: str) -> bool:
    """Where the settings are wrong or do not say, it is."""
    if layer not in draft.layers:
        return False
    return bool(getattr(draft.layers[layer], "pattern", "active-active") == "active-active")


def _domains(draft: Draft) -> Iterator[Problem]:
    for node in draft.nodes:
        for key in node.repeated_domains:
            yield Problem((*node.path, "domains", key), f"{key} of {called(node)} is written twice",
                          f"write it once, as {key}: beside name:", at_key=True)


def _references(draft: Draft) -> Iterator[Problem]:
    """A layer's field called ``vip``, ``network`` or ``node`` (or ending so, or in the plural) names one."""
    known = {"vip": list(draft.vips), "network": list(draft.networks),
             "node": [node.name for node in draft.nodes]}
    for layer, settings in draft.layers.items():
        if not is_dataclass(settings):
            continue
        for item in fields(settings):
            kind = item.name.rpartition("_")[2].removesuffix("s")
            value = getattr(settings, item.name)
            for name in (value if isinstance(value, tuple) else (value,)) if kind in known else ():
                if name and name not in known[kind]:
                    yield Problem(("layers", layer, item.name),
                                  f"{item.name} of layer {layer} is {name}, and there is no such {kind}",
                                  proposal(str(name), known[kind]))


RULES: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _networks, _gateways, _every_network, _addresses_in_networks, _node_names, _unique_addresses, _vips,
    _quorum, _domains, _references, membership,
)


def broken_rules(draft: Draft) -> Iterator[Problem]:
    """Every problem that the draft has between its values."""
    for rule in RULES:
        yield from rule(draft)


def advice(cluster: Cluster) -> tuple[Finding, ...]:
    """Warnings about a valid cluster: failures of one thing that would take a majority or both networks."""
    return (*_shared_domains(cluster), *_beside_a_voter(cluster), *_shared_switch(cluster))


def _shared_domains(cluster: Cluster) -> Iterator[Finding]:
    count = len(cluster.nodes)
    # Of two between which fencing decides, one is enough.
    enough = 1 if count == 2 and "membership" in cluster.layers else count // 2 + 1
    members = Counter((kind, value) for node in cluster.nodes for kind, value in node.domains.items())
    for (kind, value), shared in members.items():
        if "+" in value:
            continue   # either of two suffices
        if count > 1 and count - shared < enough:
            who = "every node is" if shared == count else f"{shared} of {count} nodes are"
            yield Finding(Severity.WARNING, f"{who} on {kind} {value}: when it fails, no majority is left",
                          f"spread the nodes over at least three values of {kind}", where=cluster.name)


def _beside_a_voter(cluster: Cluster) -> Iterator[Finding]:
    """An arbitrator is there for the loss of a member, and must not be lost with it. Where that takes the
    majority, it has been said."""
    for node in cluster.arbitrators if cluster.arbitrated else ():
        for kind, value in node.domains.items():
            beside = [each.name for each in cluster.controllers if each.domains.get(kind) == value]
            enough = len(cluster.controllers) - len(beside) > len(cluster.nodes) // 2
            if "+" not in value and beside and enough:
                yield Finding(Severity.WARNING, f"arbitrator {node.name} is on {kind} {value} with "
                              f"{', '.join(beside)}: when it fails, both votes are lost at once",
                              f"put it on a {kind} of its own", where=cluster.name)


def _shared_switch(cluster: Cluster) -> Iterator[Finding]:
    networks = [network for network in cluster.networks.values() if network.switch]
    for one, other in combinations(networks, 2):
        if one.switch == other.switch and "+" not in one.switch:
            yield Finding(Severity.WARNING, f"networks {one.name} and {other.name} are both on switch "
                          f"{one.switch}: when it fails, the nodes lose both at once",
                          "put them on two switches", where=cluster.name)
