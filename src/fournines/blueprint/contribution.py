"""What a layer gives to the blueprint, and what layers ask of one another through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.hardware import Hardware
from fournines.blueprint.predicate import Fact, Predicate
from fournines.blueprint.resources import Resources
from fournines.blueprint.snapshot import Probe
from fournines.blueprint.steps import Service, Step
from fournines.cluster.needs import SecretKind as SecretKind  # layers find all their words here
from fournines.cluster.needs import SecretNeed as SecretNeed
from fournines.findings import Severity


class Spread(StrEnum):
    """How a listener chooses among its members."""

    LEAST_CONNECTIONS = "leastconn"
    ONE_ACTIVE = "one active"   # one member takes everything until it fails; no automatic fail-back


@dataclass(frozen=True, slots=True)
class Listener:
    """A service that clients reach through a VIP. ``check_path`` empty means a TCP check on ``check_port``
    (0: the service's own port). ``kind`` chooses the timers: api, database, messaging. ``unit`` is what
    serves it on each member. ``repeatable_post`` is the path of a POST that leaves nothing behind: one
    without an answer may go to another member."""

    name: str
    vip: str
    port: int
    kind: str
    members: tuple[str, ...]
    spread: Spread = Spread.LEAST_CONNECTIONS
    mode: str = "http"
    check_path: str = ""
    check_port: int = 0
    unit: str = ""
    repeatable_post: str = ""


@dataclass(frozen=True, slots=True)
class SqlAccount:
    """A database and the account that owns it; ``secret`` names the password in the secret store."""

    database: str
    user: str
    secret: str


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """A message broker account; ``secret`` names the password in the secret store."""

    user: str
    secret: str
    administrator: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """Phase one: what a layer needs others to provide for it.

    ``resources`` is what Pacemaker is to run, once the steps named in ``before_resources`` have gone (a file
    system made, a service's own start at boot taken away). ``service_resources`` is what it may start only
    when those run and the steps in ``before_service_resources`` have gone: an API whose tables are made in a
    database that is a resource itself.
    """

    listeners: tuple[Listener, ...] = ()
    sql_accounts: tuple[SqlAccount, ...] = ()
    broker_accounts: tuple[BrokerAccount, ...] = ()
    secrets: tuple[SecretNeed, ...] = ()
    resources: Resources = field(default_factory=Resources)
    before_resources: tuple[str, ...] = ()
    service_resources: Resources = field(default_factory=Resources)
    before_service_resources: tuple[str, ...] = ()
    hardware: tuple[Hardware, ...] = ()


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that must hold now, judged by ``verify``. ``name`` reads as a sentence:
    ``exactly one node holds the address internal (192.168.42.101)``."""

    name: str
    holds: Predicate
    remedy: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Seat:
    """A role that one node holds at a time, shown by ``status``: ``vip internal``, ``database writer``."""

    name: str
    holder: Predicate
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a layer, for ``status``: who is well, and how many may still fail.
    ``needs`` is how many must stay (a majority, or one)."""

    layer: str
    well: Predicate
    nodes: tuple[str, ...]
    needs: int


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that has to work once it is needed, for ``status``: when it was last seen to. ``facts`` are
    numbers, in seconds since the epoch, on any of ``nodes``; the latest holds."""

    name: str
    facts: tuple[Fact, ...]
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contribution:
    """Phase two: everything a layer puts on the nodes, by node name, and how it is brought up and judged.

    ``gates`` maps units of other layers to what must hold too, on the node that was touched, before the unit
    counts as back and the next member may be touched.
    """

    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    directories: Mapping[str, tuple[NodeDirectory, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[NodeFile, ...]] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    gates: Mapping[str, Predicate] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    probes: tuple[Probe, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    seats: tuple[Seat, ...] = ()
    members: tuple[Members, ...] = ()
    proofs: tuple[Proof, ...] = ()
