"""What the one broker says of itself, and what has to be true of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fournines.blueprint.contribution import Invariant, Members, Seat
from fournines.blueprint.files import NodeFile
from fournines.blueprint.in_force import InForce
from fournines.blueprint.left_alone import LeftAlone, on_one_node
from fournines.blueprint.predicate import Fact, OnAny
from fournines.blueprint.requests import NODE_PYTHON, JsonValue, Run, TcpConnect
from fournines.blueprint.resources import Runs
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.volumes import Volume
from fournines.layers.layer import Site
from fournines.layers.messaging.active_passive.artifacts import CODE_SCRIPT, HERE
from fournines.layers.messaging.active_passive.resources import RABBITMQ
from fournines.layers.messaging.artifacts import BROKER_FILES, BROKER_UNIT, EPMD_PORT
from fournines.layers.messaging.health import BROKER, PORT_MAPPER, asking, parse_broker, parse_port_mapper

BOOT, CODE = "messaging.boot", "messaging.code"


def parse_code(reply: JsonValue) -> bool:
    """From ``rabbitmq_code.py current``."""
    if not isinstance(reply, dict) or reply.get("rc") not in (0, 1):
        raise Unreadable("not what rabbitmq_code.py tells")
    return reply["rc"] == 0


def left(nodes: tuple[str, ...]) -> LeftAlone:
    """The broker's unit."""
    return LeftAlone(BOOT, (BROKER_UNIT,), nodes)


def in_force(nodes: tuple[str, ...]) -> InForce:
    """What the broker was started with. Accounts are part of it: it knows those that were there then."""
    return InForce("messaging", "rabbitmq", RABBITMQ, (BROKER_UNIT,), nodes)


def probes(nodes: tuple[str, ...], files: Mapping[str, Sequence[NodeFile]]) -> tuple[Probe, ...]:
    """Asked of both nodes; the broker answers on one. ``files``: what is written on each."""
    current = Run((*NODE_PYTHON, CODE_SCRIPT, "current"), check=False)
    return (
        Probe(BROKER, dict.fromkeys(nodes, asking(HERE)), parse_broker),
        Probe(PORT_MAPPER, dict.fromkeys(nodes, TcpConnect(HERE, EPMD_PORT)), parse_port_mapper),
        left(nodes).asked(),
        Probe(CODE, dict.fromkeys(nodes, current), parse_code),
        in_force(nodes).asked(files, BROKER_FILES),
    )


def invariants(site: Site) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    nodes = site.controllers

    def where_it_runs(name: str, field: str, wanted: object, remedy: str) -> Invariant:
        return Invariant(name, OnAny(nodes, Fact(BROKER, field, wanted=wanted)), remedy)

    return (
        on_one_node("the broker", RABBITMQ, nodes),
        where_it_runs("the broker is ready", "state", "ready",
                      "look at /var/log/rabbitmq and journalctl -u rabbitmq-server there"),
        where_it_runs("the broker does not hold publishers back", "alarms", (),
                      "free memory or disk there, or raise memory_share in the cluster file"),
        where_it_runs("the broker does not know the account guest", "guest", False,
                      "rabbitmqctl delete_user guest, on the node that runs it"),
        left(nodes).invariant("systemd does not start the broker"),
        in_force(nodes).invariant(),
    )


def seats(nodes: tuple[str, ...]) -> tuple[Seat, ...]:
    """Where it is."""
    return (Seat("broker", Runs(RABBITMQ, nodes), nodes),)


def membership(volume: Volume, nodes: tuple[str, ...]) -> Members:
    """Those with all messages; one is enough."""
    return Members("messaging", volume.has_data, nodes, 1)
