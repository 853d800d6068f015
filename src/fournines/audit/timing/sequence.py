"""In which order Pacemaker starts things: by groups and mandatory orders, as actions with their timeouts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fournines.audit.systems.resources import DEFAULT_TIMEOUT_S, Cluster, Container, Order, Primitive, seconds
from fournines.audit.timing.chain import Found

_DONE = {"start": "started", "stop": "stopped", "promote": "promoted", "monitor": "asked"}
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


def before(cluster: Cluster, unit: str) -> tuple[Action, ...]:
    """What is started until a unit runs elsewhere, one after another: of all ways the one that may take
    longest."""
    return _Sequence(cluster).until(unit, ())


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


class _Sequence:
    """Walks orders and groups backwards; what it already stands in is not walked again."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._containers = {each.id: each for each in cluster.containers}
        self._known: dict[str, tuple[Action, ...]] = {}

    def until(self, id: str, on_the_way: tuple[str, ...]) -> tuple[Action, ...]:
        """Everything up to the end of a resource's start."""
        if id in on_the_way:
            return ()
        if id not in self._known:
            self._known[id] = self._until(id, (*on_the_way, id))
        return self._known[id]

    def _until(self, id: str, on_the_way: tuple[str, ...]) -> tuple[Action, ...]:
        ways = [self.until(order.first, on_the_way) for order in self._orders(id)]
        container = self._containers.get(id)
        group = next((each for each in self._cluster.around(id) if each.kind == "group"), None)
        if container is not None and container.kind == "group":
            actions = self._members(container, [member.text for member in container.members], on_the_way)
            return max((*(_joined(way, actions) for way in ways), actions), key=self._length_s)
        if group is not None:
            ids = [member.text for member in group.members]
            ways += [self.until(ids[place - 1], on_the_way) for place in (ids.index(id),) if place > 0]
        own = self._own(id)
        return max((_joined(way, own) for way in ways or [()]), key=self._length_s)

    def _members(self, group: Container, ids: list[str], on_the_way: tuple[str, ...]) -> tuple[Action, ...]:
        return self.until(ids[-1], (*on_the_way, group.id)) if ids else ()

    def _orders(self, id: str) -> Iterator[Order]:
        for order in self._cluster.orders:
            if (order.then == id and order.kind.lower() not in _OPTIONAL
                    and order.first_action in ("", "start", "promote")):
                yield order

    def _own(self, id: str) -> tuple[Action, ...]:
        """A clone runs elsewhere already; of one that is promoted only that is to be done."""
        container = self._containers.get(id)
        if container is not None:
            inside = [self._cluster.resources[each] for each in sorted(self._cluster.inside(id))
                      if each in self._cluster.resources]
            return tuple(Action(each, "promote") for each in inside[:1]) if container.promotable else ()
        primitive = self._cluster.resources.get(id)
        return (Action(primitive, "start"),) if primitive is not None else ()

    def _length_s(self, way: tuple[Action, ...]) -> float:
        return sum(found_timeout(self._cluster, action).value for action in way)


def _joined(way: tuple[Action, ...], actions: tuple[Action, ...]) -> tuple[Action, ...]:
    return (*way, *(action for action in actions if action not in way))
