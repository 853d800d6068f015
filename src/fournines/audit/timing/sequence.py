"""In which order Pacemaker starts things: by groups and mandatory orders, as actions with their timeouts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fournines.audit.systems.resources import DEFAULT_TIMEOUT_S, Cluster, Container, Primitive, seconds
from fournines.audit.timing.chain import Found

_DONE = {"start": "started", "stop": "stopped", "promote": "promoted", "monitor": "asked"}
_DEEPEST = 100
_OPTIONAL = ("optional", "serialize", "0")


@dataclass(frozen=True, slots=True)
class Action:
    """An operation of a resource that is carried out once: start, stop, promote."""

    primitive: Primitive
    name: str

    @property
    def done(self) -> str:
        return _DONE[self.name]


def units(cluster: Cluster) -> Iterator[str]:
    """The ids of what runs on one node: groups, single resources, and clones of which one is promoted."""
    inner = {member.text for each in cluster.containers for member in each.members}
    yield from (each.id for each in cluster.containers
                if each.id not in inner and (each.kind == "group" or each.promotable))
    yield from (each.id for each in cluster.primitives if each.id not in inner and not each.fences)


def found_timeout(cluster: Cluster, action: Action) -> Found:
    """How long an action may take, and where that stands."""
    operation, name = action.primitive.operation(action.name), f"{action.name} timeout"
    written = operation.settings.get("timeout") if operation is not None else None
    if written is not None:
        return Found(name, seconds(written, DEFAULT_TIMEOUT_S), written.at)
    general = cluster.operation_defaults.get("timeout")
    if general is not None:
        return Found(f"{name} (op_defaults)", seconds(general, DEFAULT_TIMEOUT_S), general.at)
    return Found(name, DEFAULT_TIMEOUT_S, action.primitive.at, "Pacemaker Explained 2.1, operations: timeout")


def after(cluster: Cluster, primitive: Primitive) -> tuple[Action, ...]:
    """What a failed resource costs in place: it and the members behind it in its group are stopped, last
    first, and started (and promoted, if it was)."""
    group = next((each for each in cluster.around(primitive.id) if each.kind == "group"), None)
    behind = [primitive]
    if group is not None:
        ids = [member.text for member in group.members]
        place = ids.index(primitive.id) if primitive.id in ids else len(ids)
        behind += [cluster.resources[id] for id in ids[place + 1:] if id in cluster.resources]
    promoted = any(each.promotable for each in cluster.around(primitive.id))
    return (*(Action(each, "stop") for each in reversed(behind)), *(Action(each, "start") for each in behind),
            *((Action(primitive, "promote"),) if promoted else ()))


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """An action with everything before it; ``ends_s``: when it has been given up, at the latest."""

    action: Action
    before: _Way | None
    ends_s: float


class Sequence:
    """What is started until something runs elsewhere: of all ways through groups and orders the longest.

    Orders are followed backwards; what stands in a circle, or deeper than any cluster has it, is left out.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._containers = {each.id: each for each in cluster.containers}
        self._known: dict[str, _Way | None] = {}
        self._firsts: dict[str, list[str]] = {}
        for order in cluster.orders:
            if order.kind.lower() not in _OPTIONAL and order.first_action in ("", "start", "promote"):
                self._firsts.setdefault(order.then, []).append(order.first)

    def until(self, id: str) -> tuple[Action, ...]:
        """Everything up to the end of a resource's start, in order."""
        self._known = {}   # what a circle cut short is whole seen from elsewhere
        found: list[Action] = []
        way = self._way(id, ())
        while way is not None:
            found.append(way.action)
            way = way.before
        return tuple(reversed(found))

    def _way(self, id: str, on_the_way: tuple[str, ...]) -> _Way | None:
        if id in on_the_way or len(on_the_way) > _DEEPEST:
            return None
        group = next((each for each in self._cluster.around(id) if each.kind == "group"), None)
        if group is not None and group.id not in on_the_way and id not in self._known:
            self._way(group.id, on_the_way)   # which finds that of each member
        if id not in self._known:
            container = self._containers.get(id)
            if container is not None and container.kind == "group":
                self._known[id] = self._group(container, (*on_the_way, id))
            else:
                self._known[id] = self._then(id, self._ordered(id, None, (*on_the_way, id)))
        return self._known[id]

    def _group(self, group: Container, on_the_way: tuple[str, ...]) -> _Way | None:
        """One member after another."""
        way = self._ordered(group.id, None, on_the_way)
        for member in group.members:
            if member.text not in self._known:
                way = self._then(member.text, self._ordered(member.text, way, on_the_way))
                self._known[member.text] = way
        return way

    def _ordered(self, id: str, way: _Way | None, on_the_way: tuple[str, ...]) -> _Way | None:
        """The longest of what orders put before a resource, and of the way that leads to it anyway."""
        ways = [way, *(self._way(first, on_the_way) for first in self._firsts.get(id, ()))]
        return max(ways, key=lambda each: each.ends_s if each is not None else 0.0)

    def _then(self, id: str, way: _Way | None) -> _Way | None:
        """A clone runs elsewhere already; of one that is promoted only that is to be done."""
        container, primitive, name = self._containers.get(id), self._cluster.resources.get(id), "start"
        if container is not None and container.promotable:
            primitive = next((self._cluster.resources[each] for each in sorted(self._cluster.inside(id))
                              if each in self._cluster.resources), None)
            name = "promote"
        if primitive is None:
            return way
        action = Action(primitive, name)
        begins_s = way.ends_s if way is not None else 0.0
        return _Way(action, way, begins_s + found_timeout(self._cluster, action).value)
