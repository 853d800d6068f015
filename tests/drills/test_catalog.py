"""Every drill of the catalogue is complete: an undo, a proof, and a chain that exists."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.blueprint.requests import Run
from fournines.cluster.file import load
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster
from fournines.drills import acting, on_node
from fournines.drills.beforehand import why_not_of
from fournines.drills.catalog import DRILLS, FAMILIES
from fournines.drills.drill import SILENCING, Act, Drill, Effect, Target
from fournines.drills.faults import unreach_fencing
from fournines.drills.intervention import Intervention, from_data, injection, undoing
from fournines.drills.prediction import predicted
from fournines.drills.settings import AMQP, CINDER, GLANCE, KEYSTONE, NEUTRON, SQL_NEW, SQL_STANDING, TCP
from fournines.errors import Refused
from fournines.layers import SPECS
from fournines.layers.storage.spec import StorageSpec

EXAMPLES = Path(__file__).parents[2] / "examples"
EVERY = CLUSTER, GUIDE, GROUPS, ARBITRATED = tuple(
    load(EXAMPLES / f"{name}.yaml", SPECS)
    for name in ("three-controllers", "guide-two-node", "three-node-active-passive", "two-node-arbitrator"))
TIMERS = derive(CLUSTER)
UNDO = {Act.POWER_OFF: Act.POWER_ON, Act.FREEZE: Act.THAW, Act.THROTTLE: Act.UNTHROTTLE,
        Act.CUT: Act.PLUG_IN, Act.KILL: Act.START, Act.HANG: Act.CONTINUE, Act.STOP: Act.START,
        Act.RESTART: Act.START, Act.DROP: Act.ACCEPT, Act.SWALLOW: Act.ACCEPT, Act.LOSE: Act.ACCEPT,
        Act.DELAY: Act.HURRY, Act.LIMIT: Act.RELEASE, Act.MISCONFIGURE: Act.RESTORE, Act.FILL: Act.EMPTY,
        Act.SET_CLOCK: Act.CORRECT_CLOCK, Act.STANDBY: Act.ONLINE, Act.DETACH: Act.ATTACH,
        Act.UNREACH: Act.REACH}
every = pytest.mark.parametrize("drill", DRILLS.values(), ids=DRILLS.keys())


def runs_in(drill: Drill, cluster: Cluster) -> bool:
    return not why_not_of(drill, cluster)


def deeds(drill: Drill) -> list[tuple[Intervention, Intervention]]:
    """Of each of its faults: what is done, and its undo."""
    cluster = next(each for each in EVERY if runs_in(drill, each))
    node = cluster.controllers[0].name
    made = [(fault, injection(fault, cluster, node)) for fault in drill.faults]
    return [(injected, undoing(fault, injected, "fournines-drill-x")) for fault, injected in made]


@every
def test_every_fault_has_its_undo_and_needs_something(drill: Drill) -> None:
    assert drill.fault.undo is UNDO[drill.fault.inject]
    assert drill.fault.needs
    assert all(fault.undo is UNDO[fault.inject] for fault in drill.faults)


@every
def test_what_takes_it_away_survives_being_written_down(drill: Drill) -> None:
    for _, undo in deeds(drill):
        assert from_data(json.loads(json.dumps(undo.as_data()))) == undo


@every
def test_a_fault_inside_a_node_can_be_armed_there(drill: Drill) -> None:
    for injected, undo in deeds(drill):
        if acting.is_outside(injected.act):
            continue
        assert on_node.requests(injected)
        assert on_node.requests(undo)
        assert on_node.by_itself(undo)
        assert "{" not in injected.setting


@every
def test_its_chain_exists(drill: Drill) -> None:
    bounds = predicted(TIMERS.chains, drill.chain, lower_holds=drill.lower_holds)
    assert bool(bounds) is bool(drill.chain)
    assert all(0 <= each.lower_s <= each.upper_s <= CLUSTER.recovery.recover_within_s
               for each in bounds.values())


@every
def test_its_layer_and_networks_are_those_of_a_cluster(drill: Drill) -> None:
    assert any(runs_in(drill, each) for each in EVERY)
    assert drill.fault.target is not Target.DATABASE_WRITER or drill.layer == "database"
    assert (drill.fault.effect in SILENCING) is (drill.fault.inject in (Act.POWER_OFF, Act.FREEZE))


def test_all_kinds_of_faults_targets_and_proofs_are_used() -> None:
    faults = [fault for drill in DRILLS.values() for fault in drill.faults]
    assert {fault.inject for fault in faults} == set(UNDO)
    assert {fault.target for fault in faults} == set(Target)
    assert {fault.effect for fault in faults} == set(Effect)


def test_of_a_pair_the_chains_are_those_of_one_at_a_time() -> None:
    """Detection and fencing are certain in them, and nobody elects or votes."""
    timers = derive(GUIDE)
    lost = predicted(timers.chains, DRILLS["power-off-vip-holder"].chain, lower_holds=True)
    assert set(lost) == {SQL_STANDING, SQL_NEW, AMQP}
    for bounds in lost.values():
        assert timers.seconds("corosync.token") <= bounds.lower_s < bounds.upper_s <= 30.0
    crashed = predicted(timers.chains, DRILLS["kill-database-writer"].chain, lower_holds=True)
    assert set(crashed) == {SQL_STANDING, SQL_NEW}
    assert all(each.lower_s == 0.0 for each in crashed.values())
    assert predicted(timers.chains, DRILLS["hang-broker"].chain, lower_holds=True) == {}
    components = {term.component for chain in timers.chains if chain.layer == "database"
                  for term in chain.terms}
    assert components == {"corosync", "pacemaker"}


def test_of_a_group_of_apis_the_chains_are_pacemakers() -> None:
    """The lost node need not be theirs, so nothing is certain; and what comes after the first has none."""
    timers = derive(GROUPS)
    lost = predicted(timers.chains, DRILLS["power-off-vip-holder"].chain, lower_holds=True)
    assert set(lost) == {SQL_STANDING, SQL_NEW, AMQP, KEYSTONE, TCP}
    assert lost[KEYSTONE].lower_s == 0.0 < timers.seconds("corosync.token") < lost[KEYSTONE].upper_s <= 20.0
    assert predicted(timers.chains, DRILLS["kill-cinder"].chain, lower_holds=True) == {}
    assert predicted(timers.chains, DRILLS["hang-keystone"].chain, lower_holds=True) == {}
    everywhere = predicted(TIMERS.chains, DRILLS["kill-keystone"].chain, lower_holds=True)
    assert set(everywhere) == {KEYSTONE, GLANCE, CINDER, NEUTRON}


def test_what_a_cluster_has_not_is_not_broken_in_it() -> None:
    def broken(cluster: Cluster) -> set[str]:
        return {name for name, drill in DRILLS.items() if runs_in(drill, cluster)}

    assert {"kill-cinder", "hang-neutron-l3", "stop-corosync-on-vip-holder"} <= broken(GROUPS)
    assert "swallow-keystone" in broken(CLUSTER)
    assert why_not_of(DRILLS["swallow-keystone"], GROUPS) == "breaks what only an active-active api has"
    assert not {"kill-cinder", "kill-ceilometer-central", "kill-neutron-l3"} & broken(CLUSTER)
    assert "kill-glance" in broken(CLUSTER)
    assert not {"kill-glance", "power-off-then-kill-haproxy", "kill-qdevice"} & broken(GUIDE)
    assert {"kill-qnetd", "hang-qdevice", "power-off-arbitrator"} <= broken(ARBITRATED)


def test_the_way_to_fencing_is_that_to_its_devices() -> None:
    deed = injection(DRILLS["power-off-with-fencing-unreachable"].beside, GUIDE, "node2")  # type: ignore[arg-type]
    assert str(deed) == "unreach 192.168.42.254"
    (asked,) = on_node.requests(deed)
    assert isinstance(asked, Run)
    assert asked.argv[-1] == "192.168.42.254"
    with pytest.raises(Refused, match="no fencing device"):
        injection(unreach_fencing(Target.OTHER), CLUSTER, "ctl1")


def test_a_cut_without_names_is_of_every_network() -> None:
    deed = injection(DRILLS["cut-all-links-of-vip-holder"].fault, CLUSTER, "ctl2")
    assert deed.networks == ("management", "replication")
    assert str(deed) == "cut management and replication"


def test_a_partition_is_from_the_other_controllers_only() -> None:
    deed = injection(DRILLS["asymmetric-partition"].fault, CLUSTER, "ctl1")
    assert deed.peers == ("192.168.42.12", "192.168.42.13")
    both = injection(DRILLS["partition-halves"].fault, CLUSTER, "ctl1")
    assert both.peers == ("192.168.42.12", "192.168.42.13", "10.0.42.12", "10.0.42.13")


def test_a_partial_partition_is_from_one_of_the_others() -> None:
    deed = injection(DRILLS["partial-partition"].fault, CLUSTER, "ctl2")
    assert deed.peers == ("192.168.42.11", "10.0.42.11")


def test_every_process_fails_in_every_way() -> None:
    names = [drill.name.partition("-") for family in ("processes", "attendants", "pacemaker", "arbitrator")
             for drill in FAMILIES[family] if drill.fault.unit]
    ways: dict[str, set[str]] = {}
    for way, _, process in names:
        ways.setdefault(process, set()).add(way)
    assert all(found == {"kill", "hang", "stop", "restart"} for found in ways.values())
    assert len(ways) == 26


def test_who_reads_what_will_be_done_sees_how_much() -> None:
    told = {name: str(deeds(DRILLS[name])[0][0]) for name in (
        "lose-packets-of-vip-holder", "delay-packets-of-vip-holder", "starve-database-writer",
        "full-disk-of-broker", "clock-jumps-ahead")}
    assert told == {
        "lose-packets-of-vip-holder": "lose (20 % of what passes between it and 192.168.42.12, "
                                      "192.168.42.13, 10.0.42.12, 10.0.42.13)",
        "delay-packets-of-vip-holder": "delay (by 200 ms what leaves from 192.168.42.11)",
        "starve-database-writer": "limit mariadb.service (CPUQuota=2%)",
        "full-disk-of-broker": "fill /var/lib/rabbitmq/mnesia", "clock-jumps-ahead": "set clock (by 120 s)"}


def test_of_a_volume_that_moves_what_is_mounted_is_filled() -> None:
    """And no directory above it, which is on the root's file system: that is not filled."""
    storage = GUIDE.spec(StorageSpec)
    assert storage is not None
    mounts = {volume.mount for volume in storage.resources}
    for name in ("full-disk-of-broker", "full-disk-of-database-writer"):
        assert injection(DRILLS[name].fault, GUIDE, "node1").setting in mounts


def test_a_network_that_is_not_there_is_refused() -> None:
    single = replace(CLUSTER, networks={"management": CLUSTER.networks["management"]})
    with pytest.raises(Refused, match="no network replication"):
        injection(DRILLS["cut-replication-of-writer"].fault, single, "ctl1")


@pytest.mark.parametrize("data", [{"act": "explode", "target": "ctl1"}, {"target": "ctl1"},
                                  {"act": "heal", "target": "ctl1", "networks": 5}])
def test_what_is_no_intervention_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_data(data)
