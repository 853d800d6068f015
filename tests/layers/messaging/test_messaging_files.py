"""What is written for the brokers: who listens where, who may come in, and no password anywhere."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from fournines.artifacts import environment, erlang, rabbitmq, systemd
from fournines.blueprint.files import NodeFile
from fournines.cluster.notation import Wrong
from fournines.layers.layer import Site
from fournines.layers.messaging import LAYER, accounts, artifacts
from fournines.layers.messaging.spec import MessagingSpec


def files_of(site: Site, node: str) -> dict[str, NodeFile]:
    return {file.path: file for file in LAYER.contribute(site).files[node]}


def text_of(site: Site, node: str, path: str) -> str:
    return files_of(site, node)[path].content.decode()


def settings_of(site: Site, node: str) -> dict[str, str]:
    configuration = rabbitmq.parse(text_of(site, node, artifacts.CONFIG))
    return {entry.key: entry.value for entry in configuration.entries}


def definitions_of(site: Site) -> rabbitmq.Definitions:
    return rabbitmq.parse_definitions(text_of(site, "ctl1", artifacts.DEFINITIONS))


def test_clients_come_over_management_and_members_over_replication(site: Site) -> None:
    assert settings_of(site, "ctl2")["listeners.tcp.management"] == "192.168.42.12:5672"
    advanced = text_of(site, "ctl2", artifacts.ADVANCED)
    assert "{inet_dist_use_interface, {10, 0, 42, 12}}" in advanced
    socket = next(section for section in systemd.parse(text_of(site, "ctl2", artifacts.EPMD_DROP_IN)).sections
                  if section.name == "Socket")
    listening = [entry.value for entry in socket.entries if entry.key == "ListenStream"]
    assert listening == ["", "10.0.42.12:4369", "127.0.0.1:4369"]


def test_erlang_finds_every_member_on_the_replication_network(site: Site) -> None:
    inetrc = text_of(site, "ctl1", artifacts.INETRC)
    for number in (1, 2, 3):
        assert f'{{host, {{10, 0, 42, 1{number}}}, ["ctl{number}"]}}.' in inetrc
    variables = {entry.key: entry.value
                 for entry in environment.parse(text_of(site, "ctl1", artifacts.ENVIRONMENT)).entries}
    assert variables["NODENAME"] == "rabbit@ctl1"
    assert artifacts.INETRC in variables["SERVER_ADDITIONAL_ERL_ARGS"]
    assert artifacts.INETRC in variables["CTL_ERL_ARGS"]


def test_every_member_knows_the_same_cluster(site: Site) -> None:
    def peers(node: str) -> list[str]:
        return [value for key, value in settings_of(site, node).items() if ".classic_config.nodes." in key]

    assert peers("ctl1") == ["rabbit@ctl1", "rabbit@ctl2", "rabbit@ctl3"]
    assert peers("ctl1") == peers("ctl2") == peers("ctl3")
    cookies = {files_of(site, node)[artifacts.COOKIE].content for node in site.controllers}
    assert len(cookies) == 1


def test_a_minority_pauses_and_timers_come_from_the_promise(site: Site) -> None:
    settings = settings_of(site, "ctl1")
    assert settings["cluster_partition_handling"] == "pause_minority"
    assert settings["net_ticktime"] == f"{site.timers.seconds('rabbitmq.net_ticktime'):g}"
    assert settings["heartbeat"] == f"{site.timers.seconds('rabbitmq.heartbeat'):g}"
    poll_ms = site.timers.ms("rabbitmq.aten_poll_interval")
    assert f"{{aten, [{{poll_interval, {poll_ms}}}]}}" in text_of(site, "ctl1", artifacts.ADVANCED)


def test_the_kernel_tells_the_brokers_of_a_lost_peer(site: Site) -> None:
    """1500 ms as a C integer, on connections of both directions; Erlang reads what is written."""
    advanced = erlang.parse(text_of(site, "ctl1", artifacts.ADVANCED))
    option = erlang.Tuple((erlang.Atom("raw"), 6, 18, (1500).to_bytes(4, "little")))
    assert isinstance(advanced, erlang.List)
    kernel = dict(item.items for item in advanced.items)[erlang.Atom("kernel")]
    for name in ("inet_dist_listen_options", "inet_dist_connect_options"):
        assert dict(item.items for item in kernel.items)[erlang.Atom(name)] == erlang.List((option,))


def test_queues_are_quorum_queues_unless_their_client_says_otherwise(site: Site) -> None:
    assert definitions_of(site).default_queue_type == "quorum"


def test_accounts_are_those_asked_for_and_guest_is_not_among_them(site: Site) -> None:
    users = {user.name for user in definitions_of(site).users}
    assert users == {account.user for account in site.exchange.broker_accounts} | {"drills"}
    assert "guest" not in users


def test_the_drills_may_touch_their_own_virtual_host_only(site: Site) -> None:
    rights = {(permission.user, permission.vhost) for permission in definitions_of(site).permissions}
    assert rights == {("glance", accounts.VHOST), ("drills", accounts.DRILL_VHOST)}


def test_a_password_opens_its_account_and_stands_in_no_file(site: Site) -> None:
    password = site.secret(accounts.DRILL_ACCOUNT.secret)
    drills = next(user for user in definitions_of(site).users if user.name == "drills")
    stored = base64.b64decode(drills.password_hash)
    assert stored[4:] == hashlib.sha256(stored[:4] + password.encode()).digest()
    for file in files_of(site, "ctl1").values():
        assert password.encode() not in file.content


def test_what_opens_the_broker_is_readable_to_the_broker_only(site: Site) -> None:
    files = files_of(site, "ctl1")
    cookie, definitions = files[artifacts.COOKIE], files[artifacts.DEFINITIONS]
    assert (cookie.mode, cookie.owner, cookie.group) == (0o400, "rabbitmq", "rabbitmq")
    assert (definitions.mode, definitions.owner, definitions.group) == (0o640, "root", "rabbitmq")
    assert cookie.secret
    assert definitions.secret


def test_the_same_cluster_gives_the_same_bytes(site: Site) -> None:
    assert LAYER.contribute(site).files == LAYER.contribute(site).files


@pytest.mark.parametrize(("members", "wanted"), [(1, 1), (3, 3), (5, 5), (7, 5)])
def test_a_quorum_queue_has_at_most_five_replicas(members: int, wanted: int) -> None:
    assert artifacts.replicas(members) == wanted


def test_a_broker_waits_for_its_peers_longer_than_systemd_would(site: Site) -> None:
    settings = settings_of(site, "ctl1")
    waits_s = (int(settings["mnesia_table_loading_retry_limit"])
               * int(settings["mnesia_table_loading_retry_timeout"]) / 1000)
    found = re.search(r"TimeoutStartSec=(\d+)", text_of(site, "ctl1", artifacts.BROKER_DROP_IN))
    assert found is not None
    assert int(found[1]) > waits_s


@pytest.mark.parametrize("wrong", [
    {"memory_share": 0.0}, {"memory_share": 0.9}, {"memory_limit_mb": 64}, {"disk_reserve_mb": 10},
    {"schedulers": -1}])
def test_limits_that_would_hurt_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(Wrong):
        MessagingSpec(**wrong)  # type: ignore[arg-type]
