"""A configuration of Pacemaker: resources, constraints and properties, each with its place.

Source: Pacemaker Explained 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from fournines.audit.knowledge.agents import Agent, agent
from fournines.findings import Place

DEFAULT_TIMEOUT_S = 20.0
PROMOTED = frozenset(("Promoted", "Master"))
UNPROMOTED = frozenset(("Unpromoted", "Slave"))


@dataclass(frozen=True, slots=True)
class Value:
    """A word, and where it stands."""

    text: str
    at: Place

    @property
    def on(self) -> bool:
        return self.text.lower() in ("true", "yes", "on", "y", "1")

    @property
    def off(self) -> bool:
        return self.text.lower() in ("false", "no", "off", "n", "0")


Values = Mapping[str, Value]

_UNITS_S = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 0.001, "msec": 0.001, "us": 1e-6, "usec": 1e-6,
            "m": 60.0, "min": 60.0, "h": 3600.0, "hr": 3600.0}


def seconds(value: Value | None, default_s: float = 0.0) -> float:
    """A duration (``30``, ``30s``, ``2min``), the longest of those for nodes (``node1:5s;node2:2s``); the
    default where it is none."""
    if value and ":" in value.text:
        return max(seconds(replace(value, text=each.rpartition(":")[2]), default_s)
                   for each in re.split(r"[;\s]+", value.text.strip("; \t")))
    text = value.text.strip().lower() if value else ""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([a-z]{0,5})", text)
    return float(match[1]) * _UNITS_S[match[2]] if match and match[2] in _UNITS_S else default_s


@dataclass(frozen=True, slots=True)
class Operation:
    """``name`` with its settings: interval, timeout, role, on-fail, and its agent's parameters."""

    name: str
    settings: Values
    at: Place

    @property
    def interval_s(self) -> float:
        return seconds(self.settings.get("interval"))

    @property
    def role(self) -> str:
        role = self.settings.get("role")
        return role.text if role else ""


@dataclass(frozen=True, slots=True)
class Primitive:
    """One resource; ``agent`` is CLASS:PROVIDER:TYPE or CLASS:TYPE, empty where a template gives it."""

    id: str
    agent: str
    parameters: Values
    meta: Values
    operations: tuple[Operation, ...]
    at: Place

    @property
    def type(self) -> str:
        return self.agent.rpartition(":")[2]

    @property
    def fences(self) -> bool:
        return self.agent.startswith("stonith:")

    def parameter(self, *names: str) -> Value | None:
        """The first of these that is set."""
        return next((self.parameters[name] for name in names if name in self.parameters), None)

    def operation(self, name: str, roles: Iterable[str] = ("",)) -> Operation | None:
        """The first of that name in one of the roles."""
        return next((each for each in self.operations if each.name == name and each.role in roles), None)

    @property
    def monitors(self) -> tuple[Operation, ...]:
        """Those that recur."""
        return tuple(each for each in self.operations if each.name == "monitor" and each.interval_s > 0)


@dataclass(frozen=True, slots=True)
class Container:
    """A group (``members`` in order) or a clone (of one); ``kind`` as it is written: group, clone, ms,
    master."""

    id: str
    kind: str
    members: tuple[Value, ...]
    meta: Values
    at: Place

    @property
    def promotable(self) -> bool:
        option = self.meta.get("promotable")
        return self.kind in ("ms", "master") or (option is not None and option.on)

    def number(self, *names: str) -> Value | None:
        """The first of these options that is a number."""
        return next((self.meta[name] for name in names
                     if name in self.meta and re.fullmatch(r"[0-9]{1,6}", self.meta[name].text)), None)


@dataclass(frozen=True, slots=True)
class Location:
    """``resource`` with ``score`` on ``node``; ``ruled`` where a rule (a date, for one) decides."""

    id: str
    resource: str
    node: str
    score: str
    ruled: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Colocation:
    """``resource`` where ``with_resource`` is, each perhaps in a role; of sets one for each two
    neighbours."""

    id: str
    score: str
    resource: str
    role: str
    with_resource: str
    with_role: str
    at: Place

    @property
    def must(self) -> bool:
        return self.score.lower().lstrip("+") in ("inf", "infinity", "mandatory", "")


@dataclass(frozen=True, slots=True)
class Order:
    """``first`` (its action) before ``then`` (its action); of sets one for each two neighbours."""

    id: str
    kind: str
    first: str
    first_action: str
    then: str
    then_action: str
    at: Place


@dataclass(frozen=True, slots=True)
class Level:
    """Devices that fence ``target`` together, after those of the levels before."""

    target: str
    devices: tuple[Value, ...]
    at: Place


@dataclass(frozen=True, eq=False)
class Cluster:
    """A configuration of Pacemaker, as one node has it. ``at`` is where its properties stand, else the
    file."""

    node: str
    at: Place
    primitives: tuple[Primitive, ...] = ()
    containers: tuple[Container, ...] = ()
    locations: tuple[Location, ...] = ()
    colocations: tuple[Colocation, ...] = ()
    orders: tuple[Order, ...] = ()
    levels: tuple[Level, ...] = ()
    properties: Values = field(default_factory=dict)
    resource_defaults: Values = field(default_factory=dict)
    operation_defaults: Values = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    standby: tuple[Value, ...] = ()
    named: tuple[tuple[str, Value], ...] = ()
    """(what names it, the resource that is named): references that must lead to something."""
    ours: bool = False
    """Whether Fournines made it: the agents of OpenStack are then its own, and not those known by these
    names."""
    ids: tuple[Value, ...] = ()
    """Every id that is given, of whatever kind, as often as it is given."""

    @cached_property
    def resources(self) -> Mapping[str, Primitive]:
        return {each.id: each for each in self.primitives}

    @cached_property
    def fences(self) -> tuple[Primitive, ...]:
        """The fencing devices."""
        return tuple(each for each in self.primitives if each.fences)

    @cached_property
    def _parents(self) -> Mapping[str, tuple[Container, ...]]:
        parents: dict[str, list[Container]] = {}
        for container in self.containers:
            for member in container.members:
                parents.setdefault(member.text, []).append(container)
        return {name: tuple(found) for name, found in parents.items()}

    def around(self, id: str) -> tuple[Container, ...]:
        """The containers that a resource is in, from the inside out."""
        found: list[Container] = []
        while (parents := self._parents.get(id)) and parents[0] not in found:
            found.append(parents[0])
            id = parents[0].id
        return tuple(found)

    def inside(self, id: str) -> frozenset[str]:
        """A resource with everything in it."""
        found, waiting = {id}, [id]
        members = {each.id: each.members for each in self.containers}
        while waiting:
            for member in members.get(waiting.pop(), ()):
                if member.text not in found:
                    found.add(member.text)
                    waiting.append(member.text)
        return frozenset(found)

    @cached_property
    def _neighbours(self) -> Mapping[str, frozenset[str]]:
        """Resource -> those that must be where it is: of its group, and by colocations."""
        near: dict[str, set[str]] = {}
        groups = [each for each in self.containers if each.kind == "group"]
        for group in groups:
            names = {member.text for member in group.members}
            for name in names:
                near.setdefault(name, set()).update(names)
                near.setdefault(name, set()).add(group.id)
                near.setdefault(group.id, set()).add(name)
        for each in self.colocations:
            if each.must:
                near.setdefault(each.resource, set()).add(each.with_resource)
                near.setdefault(each.with_resource, set()).add(each.resource)
        return {name: frozenset(found) for name, found in near.items()}

    def beside(self, id: str) -> frozenset[str]:
        """Everything that must be on the node that a resource is on, with what is inside of it."""
        found: set[str] = set()
        waiting = [id, *(each.id for each in self.around(id))]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._neighbours.get(name, ())
        return frozenset(inner for name in found for inner in self.inside(name))

    def option(self, primitive: Primitive, name: str) -> Value | None:
        """A meta attribute of a resource: its own, else that of what it is in, else the default of all."""
        for meta in (primitive.meta, *(each.meta for each in self.around(primitive.id)),
                     self.resource_defaults):
            if name in meta:
                return meta[name]
        return None

    def timeout_s(self, operation: Operation | None) -> float:
        """How long an operation may take; that of one that is not set, too."""
        default_s = seconds(self.operation_defaults.get("timeout"), DEFAULT_TIMEOUT_S)
        return seconds(operation.settings.get("timeout"), default_s) if operation else default_s

    def setting(self, *names: str) -> Value | None:
        """The first of these that is set."""
        return next((self.properties[name] for name in names if name in self.properties), None)

    @property
    def fencing(self) -> Value | None:
        """stonith-enabled, or its name since Pacemaker 3."""
        return self.setting("stonith-enabled", "fencing-enabled")

    def knowledge(self, primitive: Primitive) -> Agent | None:
        """What is known of a resource's agent."""
        return None if self.ours and primitive.agent.startswith("ocf:openstack:") else agent(primitive.agent)

    def of_type(self, *types: str) -> Iterator[Primitive]:
        """The resources with an agent of these types."""
        return (each for each in self.primitives if each.type in types)
