"""Who is meant: seats from what the load balancers say, the queue's leader from what the brokers say."""

from __future__ import annotations

import pytest

from fournines.blueprint import predicate
from fournines.blueprint.contribution import Seat
from fournines.blueprint.predicate import Fact
from fournines.blueprint.requests import Failed, Request, Run, UnixAsk
from fournines.blueprint.resources import RESOURCES, Placed, Placements, Runs
from fournines.blueprint.snapshot import Probe
from fournines.drills.aim import Find, draw, finding, role
from fournines.drills.drill import Target
from fournines.drills.settings import ClientSettings
from fournines.drills.workloads.amqp import AmqpSettings
from fournines.engine.compile import Blueprint
from fournines.layers.loadbalancer.health import HAPROXY
from fournines.layers.messaging.health import BROKER
from fournines.nodes.fake import FakeNode

NODES = ("ctl1", "ctl2", "ctl3")
CLIENTS = ClientSettings("192.0.2.1", amqp=AmqpSettings("192.0.2.1", 5672, "u", "p", "drill", "run_1"))


@pytest.fixture
def nodes() -> dict[str, FakeNode]:
    return {name: FakeNode(name) for name in NODES}


@pytest.fixture
def find(nodes: dict[str, FakeNode]) -> Find:
    """A seat whose holder says ``yes``, and brokers that are asked through ``erl_call``."""
    here = Fact(HAPROXY, test=predicate.Test.EQ, wanted="yes")
    probes = (Probe(HAPROXY, dict.fromkeys(NODES, UnixAsk("/run/haproxy", b"show")), lambda reply: reply),
              Probe(BROKER, dict.fromkeys(NODES, Run(("erl_call", "-e"), stdin="status")), lambda _: None))
    seats = (Seat("database writer", here, NODES),)
    return finding(Blueprint("demo", NODES, {}, {}, {}, (), probes, seats=seats), nodes)


async def test_the_writer_is_who_is_said_to_be(find: Find, nodes: dict[str, FakeNode]) -> None:
    for name, node in nodes.items():
        node.script(UnixAsk, "yes" if name == "ctl3" else "no")
    assert await find(Target.DATABASE_WRITER, CLIENTS) == ("ctl3",)
    nodes["ctl1"].script(UnixAsk, "yes")
    assert await find(Target.DATABASE_WRITER, CLIENTS) == ("ctl1", "ctl3")


async def test_a_seat_that_the_cluster_has_not_is_held_by_nobody(find: Find) -> None:
    assert await find(Target.CACHE_IN_USE, CLIENTS) == ()


async def test_brokers_agree_on_who_leads_the_drills_queue(find: Find, nodes: dict[str, FakeNode]) -> None:
    asked: list[Request] = []

    def says(leader: str) -> None:
        for node in nodes.values():
            node.script(Run, lambda request: asked.append(request) or  # type: ignore[func-returns-value]
                        {"rc": 0, "stdout": leader, "stderr": ""})

    says("rabbit@ctl2")
    nodes["ctl3"].unreachable = "it is off"
    nodes["ctl1"].script(Run, Failed("no broker"))
    assert await find(Target.QUEUE_LEADER, CLIENTS) == ("ctl2",)
    (question,) = asked
    assert isinstance(question, Run)
    assert '<<"run_1">>' in question.stdin
    assert question.stdin.endswith(".\n")   # erl_call answers nothing to a line without its end
    nodes["ctl1"].script(Run, {"rc": 0, "stdout": "rabbit@ctl1", "stderr": ""})
    assert await find(Target.QUEUE_LEADER, CLIENTS) == ("ctl1", "ctl2")


async def test_words_that_are_no_node_are_no_leader(find: Find, nodes: dict[str, FakeNode]) -> None:
    for node in nodes.values():
        node.script(Run, {"rc": 0, "stdout": "{badmatch, not_found}", "stderr": ""})
    assert await find(Target.QUEUE_LEADER, CLIENTS) == ()


def test_a_draw_is_the_same_for_the_same_seed() -> None:
    assert draw(NODES, 7) == draw(NODES, 7)
    assert {draw(NODES, seed)[0] for seed in range(20)} == set(NODES)
    assert draw([], 7) == ()


def test_a_role_is_told_as_it_is() -> None:
    assert role(Target.VIP_HOLDER, "192.0.2.1", "x.service", named=False).was == "held 192.0.2.1"
    assert role(Target.VIP_HOLDER, "192.0.2.1", "x.service", named=True).was == "ran x.service"
    assert role(Target.ONE, "192.0.2.1", "", named=False).which == "which is a controller"
    assert role(Target.DATABASE_WRITER, "", "", named=False).was == "was the database writer"


async def test_of_one_database_and_one_broker_pacemaker_knows_where_they_are(nodes: dict[str, FakeNode],
                                                                             ) -> None:
    seats = (Seat("database", Runs("p_mysql", NODES), NODES),
             Seat("broker", Runs("p_rabbitmq", NODES), NODES))
    probes = (Probe(RESOURCES, dict.fromkeys(NODES, Run(("crm_mon",))), lambda reply: reply),
              Probe(BROKER, dict.fromkeys(NODES, Run(("erl_call", "-e"), stdin="status")), lambda _: None))
    placed = Placements(True, "ctl1", NODES, (), (Placed("p_mysql", "ctl2", "Started"),
                                                  Placed("p_rabbitmq", "ctl3", "Started")))
    for node in nodes.values():
        node.script(Run, placed)  # type: ignore[arg-type]
    find = finding(Blueprint("demo", NODES, {}, {}, {}, (), probes, seats=seats), nodes)
    assert await find(Target.DATABASE_WRITER, CLIENTS) == ("ctl2",)
    assert await find(Target.QUEUE_LEADER, CLIENTS) == ("ctl3",)
