"""From the CIB to a ``Cluster``: the same values as crm shell text gives, at the lines of their elements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fournines.artifacts import pacemaker
from fournines.artifacts.document import text_of
from fournines.artifacts.pacemaker import Configuration, Property
from fournines.audit.cloud import File
from fournines.audit.systems.resources import (
    Cluster,
    Colocation,
    Container,
    Level,
    Location,
    Operation,
    Order,
    Primitive,
    Value,
    Values,
)


def cluster(file: File, configuration: Configuration, ours: bool) -> Cluster:
    """What a node's CIB holds."""
    found = configuration.resources
    first = next((each.line for each in configuration.properties), 0)
    return Cluster(
        file.node, file.at(first), tuple(_primitive(file, each) for each in found.primitives),
        tuple(_containers(file, configuration)),
        tuple(Location(each.id, each.resource, each.node, each.score, False, file.at(each.line))
              for each in found.locations),
        tuple(Colocation(each.id, each.score, each.resource, each.role, each.with_resource, each.with_role,
                         file.at(each.line)) for each in found.colocations),
        tuple(Order(each.id, each.kind, each.first, each.first_action, each.then, each.then_action,
                    file.at(each.line)) for each in found.orders),
        tuple(Level(each.target, tuple(Value(device, file.at(each.line)) for device in each.devices),
                    file.at(each.line)) for each in configuration.levels),
        _of(file, configuration.properties), _of(file, configuration.resource_defaults),
        _of(file, configuration.operation_defaults), configuration.nodes, (),
        tuple(_named(file, configuration)), ours, tuple(_ids(file, configuration)))


def _values(file: File, settings: Mapping[str, str], line: int) -> Values:
    return {name: Value(value, file.at(line)) for name, value in settings.items()}


def _of(file: File, properties: Iterable[Property]) -> Values:
    return {each.name: Value(each.value, file.at(each.line)) for each in properties}


def _primitive(file: File, primitive: pacemaker.Primitive) -> Primitive:
    return Primitive(primitive.id, primitive.agent, _values(file, primitive.parameters, primitive.line),
                     _values(file, primitive.meta, primitive.line),
                     tuple(_operation(file, each) for each in primitive.operations), file.at(primitive.line))


def _operation(file: File, operation: pacemaker.Operation) -> Operation:
    settings = {"interval": text_of(operation.interval_s), "role": operation.role,
                "on-fail": operation.on_fail,
                "timeout": text_of(operation.timeout_s) if operation.timeout_s else "",
                **operation.parameters}
    given = {name: value for name, value in settings.items() if value}
    return Operation(operation.name, _values(file, given, operation.line), file.at(operation.line))


def _containers(file: File, configuration: Configuration) -> Iterator[Container]:
    for group in configuration.resources.groups:
        at = file.at(group.line)
        yield Container(group.id, "group", tuple(Value(member, at) for member in group.members),
                        _values(file, group.meta, group.line), at)
    for clone in configuration.resources.clones:
        meta = {**({"promotable": "true"} if clone.promotable else {}), **clone.meta}
        at = file.at(clone.line)
        yield Container(clone.id, "clone", (Value(clone.of, at),) if clone.of else (),
                        _values(file, meta, clone.line), at)


def _named(file: File, configuration: Configuration) -> Iterator[tuple[str, Value]]:
    """What constraints and levels name: the members of groups and clones stand inside of them."""
    found = configuration.resources
    for location in found.locations:
        yield f"location {location.id}", Value(location.resource, file.at(location.line))
    for preference in found.preferences:
        yield f"location {preference.id}", Value(preference.resource, file.at(preference.line))
    for colocation in found.colocations:
        for name in (colocation.resource, colocation.with_resource):
            yield f"colocation {colocation.id}", Value(name, file.at(colocation.line))
    for order in found.orders:
        for name in (order.first, order.then):
            yield f"order {order.id}", Value(name, file.at(order.line))
    for level in configuration.levels:
        for device in level.devices:
            yield f"fencing level of {level.target}", Value(device, file.at(level.line))


def _ids(file: File, configuration: Configuration) -> Iterator[Value]:
    found = configuration.resources
    for id, line in (*((each.id, each.line) for each in found.primitives),
                     *((each.id, each.line) for each in found.groups),
                     *((each.id, each.line) for each in found.clones),
                     *((each.id, each.line) for each in configuration.others)):
        yield Value(id, file.at(line))
