from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from fournines.cluster.topology import Network, Vip
from fournines.errors import LabError
from fournines.lab.wires import Fabric, client_address
from lab_cluster import small_cluster


def test_clients_get_the_highest_address_that_nobody_has() -> None:
    cluster = small_cluster()
    crowded = replace(cluster, vips={"x": Vip("x", IPv4Address("192.168.42.254"), "management")})

    assert client_address(cluster, cluster.networks["management"]) == IPv4Address("192.168.42.254")
    assert client_address(crowded, cluster.networks["management"]) == IPv4Address("192.168.42.253")
    routed = replace(cluster.networks["management"], gateway=IPv4Address("192.168.42.254"))
    assert client_address(cluster, routed) == IPv4Address("192.168.42.253")


def test_a_network_without_room_for_clients_is_refused() -> None:
    tiny = Network("management", IPv4Network("192.168.42.8/30"))
    vips = {name: Vip(name, IPv4Address(f"192.168.42.{name}"), "management") for name in ("9", "10")}

    with pytest.raises(LabError, match="no address left"):
        client_address(replace(small_cluster(), vips=vips), tiny)


def test_names_of_cables_fit_the_kernel_whatever_nodes_and_networks_are_called() -> None:
    cluster = small_cluster("a-lab-with-quite-a-long-name")
    fabric = Fabric(cluster)
    cables = {fabric.cable(node.name, network) for node in cluster.nodes for network in cluster.networks}

    assert len(cables) == 6
    assert all(len(cable) <= 15 for cable in cables)   # IFNAMSIZ - 1
    assert fabric.inside(["true"]) == (
        "nsenter", "--net=/run/netns/fournines-a-lab-with-quite-a-long-name", "true")
