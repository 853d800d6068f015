from __future__ import annotations

import pytest

from fournines.blueprint.requests import Failed, HttpGet, Reply, Request, Run
from fournines.blueprint.snapshot import Probe
from fournines.drills.checkers.deaf import no_deaf_connection
from fournines.drills.deaf import Work, deaf, working
from fournines.drills.operation import Pooled
from fournines.engine.compile import Blueprint
from fournines.layers.database.health import STATE
from fournines.layers.messaging.health import BROKER
from fournines.nodes.fake import FakeNode

BEFORE = Work({"drills run": 1, "/ notifications.info": 3}, {"ctl1": 9})


def test_all_is_as_before() -> None:
    assert deaf(BEFORE, BEFORE, ["ctl1"]) == ()


@pytest.mark.parametrize(("now", "said"), [
    (Work({"drills run": 0, "/ notifications.info": 3}, {}), "the queue drills run has 0 of its 1 consumers"),
    (Work({"drills run": -1}, {}), "the queue drills run has 0 of its 1 consumers"),
    (Work({"/ notifications.info": 2}, {}), "the queue / notifications.info has 2 of its 3 consumers"),
    (Work(None, {}), "no broker says who consumes from its queues"),
    (Work({}, {"ctl1": 9, "ctl2": 1}),
     "1 session is still with the database of ctl2, which is not the writer"),
])
def test_what_does_no_work_is_said(now: Work, said: str) -> None:
    assert deaf(BEFORE, now, ["ctl1"]) == (said,)


def test_what_is_no_loss() -> None:
    assert deaf(BEFORE, Work({"drills run": 2}, {"ctl1": 30}), ["ctl1"]) == ()   # a queue of replies is gone
    assert deaf(BEFORE, Work({}, {"ctl1": 1, "ctl2": 1}), []) == ()   # nobody is the writer: an invariant
    assert deaf(Work({}, {}), Work(None, {}), []) == ()


@pytest.mark.parametrize(("pooled", "truth"), [
    (Pooled(3, 1, 0), True), (Pooled(3, 0, 1), False), (Pooled(0, 0, 0), None), (None, None)])
def test_a_connection_that_says_nothing_is_deaf(pooled: Pooled | None, truth: bool | None) -> None:
    assert no_deaf_connection("SQL", pooled).truth is truth


async def test_the_first_broker_that_answers_is_believed_and_every_database_asked() -> None:
    ask = Run(("erl_call",), stdin="status")
    blueprint = Blueprint("demo", ("ctl1", "ctl2"), {}, {}, {}, (), (
        Probe(BROKER, {"ctl1": ask, "ctl2": ask}, str),
        Probe(STATE, {name: HttpGet("http://x/state") for name in ("ctl1", "ctl2")}, str)))
    nodes = {name: FakeNode(name) for name in ("ctl1", "ctl2")}

    def answer(node: str) -> object:
        def reply(request: Request) -> Reply:
            assert isinstance(request, Run)
            if request.argv[0] == "erl_call":
                assert "rabbit_amqqueue:consumers" in request.stdin
                return Failed("down") if node == "ctl1" else {"rc": 0, "stdout": '{"/ q": 2}', "stderr": ""}
            return {"rc": 0, "stdout": "7\n", "stderr": ""} if node == "ctl1" else Failed("no socket")
        return reply

    for name, node in nodes.items():
        node.script(lambda request: isinstance(request, Run), answer(name))
    assert await working(blueprint, nodes)() == Work({"/ q": 2}, {"ctl1": 7})
    for node in nodes.values():
        node.unreachable = "off"
    assert await working(blueprint, nodes)() == Work(None, {})
