from __future__ import annotations

from fournines.blueprint.predicate import All, Fact, OnOthers
from fournines.blueprint.requests import JsonValue, Run
from fournines.blueprint.snapshot import Absent, Gone, Probe, Snapshot
from fournines.engine.observe import consulted, observe
from store_cluster import NODES, STATE, World, make_blueprint


def number(reply: JsonValue) -> object:
    return int(str(reply))


async def test_one_batch_per_node_answers_everything(world: World) -> None:
    snapshot = await observe(world.nodes, make_blueprint().probes)
    assert [len(node.batches) for node in world.nodes.values()] == [1, 1, 1]
    assert snapshot.value("ctl1", "store.account") is False
    assert isinstance(snapshot.value("ctl1", "store.state"), Absent)


async def test_probes_that_ask_the_same_share_one_request(world: World) -> None:
    twice = [Probe(name, {"ctl1": STATE}, str) for name in ("one", "other")]
    await observe(world.nodes, twice, {("ctl1", "one"), ("ctl1", "other")})
    assert world.nodes["ctl1"].batches == [(STATE,)]


async def test_only_what_is_wanted_is_asked_and_of_no_other_node(world: World) -> None:
    snapshot = await observe(world.nodes, make_blueprint().probes, {("ctl2", "store.account")})
    assert [len(node.asked) for node in world.nodes.values()] == [0, 1, 0]
    assert set(snapshot.values) == {"ctl2"}


async def test_a_node_without_an_answer_is_gone_and_says_why(world: World) -> None:
    world.nodes["ctl2"].unreachable = "no route to host"
    snapshot = await observe(world.nodes, make_blueprint().probes)
    assert snapshot.gone == {"ctl2": Gone("no route to host")}


async def test_an_answer_that_cannot_be_read_is_absent_with_the_reason(world: World) -> None:
    world.nodes["ctl1"].script(Run(("count",)), "many")
    snapshot = await observe(world.nodes, [Probe("count", {"ctl1": Run(("count",))}, number)])
    value = snapshot.value("ctl1", "count")
    assert isinstance(value, Absent)
    assert "unreadable: invalid literal" in value.reason


def test_what_a_predicate_would_look_at_is_known_without_looking() -> None:
    predicate = All((Fact("a.b", "c"), OnOthers(NODES, Fact("d.e"))))
    assert consulted((predicate, None), "ctl1", NODES) == {("ctl1", "a.b"), ("ctl2", "d.e"), ("ctl3", "d.e")}


def test_a_predicate_that_compares_all_nodes_is_followed_too() -> None:
    class Most:
        def judge(self, snapshot: Snapshot, node: str) -> None:
            snapshot.known("seqno")

    assert consulted((Most(),), "ctl1", NODES) == {(node, "seqno") for node in NODES}  # type: ignore[arg-type]
