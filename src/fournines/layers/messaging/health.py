"""What a broker says of itself, and what must hold: one cluster, nobody missing, every replica serving.

The question costs milliseconds (``node/status.erl``), so it may be part of every plan and every status.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files as package_files

from fournines.blueprint.contribution import Invariant, Members
from fournines.blueprint.predicate import (
    All,
    Either,
    Fact,
    Judgement,
    Not,
    OnAny,
    OnEvery,
    OnOthers,
    Predicate,
    Surely,
    Test,
)
from fournines.blueprint.requests import JsonValue, Run, TcpConnect
from fournines.blueprint.snapshot import Probe, Snapshot, Unreadable
from fournines.blueprint.unit_active import active
from fournines.layers.layer import Site
from fournines.layers.messaging.artifacts import DISTRIBUTION_PORT, EPMD_PORT, GUARD_UNIT, member

BROKER, PORT_MAPPER, GUARD = "messaging.broker", "messaging.port_mapper", "messaging.guard"
_QUESTION = (package_files("fournines.layers.messaging") / "node" / "status.erl").read_text(encoding="utf-8")

_ASK_S, _ONE_AT_A_TIME = 5.0, "/run/lock/fournines-broker-questions"


@dataclass(frozen=True, slots=True)
class Broker:
    """``state`` is RabbitMQ's boot state; the rest is empty unless that is ``ready``. Nodes by our names.

    ``incomplete``: quorum queues with fewer replicas than wanted; ``silent``: those whose replica on this
    node does not serve; the first 20 of each, as virtual host and name. ``leads`` counts the leaders here.
    """

    state: str
    cluster: str = ""
    members: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    quorum_queues: int = 0
    leads: int = 0
    incomplete: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    guest: bool = False


def parse_broker(reply: JsonValue) -> Broker:
    """The answer of ``status.erl``; Unreadable where it is anything else."""
    text = reply.get("stdout") if isinstance(reply, dict) else None
    try:
        said = json.loads(text if isinstance(text, str) else "")
        if said["state"] != "ready":
            return Broker(str(said["state"]))
        return Broker(
            "ready", str(said["cluster"]), members=_nodes(said["members"]), running=_nodes(said["running"]),
            partitions=_nodes(said["partitions"]), alarms=_texts(said["alarms"]),
            quorum_queues=int(said["quorum_queues"]), leads=int(said["leads"]),
            incomplete=_texts(said["incomplete"]), silent=_texts(said["silent"]), guest=bool(said["guest"]))
    except (ValueError, KeyError, TypeError) as problem:
        raise Unreadable(f"not the status of a broker: {problem}") from None


def _nodes(names: list[str]) -> tuple[str, ...]:
    return tuple(sorted(name.removeprefix("rabbit@") for name in names))


def _texts(items: list[str]) -> tuple[str, ...]:
    return tuple(sorted(str(item) for item in items))


def parse_port_mapper(reply: JsonValue) -> bool:
    """Whether somebody listens where the other brokers look for this one."""
    if not isinstance(reply, dict) or not isinstance(reply.get("open"), bool):
        raise Unreadable("not the outcome of a connection")
    return reply["open"] is True


def asking(address: str) -> Run:
    """The broker is asked over its distribution port, as the account whose cookie opens it. One question at a
    time: it refuses a second who calls himself as erl_call does, and names of their own would stay in its
    table of atoms."""
    return Run(("flock", "--timeout", f"{_ASK_S:g}", _ONE_AT_A_TIME,
                "erl_call", "-address", f"{address}:{DISTRIBUTION_PORT}", "-timeout", f"{_ASK_S:g}",
                "-fetch_stdout", "-no_result_term", "-e"),
               stdin=_QUESTION, user="rabbitmq", timeout_s=2 * _ASK_S + 1)


def probes(site: Site) -> tuple[Probe, ...]:
    """Asked of every controller."""
    addresses = {node.name: str(node.replication) for node in site.cluster.controllers}
    return (
        Probe(BROKER, {name: asking(address) for name, address in addresses.items()}, parse_broker),
        Probe(PORT_MAPPER, {name: TcpConnect(address, EPMD_PORT) for name, address in addresses.items()},
              parse_port_mapper),
        active(GUARD, GUARD_UNIT, addresses),
    )


def well(site: Site) -> Predicate:
    """This broker serves, as a member of the whole cluster, with its part of every quorum queue."""
    return All((Fact(BROKER, "state", wanted="ready"), Fact(BROKER, "members", wanted=everybody(site)),
                Fact(BROKER, "partitions", wanted=()), Fact(BROKER, "silent", wanted=())))


def everybody(site: Site) -> tuple[str, ...]:
    """The names of all members, as ``Broker`` has them."""
    return tuple(sorted(site.controllers))


SERVES = Fact(BROKER, "state", wanted="ready")
_GROW = ("fournines apply adds them; where it cannot, rabbitmq-queues grow says what is in the way, and a "
         "queue that nobody needs can be deleted")


@dataclass(frozen=True, slots=True)
class Complete:
    """Every quorum queue that the broker knows, and that is all there are, has as many replicas as wanted."""

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        fact = Fact(BROKER, "incomplete", wanted=())
        inner = fact.judge(snapshot, node)
        if inner.truth is not False:
            return inner
        few = fact.seen(snapshot, node)
        named = ", ".join(map(str, few)) if isinstance(few, tuple) else few
        return Judgement(False, f"{node}: quorum queues with too few replicas: {named} ({_GROW})",
                         inner.consulted)

    def __str__(self) -> str:
        return "every quorum queue has all its replicas"


def complete(site: Site) -> Predicate:
    """As every broker says."""
    return OnEvery(site.controllers, Complete())


def complete_as_can_be(site: Site) -> Predicate:
    """No broker says that one is not; or one of them does not serve, which can be given no replica."""
    return Either((OnEvery(site.controllers, Not(Surely(Not(Complete())))),
                   OnAny(site.controllers, Not(Surely(SERVES)))))


def serves_if_any(site: Site) -> Predicate:
    """The broker serves; or none is known to, and then it is all the same whose turn it is."""
    return Either((SERVES, Not(OnAny(site.controllers, Surely(SERVES)))))


def others_enough(site: Site) -> Predicate:
    """The others are well, and no queue loses its majority with this broker: all replicas are there, or it is
    known to serve none."""
    return All((OnOthers(site.controllers, well(site)),
                Either((OnOthers(site.controllers, Complete()),
                        Surely(Fact(BROKER, "state", Test.NE, "ready"))))))


def members(site: Site) -> Members:
    """A majority must stay: the minority pauses itself, and quorum queues need one to take a message."""
    return Members("messaging", well(site), site.controllers, needs=len(site.controllers) // 2 + 1)


def invariants(site: Site) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    def on_every(name: str, field: str, wanted: object, remedy: str) -> Invariant:
        return Invariant(name, OnEvery(site.controllers, Fact(BROKER, field, wanted=wanted)), remedy)

    return (
        on_every("every broker is ready", "state", "ready",
                 "look at /var/log/rabbitmq and journalctl -u rabbitmq-server there; then: fournines apply"),
        on_every("every broker sees all others run", "running", everybody(site),
                 "bring the missing broker, or the replication network between them, back"),
        on_every("the brokers are one cluster", "members", everybody(site),
                 "on the broker that stands alone, once nothing in it is needed: rabbitmqctl stop_app, reset,"
                 f" join_cluster {member(site.controllers[0])}, start_app"),
        on_every("the broker cluster has this cluster's name", "cluster", site.cluster.name,
                 f"rabbitmqctl set_cluster_name {site.cluster.name}"),
        on_every("no broker has seen a partition", "partitions", (),
                 "its guard restarts the one that is alone: journalctl -u fournines-broker-guard there"),
        Invariant("every broker has its guard", OnEvery(site.controllers, Fact(GUARD)),
                  "look at journalctl -u fournines-broker-guard on that node; then: fournines apply"),
        Invariant("every quorum queue has all its replicas", complete(site), "fournines apply adds them"),
        on_every("every replica of a quorum queue serves", "silent", (),
                 "it may still be catching up; if it stays, restart the broker of that node"),
        on_every("no broker holds publishers back", "alarms", (),
                 "free memory or disk on that node, or raise memory_share in the cluster file"),
        on_every("no broker knows the account guest", "guest", False, "fournines apply removes it"),
    )
