"""Servers that several tests share, and a place for the runner."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from drills.made_up import (
    NO_TRACES,
    VIP,
    MadeUpMachine,
    Namespace,
    Service,
    Unit,
    looks_for_traces,
    unit_on,
)
from drills.servers import RABBITMQ, Server, mariadb, rabbitmq
from fournines.blueprint.requests import Run
from fournines.blueprint.snapshot import Snapshot
from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip
from fournines.drills.drill import Capability
from fournines.drills.place import Health, Place
from fournines.drills.settings import TCP, ClientSettings
from fournines.nodes.fake import FakeNode


@pytest.fixture(scope="session")
def sql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("mariadbd") is None:
        pytest.skip("needs mariadb-server")
    with mariadb(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not RABBITMQ.exists():
        pytest.skip("needs rabbitmq-server")
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@pytest.fixture
def history_file(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


@pytest.fixture
def namespaces(tmp_path: Path) -> Iterator[dict[str, Namespace]]:
    nodes = {name: Namespace(name, tmp_path) for name in ("ctl1", "ctl2")}
    nodes["ctl1"].take()
    yield nodes
    for node in nodes.values():
        node.remove()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    found = Service()
    await found.listen()
    yield found
    await found.end()


@pytest.fixture
def machine(namespaces: dict[str, Namespace], service: Service) -> MadeUpMachine:
    return MadeUpMachine(namespaces["ctl1"], namespaces["ctl2"], service)


@pytest.fixture
def place(namespaces: dict[str, Namespace], machine: MadeUpMachine, service: Service) -> Place:
    network = Network("management", IPv4Network("192.0.2.0/24"))
    nodes = tuple(Node(name, {"management": IPv4Address(f"192.0.2.{number}")})
                  for number, name in enumerate(namespaces, 1))
    cluster = Cluster("demo", "zed", "debian12", Recovery(20.0), {"management": network},
                      {"internal": Vip("internal", VIP, "management")}, nodes, {})

    async def healthy() -> Health:
        return Health((), Snapshot({}, {}))

    fakes = {name: FakeNode(name) for name in namespaces}
    for fake in fakes.values():
        fake.script(lambda request: isinstance(request, Run) and looks_for_traces(request.argv), NO_TRACES)
    return Place(cluster, {name: node.door() for name, node in namespaces.items()}, fakes, healthy,
                 lambda run: ClientSettings("127.0.0.1", tcp_port=service.port, periods_s={TCP: 0.05}),
                 machines={"ctl1": machine}, can=frozenset(Capability),
                 timers={"vrrp.advert_int": "0.2s"})


@pytest.fixture
def unit(place: Place, service: Service) -> Unit:
    return unit_on("ctl1", place, service)
