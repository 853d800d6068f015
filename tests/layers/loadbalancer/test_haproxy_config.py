"""What is written for HAProxy: one section for each listener, and what each kind of listener must have."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest

from fournines.artifacts import haproxy
from fournines.cluster.notation import Wrong
from fournines.layers.layer import Site
from fournines.layers.loadbalancer import alive, artifacts
from fournines.layers.loadbalancer.spec import LoadbalancerSpec

Lines = list[tuple[str, ...]]


def lines_of(site: Site, kind: str, name: str = "", node: str = "ctl1") -> Lines:
    document = haproxy.parse(artifacts.haproxy_text(site, site.cluster.node(node)))
    wanted = (name,) if name else ()
    found = [item.lines for item in document.sections if (item.kind, item.arguments) == (kind, wanted)]
    return list(found[0])


def options(lines: Lines, keyword: str) -> dict[str, tuple[str, ...]]:
    """Of a keyword with a name after it: name -> the rest."""
    return {line[1]: line[2:] for line in lines if line[0] == keyword}


def after(words: tuple[str, ...], name: str) -> str:
    return words[words.index(name) + 1]


@pytest.mark.skipif(not shutil.which("haproxy"), reason="needs haproxy")
def test_haproxy_accepts_it(site: Site) -> None:
    for node in site.cluster.nodes:
        text = artifacts.haproxy_text(site, node)
        done = subprocess.run(["haproxy", "-c", "-f", "/dev/stdin"], input=text, text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stderr


def test_a_node_is_cut_off_when_no_majority_is_left_to_it(site: Site) -> None:
    lines = lines_of(site, "frontend", "alive")
    assert [line[2:] for line in lines if line[:2] == ("monitor", "fail")] == [
        ("if", "!own_database", "!reaches_ctl2", "!reaches_ctl3")]
    acls = [line[1:] for line in lines if line[0] == "acl"]
    assert acls[0] == ("own_database", "srv_is_up(database/ctl1)")
    assert ("reaches_ctl3", "srv_is_up(keystone/ctl3)") in acls
    five = replace(site.cluster, nodes=(*site.cluster.nodes, *(
        replace(site.cluster.nodes[0], name=name) for name in ("ctl4", "ctl5"))))
    away = [line[4:] for line in lines_of(replace(site, cluster=five), "frontend", "alive")
            if line[:2] == ("monitor", "fail")]
    assert len(away) == 4   # with any three of the four others away, two of five are left
    assert {len(names) for names in away} == {3}


def test_where_nobody_can_be_in_the_minority_nothing_is_asked(site: Site) -> None:
    two = replace(site, cluster=replace(site.cluster, nodes=site.cluster.nodes[:2]), exchange=replace(
        site.exchange, listeners=tuple(replace(each, members=("ctl1", "ctl2"))
                                       for each in site.exchange.listeners)))
    assert not options(lines_of(two, "frontend", "alive"), "acl")
    no_database = replace(site.exchange, listeners=site.exchange.listeners[1:])
    assert not options(lines_of(replace(site, exchange=no_database), "frontend", "alive"), "acl")


def test_every_listener_is_bound_to_its_vip_and_knows_every_member(site: Site) -> None:
    for listener in site.exchange.listeners:
        lines = lines_of(site, "listen", listener.name)
        assert list(options(lines, "bind")) == [f"192.168.42.101:{listener.port}"]
        assert {name: rest[0] for name, rest in options(lines, "server").items()} == {
            f"ctl{number}": f"192.168.42.1{number}:{listener.port}" for number in (1, 2, 3)}


def test_only_one_member_is_chosen_and_the_choice_is_shared(site: Site) -> None:
    for listener in ("database", "cache"):
        lines = lines_of(site, "listen", listener)
        assert [name for name, rest in options(lines, "server").items() if "backup" not in rest] == ["ctl3"]
        assert ("stick", "on", "int(1)") in lines
        table = next(line for line in lines if line[0] == "stick-table")
        assert after(table, "peers") == "controllers"
        assert "nopurge" in table
        assert not any(line[0] == "balance" for line in lines)


def test_a_new_choice_finds_room_in_the_table(site: Site) -> None:
    """Each connection takes a place until its member answers: with one place, HAProxy 2.6 never notes a
    change, and sends everybody back as soon as the old member returns."""
    table = next(line for line in lines_of(site, "listen", "database") if line[0] == "stick-table")
    assert int(after(table, "size")) >= LoadbalancerSpec().connections


def test_sessions_to_a_dead_member_are_cut_everywhere(site: Site) -> None:
    for listener in site.exchange.listeners:
        member = next(line for line in lines_of(site, "listen", listener.name) if line[0] == "default-server")
        assert after(member, "on-marked-down") == "shutdown-sessions"
        assert after(member, "tcp-ut") == f"{site.timers.ms('tcp.user_timeout')}ms"


def test_checks_follow_the_timers_of_their_kind(site: Site) -> None:
    for listener in site.exchange.listeners:
        lines = lines_of(site, "listen", listener.name)
        member = next(line for line in lines if line[0] == "default-server")
        for option in ("inter", "fastinter", "downinter"):
            assert after(member, option) == f"{site.timers.ms(f'haproxy.{listener.kind}.{option}')}ms"
        for option in ("fall", "rise"):
            assert after(member, option) == str(site.timers.count(f"haproxy.{listener.kind}.{option}"))
        check_ms = site.timers.ms(f"haproxy.{listener.kind}.check")
        assert options(lines, "timeout")["check"] == (f"{check_ms}ms",)


def test_the_database_is_asked_on_its_health_port(site: Site) -> None:
    lines = lines_of(site, "listen", "database")
    assert after(next(line for line in lines if line[0] == "default-server"), "port") == "9200"
    assert ("http-check", "expect", "status", "200") in lines


def test_a_broker_has_to_speak(site: Site) -> None:
    lines = lines_of(site, "listen", "messaging")
    checks = options(lines, "tcp-check")
    assert bytes.fromhex(checks["send-binary"][0]) == b"AMQP\x00\x00\x09\x01"
    assert checks["expect"] == ("rbinary", "^0100")


def test_a_memcached_has_to_answer(site: Site) -> None:
    checks = options(lines_of(site, "listen", "cache"), "tcp-check")
    assert bytes.fromhex(checks["send-binary"][0]) == b"version\r\n"
    assert checks["expect"] == ("rstring", "^VERSION ")


def test_only_requests_that_change_nothing_are_sent_twice(site: Site, example_site: Site) -> None:
    lines = lines_of(example_site, "listen", "glance")
    assert ("http-request", "disable-l7-retry", "unless", "METH_GET") in lines
    assert ("option", "http-buffer-request") not in lines
    assert ("balance", "leastconn") in lines
    assert ("option", "redispatch", "1") in lines_of(site, "defaults")


def test_long_connections_are_not_cut_for_being_idle(site: Site) -> None:
    for name in ("database", "messaging", "cache"):
        timeouts = options(lines_of(site, "listen", name), "timeout")
        assert timeouts["client"] == timeouts["server"] == ("3600000ms",)


def test_the_peers_meet_on_the_replication_network(site: Site) -> None:
    peers = options(lines_of(site, "peers", "controllers"), "peer")
    assert peers == {f"ctl{number}": (f"10.0.42.1{number}:10000",) for number in (1, 2, 3)}
    for node in site.controllers:
        assert ("localpeer", node) in lines_of(site, "global", node=node)


def test_the_socket_is_for_haproxy_and_cannot_do_everything(site: Site) -> None:
    socket = next(line for line in lines_of(site, "global") if line[:2] == ("stats", "socket"))
    assert after(socket, "mode") == "660"
    assert after(socket, "level") == "operator"


def test_keepalived_asks_where_nobody_else_can(site: Site) -> None:
    lines = lines_of(site, "frontend", "alive")
    assert ("bind", f"127.0.0.1:{alive.ALIVE_PORT}") in lines
    assert ("monitor-uri", "/alive") in lines


@pytest.mark.parametrize("connections", [10, 2_000_000])
def test_absurd_limits_are_refused(connections: int) -> None:
    with pytest.raises(Wrong):
        LoadbalancerSpec(connections=connections)
