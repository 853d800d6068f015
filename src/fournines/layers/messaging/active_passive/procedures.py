"""How the one broker comes into being: left to Pacemaker, its code where it finds it quickly."""

from __future__ import annotations

from fournines.blueprint.in_force import restart_of
from fournines.blueprint.predicate import Fact
from fournines.blueprint.requests import NODE_PYTHON, Run
from fournines.blueprint.resources import LOAD_RESOURCES
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.layers.messaging.active_passive import health
from fournines.layers.messaging.active_passive.artifacts import CODE_SCRIPT
from fournines.layers.messaging.active_passive.resources import RABBITMQ
from fournines.layers.messaging.artifacts import EPMD_FILES, EPMD_UNIT
from fournines.layers.messaging.health import PORT_MAPPER

STOP = "messaging: stop the broker that systemd started"
LEAVE = "messaging: leave the broker to Pacemaker"
COLLECT = "messaging: put the broker's code where it is found at once"
BEFORE_RESOURCES = (LEAVE, COLLECT, f"messaging: start {EPMD_UNIT}")
RESTART = restart_of("messaging", RABBITMQ)
MADE_S, SEEN_S = 60.0, 30.0


def services(nodes: tuple[str, ...]) -> tuple[Service, ...]:
    """The port mapper, for the tools on each node; no broker."""
    return (Service(EPMD_UNIT, nodes, EPMD_FILES, ready=Gate(Fact(PORT_MAPPER), timeout_s=10.0)),)


def steps(nodes: tuple[str, ...]) -> tuple[Step, ...]:
    """Before Pacemaker has it, and once it runs with older files."""
    return (
        health.left(nodes).stop(STOP, RABBITMQ),
        health.left(nodes).let_go(LEAVE, why="systemd would start it at boot, on both nodes", needs=(STOP,)),
        Step(COLLECT, On.EACH,
             {node: (Run((*NODE_PYTHON, CODE_SCRIPT, "make"), timeout_s=MADE_S),) for node in nodes},
             why="Erlang looks for each of a thousand modules in ninety directories, which is most of the "
                 "time that a start of the broker takes",
             unless=Fact(health.CODE), until=Gate(Fact(health.CODE), SEEN_S)),
        health.in_force(nodes).restart("its clients wait for as long as its stop and its start take",
                                       (LOAD_RESOURCES,)),
    )
