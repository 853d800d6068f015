"""How the one broker comes into being: left to Pacemaker, its code where it finds it quickly."""

from __future__ import annotations

from fournines.blueprint.in_force import InForce, restart_of
from fournines.blueprint.predicate import Fact
from fournines.blueprint.requests import NODE_PYTHON, Run
from fournines.blueprint.resources import LOAD_RESOURCES
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.layers.layer import Site
from fournines.layers.messaging.active_passive import artifacts, health
from fournines.layers.messaging.active_passive.artifacts import CODE_SCRIPT
from fournines.layers.messaging.active_passive.resources import RABBITMQ
from fournines.layers.messaging.artifacts import (
    ADVANCED,
    BROKER_DROP_IN,
    BROKER_UNIT,
    CONFIG,
    COOKIE,
    DEFINITIONS,
    ENVIRONMENT,
    EPMD_FILES,
    EPMD_UNIT,
)
from fournines.layers.messaging.health import PORT_MAPPER
from fournines.layers.messaging.spec import MessagingSpec

LEAVE = "messaging: leave the broker to Pacemaker"
COLLECT = "messaging: put the broker's code where it is found at once"
BEFORE_RESOURCES = (LEAVE, COLLECT, f"messaging: start {EPMD_UNIT}")
RESTART = restart_of("messaging", RABBITMQ)
# Accounts are among them: the broker knows those that were there when it started.
READ = (COOKIE, CONFIG, ADVANCED, ENVIRONMENT, DEFINITIONS, BROKER_DROP_IN)
MADE_S, SEEN_S = 60.0, 30.0


def services(nodes: tuple[str, ...]) -> tuple[Service, ...]:
    """The port mapper, for the tools on each node; no broker."""
    return (Service(EPMD_UNIT, nodes, EPMD_FILES, ready=Gate(Fact(PORT_MAPPER), timeout_s=10.0)),)


def in_force(site: Site, spec: MessagingSpec) -> InForce:
    """What the broker was started with."""
    files = tuple(item for item in artifacts.files(site, spec) if item.path in READ)
    return InForce("messaging", "rabbitmq", RABBITMQ, (BROKER_UNIT,), dict.fromkeys(site.controllers, files))


def steps(site: Site, spec: MessagingSpec) -> tuple[Step, ...]:
    """Before Pacemaker has it, and once it runs with older files."""
    nodes = site.controllers
    return (
        health.left(nodes).let_go(LEAVE, why="systemd would start it at boot, on both nodes", stop=True),
        Step(COLLECT, On.EACH,
             {node: (Run((*NODE_PYTHON, CODE_SCRIPT, "make"), timeout_s=MADE_S),) for node in nodes},
             why="Erlang looks for each of a thousand modules in ninety directories, which is most of the "
                 "time that a start of the broker takes",
             unless=Fact(health.CODE), until=Gate(Fact(health.CODE), SEEN_S)),
        in_force(site, spec).restart("its clients wait for as long as its stop and its start take",
                                     (LOAD_RESOURCES,)),
    )
