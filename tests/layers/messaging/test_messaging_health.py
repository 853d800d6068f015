"""What is made of a broker's answer, and when a broker may be touched."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import pytest

from fournines.blueprint.predicate import holders
from fournines.blueprint.snapshot import Absent, Snapshot, Unreadable
from fournines.engine import graph
from fournines.engine.compile import compile
from fournines.engine.decide import Verdict, decide
from fournines.engine.verify import Checked
from fournines.layers.layer import Site
from fournines.layers.messaging import LAYER, health
from fournines.layers.messaging.spec import MessagingSpec

# As erl_call printed it on a node of the lab, RabbitMQ 3.10.8.
READY = ('{"alarms":[],"cluster":"demo","guest":false,"incomplete":[],"leads":1,"members":["rabbit@ctl3",'
         '"rabbit@ctl2","rabbit@ctl1"],"partitions":[],"quorum_queues":1,"running":["rabbit@ctl2","rabbit@ctl3",'
         '"rabbit@ctl1"],"silent":[],"state":"ready"}')
BOOTING = '{"state": "booting"}'
EVERYBODY = ("ctl1", "ctl2", "ctl3")


def seen(text: str = READY, /, **changed: object) -> health.Broker:
    return health.parse_broker({"rc": 0, "stdout": json.dumps({**json.loads(text), **changed}), "stderr": ""})


def snapshot(**brokers: object) -> Snapshot:
    found = {name: brokers.get(name, seen()) for name in EVERYBODY}
    return Snapshot({name: {health.BROKER: value, health.GUARD: True} for name, value in found.items()}, {})


def broken(site: Site, look: Snapshot) -> set[str]:
    judged = [Checked(item, item.holds.judge(look, "")) for item in LAYER.contribute(site).invariants]
    return {item.invariant.name for item in judged if item.judgement.truth is not True}


def test_a_ready_broker_is_read() -> None:
    assert seen() == health.Broker("ready", "demo", EVERYBODY, EVERYBODY, quorum_queues=1, leads=1)


def test_of_a_booting_broker_only_its_state_is_known() -> None:
    assert seen(BOOTING) == health.Broker("booting")


@pytest.mark.parametrize("reply", [
    None, {"rc": 0, "stdout": ""}, {"rc": 0, "stdout": "{error, nodedown}"}, {"rc": 0, "stdout": "[]"},
    {"rc": 0, "stdout": '{"state": "ready"}'},
    {"rc": 0, "stdout": '{"state": "ready", "cluster": 1, "members": 3}'}])
def test_anything_else_is_no_answer(reply: object) -> None:
    with pytest.raises(Unreadable):
        health.parse_broker(reply)  # type: ignore[arg-type]


def test_nothing_is_asked_of_a_broker_that_boots() -> None:
    """Asking for more than its boot state at that time deadlocks the boot for good."""
    question = (files("fournines.layers.messaging") / "node" / "status.erl").read_text(encoding="utf-8")
    code = [line for line in question.splitlines() if not line.startswith("%%")]
    assert code[:2] == ["case rabbit_boot_state:get() of", "    ready ->"]


def test_a_whole_cluster_satisfies_every_invariant(site: Site) -> None:
    assert broken(site, snapshot()) == set()


@pytest.mark.parametrize(("changed", "name"), [
    ({"running": ["rabbit@ctl1", "rabbit@ctl2"]}, "every broker sees all others run"),
    ({"members": ["rabbit@ctl1"]}, "the brokers are one cluster"),
    ({"partitions": ["rabbit@ctl3"]}, "no broker has seen a partition"),
    ({"incomplete": ["/ q"]}, "every quorum queue has all its replicas"),
    ({"silent": ["/ q"]}, "every replica of a quorum queue serves"),
    ({"alarms": ["memory"]}, "no broker holds publishers back"),
    ({"guest": True}, "no broker knows the account guest"),
    ({"cluster": "other"}, "the broker cluster has this cluster's name")])
def test_each_defect_breaks_its_invariant(site: Site, changed: dict[str, object], name: str) -> None:
    assert broken(site, snapshot(ctl2=seen(**changed))) == {name}


def test_who_is_well_counts_as_a_member(site: Site) -> None:
    members = health.members(site)
    look = snapshot(ctl2=seen(BOOTING), ctl3=Absent("refused"))
    assert holders(members.well, look, members.nodes) == ("ctl1",)
    assert members.needs == 2


@pytest.mark.parametrize(("other", "allowed"), [
    (seen(), True), (seen(BOOTING), False), (seen(silent=["/ q"]), False),
    (seen(partitions=["rabbit@ctl1"]), False), (seen(incomplete=["/ q"]), False), (Absent("refused"), None)])
def test_a_broker_is_restarted_only_while_all_others_are_well(site: Site, other: object,
                                                              allowed: bool | None) -> None:
    service = next(item for item in LAYER.contribute(site).services if item.unit == "rabbitmq-server.service")
    assert service.others_ok is not None
    assert service.others_ok.judge(snapshot(ctl3=other), "ctl1").truth is allowed


def test_a_broker_that_waits_for_its_own_restart_does_not_block_it(site: Site) -> None:
    service = next(item for item in LAYER.contribute(site).services if item.unit == "rabbitmq-server.service")
    assert service.others_ok is not None
    assert service.others_ok.judge(snapshot(ctl1=seen(BOOTING)), "ctl1").truth is True


COMPLETE, RESTART = "messaging: complete the quorum queues", "messaging: restart rabbitmq-server.service"


def test_queues_are_completed_before_a_broker_is_restarted(site: Site) -> None:
    cluster = replace(site.cluster, layers={"messaging": MessagingSpec()})
    blueprint = compile(cluster, site.timers, site.secrets, (replace(LAYER, after=()),))
    assert COMPLETE in blueprint.needs[RESTART]
    assert RESTART not in graph.ancestors(blueprint.needs, COMPLETE)
    assert "systemctl stop rabbitmq-server.service" in blueprint.step(RESTART).refusal


@pytest.mark.parametrize(("own", "allowed"), [
    (seen(BOOTING), True),   # serves none, and cannot be given one before it is restarted
    (seen(incomplete=["/ q"]), False), (Absent("refused"), False)])
def test_a_queue_without_all_replicas_keeps_brokers_that_serve(site: Site, own: object,
                                                               allowed: bool) -> None:
    few = seen(incomplete=["/ q"])
    judged = health.others_enough(site).judge(snapshot(ctl1=own, ctl2=few, ctl3=few), "ctl1")
    assert judged.truth is allowed
    if not allowed:
        assert "too few replicas: / q (fournines apply adds them; where it cannot, rabbitmq-queues grow" in (
            judged.because)


@pytest.mark.parametrize(("ctl2", "ctl3", "chosen", "over"), [
    (seen(incomplete=["/ q"]), seen(), "ctl1", False),
    (seen(), seen(), "", True),
    (seen(incomplete=["/ q"]), seen(BOOTING), "ctl1", True),   # left to the guard of the restart
    (seen(incomplete=["/ q"]), Absent("refused"), "ctl1", True)])
def test_completing_waits_for_nobody_who_does_not_serve(site: Site, ctl2: object, ctl3: object, chosen: str,
                                                        over: bool) -> None:
    (step,) = [each for each in LAYER.contribute(site).steps if each.name == COMPLETE]
    look = snapshot(ctl2=ctl2, ctl3=ctl3)
    (decision,) = decide(step, look)
    assert (decision.node if decision.verdict is Verdict.ACT else "") == chosen
    assert step.until is not None
    assert step.until.holds.judge(look, "ctl1").truth is over


def test_a_broker_that_hangs_does_not_complete_queues_itself(site: Site) -> None:
    (step,) = [each for each in LAYER.contribute(site).steps if each.name == COMPLETE]
    (decision,) = decide(step, snapshot(ctl1=Absent("no answer")))
    assert (decision.node, decision.verdict) == ("ctl2", Verdict.ACT)


def test_where_none_is_known_to_serve_nothing_is_refused(site: Site) -> None:
    """They have just been started, or are asked by somebody else; the gate waits, and the restart has its own
    guard."""
    (step,) = [each for each in LAYER.contribute(site).steps if each.name == COMPLETE]
    (decision,) = decide(step, snapshot(**dict.fromkeys(EVERYBODY, Absent("no answer"))))
    assert step.only_if is not None
    assert step.only_if.judge(snapshot(**dict.fromkeys(EVERYBODY, Absent("no answer"))), "ctl1").truth is True
    assert (decision.node, decision.verdict) == ("ctl1", Verdict.ACT)


def test_a_broker_alone_has_nothing_to_complete(site: Site) -> None:
    alone = replace(site, cluster=replace(site.cluster, nodes=site.cluster.nodes[:1]))
    part = LAYER.contribute(alone)
    assert COMPLETE not in {each.name for each in part.steps}
    service = next(item for item in part.services if item.unit == "rabbitmq-server.service")
    assert service.others_ok is not None
    assert service.before_change == ()
    assert service.others_ok.judge(snapshot(ctl1=Absent("no answer")), "ctl1").truth is True
