"""Where clients go: to the service address, or to that of the one database and the one broker."""

from __future__ import annotations

import json
from pathlib import Path

from fournines.cluster.file import load
from fournines.cluster.timers import derive
from fournines.drills.settings import AMQP, CINDER, NEUTRON, ClientSettings, from_data, workloads
from fournines.drills.targets import clients_of
from fournines.layers import SPECS

EXAMPLES = Path(__file__).parents[2] / "examples"


class Secrets(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name


def clients(example: str) -> ClientSettings:
    cluster = load(EXAMPLES / f"{example}.yaml", SPECS)
    return clients_of(cluster, derive(cluster), Secrets())("run_1")


def test_each_service_of_the_guide_is_asked_at_its_own_address() -> None:
    found = clients("guide-two-node")
    assert found.sql is not None
    assert found.amqp is not None
    assert (found.host, found.sql.host, found.amqp.host) == ("192.168.42.101", "192.168.42.101",
                                                             "192.168.42.100")
    assert found.amqp.queue_type == "classic"   # one broker has no quorum
    assert from_data({"host": found.host, "amqp": {**vars_of(found)}}).amqp == found.amqp
    assert [item.path for item in workloads(found, lambda event: None)].count(AMQP) == 1


def test_apis_that_are_one_group_are_asked_at_its_address() -> None:
    """Of the balancer's own address the cache's port is left, to tell who moves it."""
    found = clients("three-node-active-passive")
    assert found.keystone is not None
    assert (found.keystone.url, found.glance_url) == ("http://192.168.42.103:5000", "http://192.168.42.103:9292")
    assert found.listings == {CINDER: "http://192.168.42.103:8776/v3/volumes?limit=1",
                              NEUTRON: "http://192.168.42.103:9696/v2.0/networks?limit=1"}
    assert (found.host, found.tcp_port) == ("192.168.42.101", 11211)
    assert from_data(json.loads(found.to_line())) == found
    assert {CINDER, NEUTRON} < {item.path for item in workloads(found, lambda event: None)}


def vars_of(settings: ClientSettings) -> dict[str, object]:
    assert settings.amqp is not None
    return {name: getattr(settings.amqp, name) for name in settings.amqp.__dataclass_fields__}


def test_of_many_all_are_behind_one_address() -> None:
    found = clients("three-controllers")
    assert found.sql is not None
    assert found.amqp is not None
    assert {found.host, found.sql.host, found.amqp.host} == {"192.168.42.101"}
    assert found.amqp.queue_type == "quorum"
    assert (found.tcp_port, found.listings) == (5000, {})
