"""Three controllers as a site; every secret is made up."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from fournines.blueprint.contribution import Exchange, SqlAccount
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip
from fournines.layers.layer import Site

NAMES = ("ctl1", "ctl2", "ctl3")


@pytest.fixture
def site() -> Site:
    networks = {"management": IPv4Network("192.168.42.0/24"), "replication": IPv4Network("10.0.42.0/24")}
    cluster = Cluster(
        "demo", "zed", "debian12", Recovery(5.0),
        networks={name: Network(name, cidr) for name, cidr in networks.items()},
        vips={"internal": Vip("internal", IPv4Address("192.168.42.101"), "management")},
        nodes=tuple(Node(name, {network: cidr[10 + number] for network, cidr in networks.items()})
                    for number, name in enumerate(NAMES, 1)),
        layers={})
    secrets = {"database.sst": "sst-password", "database.drill": "drill-password",
               "api.keystone": "keystone-pw"}
    wanted = (SqlAccount("keystone", "keystone", "api.keystone"),
              SqlAccount("fournines_drill", "fournines_drill", "database.drill"))
    return Site(cluster, derive(cluster), secrets, Exchange(sql_accounts=wanted))
