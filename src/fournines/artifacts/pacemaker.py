"""The values of Pacemaker's configuration: what a cluster runs, where and in which order.

``Resources`` are what layers ask for, ``Configuration`` is the whole of what people write; ``cib.py`` has it
as XML. Every value knows the ``line`` it was read from, 0 where it was made.
Sources: Pacemaker Explained 2.1, chapters 3 to 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Operation:
    """An action and its limits in seconds. ``interval_s`` 0 is the action itself, else it recurs; ``role`` is
    Promoted, Unpromoted, Started, Stopped or empty; ``on_fail`` empty leaves Pacemaker's default.
    ``parameters`` are such as OCF_CHECK_LEVEL."""

    name: str
    interval_s: float
    timeout_s: float
    role: str = ""
    on_fail: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Primitive:
    """One resource. ``agent`` is ``ocf:heartbeat:IPaddr2``, ``systemd:UNIT`` or ``stonith:fence_redfish``."""

    id: str
    agent: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Primitives that run on one node together and start in this order."""

    id: str
    members: tuple[str, ...]
    meta: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Clone:
    """``of``, a primitive or a group, on several nodes; where ``promotable``, promoted on some of them, which
    is not to be said again in ``meta``."""

    id: str
    of: str
    promotable: bool = False
    meta: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Location:
    """``resource`` (in ``role``) runs rather on ``node`` (``score`` above 0) or not (below); ``INFINITY`` is
    must."""

    id: str
    resource: str
    node: str
    score: str
    role: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Preference:
    """``resource`` runs rather, by ``score``, where the node's ``attribute`` is at least ``least``."""

    id: str
    resource: str
    attribute: str
    least: int
    score: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Colocation:
    """``resource`` (in ``role``) runs where ``with_resource`` (in ``with_role``) does."""

    id: str
    resource: str
    with_resource: str
    score: str = "INFINITY"
    role: str = ""
    with_role: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Order:
    """``first`` before ``then``; an action is start, stop, promote or demote, empty for start. ``kind`` is
    Mandatory, Optional or Serialize."""

    id: str
    first: str
    then: str
    first_action: str = ""
    then_action: str = ""
    kind: str = "Mandatory"
    symmetrical: bool = True
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Resources:
    """A part of what a cluster runs; parts add up with ``+``."""

    primitives: tuple[Primitive, ...] = ()
    groups: tuple[Group, ...] = ()
    clones: tuple[Clone, ...] = ()
    locations: tuple[Location, ...] = ()
    colocations: tuple[Colocation, ...] = ()
    orders: tuple[Order, ...] = ()
    preferences: tuple[Preference, ...] = ()

    def __add__(self, other: Resources) -> Resources:
        return Resources(self.primitives + other.primitives, self.groups + other.groups,
                         self.clones + other.clones, self.locations + other.locations,
                         self.colocations + other.colocations, self.orders + other.orders,
                         self.preferences + other.preferences)

    def __bool__(self) -> bool:
        return bool(self.primitives)


@dataclass(frozen=True, slots=True)
class Property:
    """A setting of the cluster, or a default of all resources or operations."""

    name: str
    value: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Level:
    """The fencing devices of ``target`` that are tried together at ``index``, from 1; the next where one
    fails."""

    id: str
    target: str
    index: int
    devices: tuple[str, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Other:
    """An element that the model does not hold: what it is (``rsc_ticket``), and its id."""

    tag: str
    id: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What people write of a CIB; ``nodes`` are names, ``others`` what could be read only by its id."""

    properties: tuple[Property, ...] = ()
    resources: Resources = field(default_factory=Resources)
    levels: tuple[Level, ...] = ()
    resource_defaults: tuple[Property, ...] = ()
    operation_defaults: tuple[Property, ...] = ()
    nodes: tuple[str, ...] = ()
    others: tuple[Other, ...] = ()
