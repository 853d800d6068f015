"""The broker that moves: its group, its name, its files, and where its code is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fournines.artifacts import rabbitmq
from fournines.blueprint.requests import Run
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError
from fournines.layers.layer import Site
from fournines.layers.messaging import LAYER
from fournines.layers.messaging.active_passive import artifacts
from fournines.layers.messaging.artifacts import CONFIG, COOKIE, DEFINITIONS, ENVIRONMENT
from fournines.layers.messaging.node import rabbitmq_code
from fournines.layers.messaging.spec import MessagingSpec


@pytest.fixture
def texts(guide_site: Site) -> dict[str, str]:
    written = LAYER.contribute(guide_site).files
    assert written["node1"] == written["node2"]
    return {each.path: each.content.decode() for each in written["node1"]}


def test_the_group_is_the_guides_with_one_name_for_its_address(guide: Cluster) -> None:
    asked = LAYER.exchange(guide, derive(guide))
    (group,) = asked.resources.groups
    assert (group.id, group.members) == ("g_rabbitmq", ("p_ip_rabbitmq", "p_fs_rabbitmq", "p_rabbitmq"))
    broker = next(each for each in asked.resources.primitives if each.id == "p_rabbitmq")
    assert broker.parameters == {"address": "192.168.42.100", "port": "5672"}
    assert asked.listeners == ()


def test_it_is_called_the_same_and_has_the_same_cookie_wherever_it_runs(texts: dict[str, str]) -> None:
    assert "NODENAME=rabbit@localhost" in texts[ENVIRONMENT]
    assert texts[COOKIE] == "value-of-messaging.cookie"
    assert not COOKIE.startswith(artifacts.DATADIR)


def test_it_listens_on_the_address_that_moves(texts: dict[str, str]) -> None:
    values = {entry.key: entry.value for entry in rabbitmq.parse(texts[CONFIG]).entries}
    assert values["listeners.tcp.vip"] == "192.168.42.100:5672"
    assert not [key for key in values if key.startswith("cluster_formation")]
    assert rabbitmq.parse_definitions(texts[DEFINITIONS]).default_queue_type == "classic"


def test_accounts_that_are_new_are_known_before_a_service_signs_in(guide_site: Site) -> None:
    assert LAYER.exchange(guide_site.cluster, guide_site.timers).before_service_resources == (
        "messaging: restart p_rabbitmq",)
    part = LAYER.contribute(guide_site)
    assert "messaging: restart p_rabbitmq" in {step.name for step in part.steps}
    (asked,) = [probe.requests["node1"] for probe in part.probes
                if probe.name == "messaging.configuration.rabbitmq"]
    assert isinstance(asked, Run)
    assert asked.argv[4] == "rabbitmq-server.service"
    assert {COOKIE, CONFIG, DEFINITIONS, ENVIRONMENT} < set(asked.argv[5:])


def test_it_needs_its_volume_where_it_keeps_messages(guide: Cluster) -> None:
    for volume in ("nothing", "mysql"):
        spec = MessagingSpec(pattern="active-passive", volume=volume)
        wrong = replace(guide, layers={**guide.layers, "messaging": spec})
        with pytest.raises(ClusterFileError):
            LAYER.exchange(wrong, derive(wrong))


def test_the_code_is_linked_once_and_erlangs_own_is_left_out(tmp_path: Path) -> None:
    for path in ("usr/lib/erlang/lib/kernel-8.5/ebin/file.beam",
                 "usr/lib/erlang/lib/mnesia-4.21/ebin/mnesia.beam",
                 "usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/plugins/rabbit-3.10.8/ebin/rabbit.beam",
                 "usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/plugins/rabbit-3.10.8/ebin/rabbit.app",
                 "usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/plugins/rabbit-3.10.8/ebin/README",
                 "usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/plugins/rabbit-3.10.8/ebin/mnesia.beam"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    wanted = rabbitmq_code.modules(tmp_path)
    assert sorted(wanted) == ["mnesia.beam", "rabbit.app", "rabbit.beam"]
    assert "erlang/lib/mnesia" in wanted["mnesia.beam"]
    directory = tmp_path / "code"
    assert rabbitmq_code.present(directory) == {}
    for _ in range(2):
        rabbitmq_code.make(directory, wanted)
        assert rabbitmq_code.present(directory) == wanted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["code", "usr"]
