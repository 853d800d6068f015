"""Sites with every secret made up: three controllers with the listeners and accounts that layers ask for,
those of the example, and the guide's two nodes."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from fournines.blueprint.contribution import BrokerAccount, Exchange, Listener, Spread, SqlAccount
from fournines.cluster import file
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip
from fournines.engine.compile import exchange
from fournines.layers import LAYERS, SPECS
from fournines.layers.layer import Site

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("ctl1", "ctl2", "ctl3")
EXCHANGE = Exchange(
    listeners=(
        Listener("database", "internal", 3306, "database", NAMES[::-1], Spread.ONE_ACTIVE, "tcp", "/", 9200,
                 "mariadb.service"),
        Listener("messaging", "internal", 5672, "messaging", NAMES, mode="tcp"),
        Listener("cache", "internal", 11211, "cache", NAMES[::-1], Spread.ONE_ACTIVE, "tcp"),
        Listener("keystone", "internal", 5000, "api", NAMES, check_path="/healthcheck",
                 unit="keystone.service"),
    ),
    sql_accounts=(SqlAccount("keystone", "keystone", "api.keystone"),
                  SqlAccount("fournines_drill", "fournines_drill", "database.drill")),
    broker_accounts=(BrokerAccount("glance", "broker.glance"),))


class MadeUp(dict[str, str]):
    """A value for every secret that is asked for."""

    def __missing__(self, name: str) -> str:
        return f"value-of-{name}"


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
    secrets = MadeUp({"database.sst": "sst-password", "database.drill": "drill-password",
                      "api.keystone": "keystone-pw"})
    return Site(cluster, derive(cluster), secrets, EXCHANGE)


@pytest.fixture
def guide() -> Cluster:
    return file.load(EXAMPLES / "guide-two-node.yaml", SPECS)


@pytest.fixture
def guide_site(guide: Cluster) -> Site:
    return _of_layers(guide)


@pytest.fixture
def example_site() -> Site:
    return _of_layers(file.load(EXAMPLES / "three-controllers.yaml", SPECS))


def _of_layers(cluster: Cluster) -> Site:
    """With what the layers themselves ask of one another."""
    timers = derive(cluster)
    return Site(cluster, timers, MadeUp(), exchange(cluster, timers, LAYERS))
