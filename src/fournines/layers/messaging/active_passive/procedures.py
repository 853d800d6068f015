"""How the one broker comes into being: left to Pacemaker."""

from __future__ import annotations

from fournines.blueprint.predicate import Fact
from fournines.blueprint.steps import Gate, Service, Step
from fournines.layers.messaging.active_passive import health
from fournines.layers.messaging.artifacts import EPMD_FILES, EPMD_UNIT
from fournines.layers.messaging.health import PORT_MAPPER

LEAVE = "messaging: leave the broker to Pacemaker"
BEFORE_RESOURCES = (LEAVE, f"messaging: start {EPMD_UNIT}")


def services(nodes: tuple[str, ...]) -> tuple[Service, ...]:
    """The port mapper, for the tools on each node; no broker."""
    return (Service(EPMD_UNIT, nodes, EPMD_FILES, ready=Gate(Fact(PORT_MAPPER), timeout_s=10.0)),)


def steps(nodes: tuple[str, ...]) -> tuple[Step, ...]:
    """Before Pacemaker has it."""
    return (health.left(nodes).let_go(LEAVE, why="systemd would start it at boot, on both nodes", stop=True),)
