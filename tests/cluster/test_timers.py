"""Timers: what the derivation gives, keeps and refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fournines.cluster.timers import (
    NAMES,
    Timers,
    Unit,
    derive,
    explain,
    explain_chains,
    smallest_promise_s,
    tolerated_stalls,
)
from fournines.cluster.timers.kernel import silent_peer_s, unanswered_syn_s
from fournines.cluster.topology import Cluster, Node, Recovery, Vip
from fournines.errors import ClusterFileError

GOLDEN = Path(__file__).parent / "golden"
LAYERS = ("host", "database", "messaging", "cache", "loadbalancer", "images", "api")
PROMISES = st.integers(min_value=300, max_value=60_000).map(lambda hundredths: hundredths / 100)


def cluster(recover_within_s: float = 5.0, *, controllers: int = 3, layers: tuple[str, ...] = LAYERS,
            **overrides: str) -> Cluster:
    """A cluster file's worth of topology; override names are written with __ for the dot."""
    nodes = tuple(Node(f"ctl{number}", {"management": IPv4Address(f"192.168.42.{10 + number}")})
                  for number in range(1, controllers + 1))
    return Cluster(
        name="demo", release="zed", distro="debian-12", recovery=Recovery(recover_within_s), networks={},
        vips={"internal": Vip("internal", IPv4Address("192.168.42.101"), "management")}, nodes=nodes,
        layers=dict.fromkeys(layers, object()),
        overrides={name.replace("__", "."): text for name, text in overrides.items()})


def refusal(wrong: Cluster) -> list[str]:
    with pytest.raises(ClusterFileError) as caught:
        derive(wrong)
    return [str(finding) for finding in caught.value.findings]


def test_the_default_promise_gives_the_values_that_were_measured() -> None:
    timers = derive(cluster(5))
    assert timers.ms("vrrp.advert_int") == 250
    assert [timers.ms(f"galera.{name}") for name in (
        "suspect_timeout", "inactive_timeout", "keepalive_period", "inactive_check_period", "install_timeout",
    )] == [1500, 3000, 300, 300, 3000]
    assert (timers.ms("haproxy.database.inter"), timers.ms("haproxy.database.check")) == (300, 500)
    assert (timers.ms("haproxy.api.inter"), timers.ms("haproxy.api.check")) == (1000, 1000)
    assert timers.count("tcp.retries2") == 3
    assert timers.seconds("rabbitmq.net_ticktime") == 3


@pytest.mark.parametrize("promise", [5, 30])
def test_explained_as_recorded(promise: int, as_recorded: Callable[[Path, str], None]) -> None:
    timers = derive(cluster(promise))
    lines = [f"{row.name} = {row.value}\n    {row.formula}\n    {row.because}\n    [{row.source}]"
             for row in explain(timers)]
    lines += [f"{row.name}: {row.lower} to {row.upper}\n    {row.waits}" for row in explain_chains(timers)]
    as_recorded(GOLDEN / f"timers-{promise}s.txt", "\n".join(lines) + "\n")


@given(PROMISES)
@settings(max_examples=300, deadline=None)
def test_every_single_failure_ends_within_the_promise(promise: float) -> None:
    timers = derive(cluster(promise))
    assert {chain.name: chain.upper_s for chain in timers.chains if chain.upper_s > promise} == {}
    assert all(chain.lower_s <= chain.upper_s for chain in timers.chains)
    assert timers.warnings == ()


@given(PROMISES, PROMISES)
@settings(max_examples=300, deadline=None)
def test_a_longer_promise_never_shortens_a_timer_or_a_chain(one: float, other: float) -> None:
    short, long = derive(cluster(min(one, other))), derive(cluster(max(one, other)))
    assert [name for name in NAMES if long[name].value < short[name].value] == []
    both = zip(short.chains, long.chains, strict=True)
    assert [one.name for one, other in both if other.upper_s < one.upper_s - 1e-9] == []


@given(PROMISES)
@settings(max_examples=200, deadline=None)
def test_half_a_second_without_cpu_is_no_failure(promise: float) -> None:
    assert [stall for stall in tolerated_stalls(derive(cluster(promise))) if stall.seconds < 0.5] == []


@given(PROMISES)
@settings(max_examples=200, deadline=None)
def test_values_are_what_the_components_can_be_told(promise: float) -> None:
    timers = derive(cluster(promise))
    whole = ("rabbitmq.net_ticktime", "rabbitmq.heartbeat", "tcp.keepalive_time", "tcp.keepalive_interval",
             "vrrp.check_interval", "vrrp.check_timeout", "images.ping_timeout", "oslo.db.connect_timeout",
             "oslo.messaging.heartbeat_timeout", "oslo.cache.dead_retry")
    assert [name for name in whole if timers.seconds(name) != int(timers.seconds(name))] == []
    centiseconds = timers.seconds("vrrp.advert_int") * 100
    assert centiseconds == pytest.approx(round(centiseconds))
    durations = [name for name in NAMES if timers[name].unit is Unit.SECONDS]
    assert [name for name in durations if timers.ms(name) != pytest.approx(timers.seconds(name) * 1000)] == []


def test_a_relaxed_promise_ends_at_the_vendors_defaults() -> None:
    timers = derive(cluster(600))
    assert timers.seconds("galera.suspect_timeout") == 5
    assert timers.seconds("galera.inactive_timeout") == 10
    assert timers.seconds("vrrp.advert_int") == 1
    assert timers.seconds("rabbitmq.net_ticktime") == 60
    assert timers.seconds("oslo.messaging.heartbeat_timeout") == 60
    assert timers.seconds("images.ping_timeout") == 42


def test_a_promise_out_of_reach_names_the_limit_and_the_smallest_one() -> None:
    with pytest.raises(ClusterFileError) as caught:
        derive(cluster(2))
    (finding,) = caught.value.findings
    assert finding.where == "recovery.recover_within"
    assert finding.remedy == "write at least 3s"
    assert "tcp.retries2" in finding.detail


def test_the_smallest_promise_is_kept_and_depends_on_the_layers() -> None:
    assert smallest_promise_s(cluster(0.5)) == 3.0
    database = cluster(0.5, layers=("database",))
    least = smallest_promise_s(database)
    assert least < 3
    derive(replace(database, recovery=Recovery(least)))
    assert refusal(replace(database, recovery=Recovery(round(least - 0.1, 1))))


def test_layers_that_the_cluster_lacks_have_no_chains() -> None:
    two = ("database", "host")
    assert {chain.layer for chain in derive(cluster(layers=two)).chains} == set(two)


def test_an_override_is_marked_and_followed_by_what_depends_on_it() -> None:
    timers = derive(cluster(30, galera__suspect_timeout="2s"))
    suspect = timers["galera.suspect_timeout"]
    assert suspect.overridden
    assert suspect.formula.startswith("set by the operator; would be 0.3 x recover_within")
    assert timers.ms("galera.keepalive_period") == 400
    assert not timers["galera.keepalive_period"].overridden


def test_an_override_that_breaks_the_promise_warns_with_chain_and_excess() -> None:
    timers = derive(cluster(5, galera__suspect_timeout="4s"))
    assert ("galera.suspect_timeout breaks the promise: after node power loss: SQL standing connection up to "
            "5.5 s may pass, 500 ms more than recover_within 5 s"
            ) in [item.summary for item in timers.warnings]
    assert {item.where for item in timers.warnings} == {"overrides.galera.suspect_timeout"}


@pytest.mark.parametrize(("overrides", "said"), [
    ({"galera.suspect_timout": "2s"}, "is not a timer: did you mean galera.suspect_timeout?"),
    ({"zzz": "2s"}, "is not a timer: fournines render --explain lists them all"),
    ({"galera.suspect_timeout": "2"}, "write 2s for seconds"),
    ({"haproxy.api.fall": "3s"}, "is a count: write a whole number without a unit"),
    ({"rabbitmq.net_ticktime": "2500ms"}, "is 2500ms, but is kept in whole seconds: write 2s"),
    ({"vrrp.advert_int": "255ms"}, "is kept in multiples of 10 ms: write 0.25s"),
    ({"tcp.keepalive_time": "0s"}, "write at least 1s"),
    ({"galera.keepalive_period": "1s"}, "has to be at most 0.33 x galera.suspect_timeout"),
    ({"galera.inactive_check_period": "1s"}, "has to be at most 0.5 x galera.suspect_timeout"),
    ({"galera.inactive_timeout": "1s"}, "galera.suspect_timeout is 1.5 s, but has to be at most"),
    ({"galera.install_timeout": "4s"}, "has to be at most galera.inactive_timeout = 3 s"),
    ({"galera.install_timeout": "500ms"}, "has to be at least evs.join_retrans_period = 1 s"),
    ({"vrrp.advert_int": "41s"}, "has to be at most 40.95 s"),
    ({"vrrp.first_priority": "255"}, "have to stay between 1 and 254"),
    ({"vrrp.priority_step": "200"}, "run from 250 to -150"),
])
def test_an_unusable_override_is_refused(overrides: dict[str, str], said: str) -> None:
    found = refusal(replace(cluster(), overrides=overrides))
    assert any(said in line for line in found), found


@pytest.mark.parametrize(("overrides", "said"), [
    ({"haproxy.api.check": "2s"}, "should be below haproxy.api.inter x haproxy.api.fall = 2 s"),
    ({"haproxy.api.fastinter": "2s"}, "should be at most haproxy.api.inter"),
    ({"vrrp.check_timeout": "2s"}, "should be at most vrrp.check_interval"),
    ({"oslo.db.recycle": "3600s"}, "should be below haproxy.tunnel.server"),
    ({"galera.silence": "1500ms"}, "should be below galera.suspect_timeout"),
])
def test_what_components_take_and_others_ship_is_a_warning(overrides: dict[str, str], said: str) -> None:
    warnings = derive(replace(cluster(), overrides=overrides)).warnings
    assert any(said in warning.summary for warning in warnings), warnings


def test_all_problems_are_told_at_once() -> None:
    three = {"nonsense": "1s", "tcp.retries2": "x", "vrrp.first_priority": "300"}
    assert len(refusal(replace(cluster(1), overrides=three))) == 4


def test_overrides_may_keep_a_promise_that_the_floors_do_not() -> None:
    tight = derive(cluster(2.9, layers=("host",), tcp__retries2="2", tcp__keepalive_probes="1"))
    assert tight.warnings == ()


def test_priorities_fit_any_number_of_controllers() -> None:
    timers = derive(cluster(controllers=60))
    assert timers.count("vrrp.first_priority") - 59 * timers.count("vrrp.priority_step") >= 1


def test_the_kernels_formulas() -> None:
    assert [silent_peer_s(count) for count in (3, 8, 15)] == [3.0, 102.2, 924.6]
    assert [unanswered_syn_s(count) for count in (1, 6)] == [3.0, 127.0]


def test_a_duration_is_not_a_count() -> None:
    timers: Timers = derive(cluster())
    with pytest.raises(TypeError, match="is a count"):
        timers.seconds("tcp.retries2")
    with pytest.raises(TypeError, match="is a duration"):
        timers.count("vrrp.advert_int")


def test_two_members_need_no_time_to_agree() -> None:
    """More of them have to be of one mind; 1.2 of the token is what Corosync takes itself."""
    layers = ("host", "membership")
    assert [derive(cluster(30, controllers=count, layers=layers)).ms("corosync.consensus")
            for count in (2, 3)] == [600, 3600]
    slow = derive(cluster(60, controllers=2, layers=layers, corosync__token="20s"))
    assert slow.ms("corosync.consensus") == 2000


def test_less_than_the_token_is_enough_for_two_and_too_little_for_three() -> None:
    layers, consensus = ("host", "membership"), {"corosync__consensus": "600ms"}
    assert not derive(cluster(30, controllers=2, layers=layers, **consensus)).warnings
    (finding,) = derive(cluster(30, controllers=3, layers=layers, **consensus)).warnings
    assert finding.summary.endswith("should be at most 0.83 x corosync.consensus = 500 ms")
    (refused,) = refusal(cluster(30, controllers=2, layers=layers, corosync__consensus="40ms"))
    assert refused.endswith("corosync.consensus is 40ms: write at least 0.05s")


@given(PROMISES.filter(lambda promise: promise >= 20), st.sampled_from((2, 3)))
def test_drbd_knows_of_a_lost_side_no_later_than_corosync(promise: float, controllers: int) -> None:
    """A promotion is refused while DRBD still holds a connection to a primary."""
    timers = derive(cluster(promise, controllers=controllers, layers=("host", "membership", "storage")))
    known_s = timers.seconds("drbd.ping_interval") + timers.seconds("drbd.ping_timeout")
    assert known_s <= timers.seconds("corosync.token") + timers.seconds("corosync.consensus")


def arbitrated(recover_within_s: float, **overrides: str) -> Cluster:
    """Two nodes and an arbitrator."""
    pair = cluster(recover_within_s, controllers=2, layers=("host", "membership"), **overrides)
    alone = Node("arbiter", {"management": IPv4Address("192.168.42.20")}, arbitrator=True)
    return replace(pair, nodes=(*pair.nodes, alone))


@given(PROMISES.filter(lambda promise: promise >= 15))
def test_an_arbitrator_is_never_waited_for(promise: float) -> None:
    """It has lost a silent member by the time that the others have, and is told no shorter heartbeat than the
    second that it takes."""
    timers = derive(arbitrated(promise))
    timeout = timers.seconds("corosync.device_timeout")
    assert 1.2 * timeout <= timers.seconds("corosync.token") + timers.seconds("corosync.consensus")
    assert 0.8 * timeout >= 1
    decided = timers.seconds("corosync.device_sync_timeout")
    assert 1.2 * timeout < decided < timers.seconds("sbd.watchdog_timeout")
    assert timers.seconds("pacemaker.fence_delay") == 0


def test_an_arbitrator_that_is_waited_for_is_a_part_of_the_bound() -> None:
    slow = derive(arbitrated(30, corosync__device_timeout="10s", corosync__device_sync_timeout="30s"))
    (chain,) = [each for each in slow.chains if each.name == "node power loss: address of Pacemaker"]
    (term,) = [each for each in chain.terms if each.timers == ("corosync.device_timeout",)]
    assert term.upper_s == pytest.approx(12 - 3.6 + 0.5)   # 1.2 x 10 s, of which token and consensus are over


def test_an_arbitrator_that_has_no_time_to_decide_is_a_warning() -> None:
    hasty = derive(arbitrated(30, corosync__device_sync_timeout="3s"))
    (finding,) = hasty.warnings
    assert finding.summary == ("corosync.device_timeout is 2.88 s, but should be at most 0.83 x "
                               "corosync.device_sync_timeout = 2.5 s")


def test_a_recorded_arbitrator_of_others_counts() -> None:
    """Layers of a run that was kept are plain data."""
    pair = cluster(30, controllers=2)
    assert replace(pair, layers={"membership": {"arbitrator": "192.0.2.10"}}).arbitrated
    assert not replace(pair, layers={"membership": {"arbitrator": ""}}).arbitrated
