"""A cluster of values for tests of the lab: the one of examples/three-controllers.yaml, by any name."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip


def small_cluster(name: str = "small", nodes: int = 3) -> Cluster:
    networks = {"management": Network("management", IPv4Network("192.168.42.0/24"), "sw-a"),
                "replication": Network("replication", IPv4Network("10.0.42.0/24"), "sw-b")}
    return Cluster(
        name=name, release="zed", distro="debian12", recovery=Recovery(5.0), networks=networks,
        vips={"internal": Vip("internal", IPv4Address("192.168.42.101"), "management")},
        nodes=tuple(Node(f"ctl{number}", {"management": IPv4Address(f"192.168.42.1{number}"),
                                          "replication": IPv4Address(f"10.0.42.1{number}")})
                    for number in range(1, nodes + 1)),
        layers={})
