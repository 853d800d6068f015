"""Compile: cluster, timers, secrets and layers become one Blueprint. Pure; the only place where layers meet.

What is refused here (two layers writing one path, a step that needs one that does not exist, a circle) is a
mistake in a layer, never in a cluster file: ValueError, with everything needed to find it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fournines.blueprint.contribution import Contribution, Exchange, Invariant, Members, Proof, Seat
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.predicate import Predicate
from fournines.blueprint.resources import Resources
from fournines.blueprint.snapshot import Probe
from fournines.blueprint.steps import Service, Step
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.engine import wanted
from fournines.engine.order import ordered_steps, refuse_twice
from fournines.engine.services import service_steps
from fournines.layers.layer import Layer, Site

Item = TypeVar("Item")
Stamps = Mapping[str, Mapping[str, NodeFile]]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything the cluster's machines should be, by node name, and how to bring them there.

    ``steps`` are in an order that respects their ``needs``, which are complete: those that the layers wrote
    and the order of the layers. ``stamps`` maps the steps that change a
    running service to the file left on each node after their gate.
    """

    cluster: str
    nodes: tuple[str, ...]
    packages: Mapping[str, tuple[str, ...]]
    directories: Mapping[str, tuple[NodeDirectory, ...]]
    files: Mapping[str, tuple[NodeFile, ...]]
    steps: tuple[Step, ...]
    probes: tuple[Probe, ...]
    invariants: tuple[Invariant, ...] = ()
    seats: tuple[Seat, ...] = ()
    members: tuple[Members, ...] = ()
    proofs: tuple[Proof, ...] = ()
    stamps: Stamps = field(default_factory=dict)

    def step(self, name: str) -> Step:
        """The step of that name; KeyError when there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    @property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """Step name -> the names of the steps that must have gone before."""
        return {step.name: step.needs for step in self.steps}


def exchange(cluster: Cluster, timers: Timers, layers: Sequence[Layer]) -> Exchange:
    """Phase one: what the layers of this cluster need from one another, together."""
    answers = [layer.exchange(cluster, timers) for layer in chosen(cluster, layers)]
    return Exchange(
        listeners=tuple(item for answer in answers for item in answer.listeners),
        sql_accounts=tuple(item for answer in answers for item in answer.sql_accounts),
        broker_accounts=tuple(item for answer in answers for item in answer.broker_accounts),
        # Two layers may ask for one secret, such as an account's password by its owner and by its user.
        secrets=tuple(dict.fromkeys(item for answer in answers for item in answer.secrets)),
        resources=sum((answer.resources for answer in answers), Resources()),
        before_resources=tuple(name for answer in answers for name in answer.before_resources),
        service_resources=sum((answer.service_resources for answer in answers), Resources()),
        before_service_resources=tuple(name for answer in answers
                                       for name in answer.before_service_resources),
        hardware=tuple(item for answer in answers for item in answer.hardware))


def compile(cluster: Cluster, timers: Timers, secrets: Mapping[str, str],
            layers: Sequence[Layer]) -> Blueprint:
    """Phase two: every layer's contribution, merged and put in order."""
    site = Site(cluster, timers, secrets, exchange(cluster, timers, layers))
    parts = {layer.name: layer.contribute(site) for layer in chosen(cluster, layers)}
    nodes = tuple(node.name for node in cluster.nodes)
    services = {layer: [service_steps(layer, service, part.files, _gates(service, parts))
                        for service in part.services] for layer, part in parts.items()}
    stamps: Stamps = {step: left for group in services.values() for each in group
                      for step, left in each.stamps.items()}
    packages = _by_node(nodes, {layer: part.packages for layer, part in parts.items()})
    directories = _by_node(nodes, {layer: part.directories for layer, part in parts.items()})
    files = _by_node(nodes, {layer: part.files for layer, part in parts.items()})
    _refuse_shared_paths(files, directories)
    blueprint = Blueprint(
        cluster.name, nodes, _without_layers(packages), _without_layers(directories), _without_layers(files),
        steps=ordered_steps(layers, parts, services), probes=(), stamps=stamps,
        invariants=tuple(item for part in parts.values() for item in part.invariants),
        seats=tuple(item for part in parts.values() for item in part.seats),
        members=tuple(item for part in parts.values() for item in part.members),
        proofs=tuple(item for part in parts.values() for item in part.proofs))
    probes = (*_own_probes(blueprint, parts), *(probe for part in parts.values() for probe in part.probes))
    refuse_twice("probe", (probe.name for probe in probes))
    return replace(blueprint, probes=probes)


def _gates(service: Service, parts: Mapping[str, Contribution]) -> list[Predicate]:
    """What other layers ask of the service's unit."""
    return [part.gates[service.unit] for part in parts.values() if service.unit in part.gates]


def chosen(cluster: Cluster, layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers that the cluster file asks for, in the order of ``layers``."""
    return tuple(layer for layer in layers if layer.name in cluster.layers)


def _by_node(nodes: Sequence[str], by_layer: Mapping[str, Mapping[str, Sequence[Item]]],
             ) -> dict[str, list[tuple[str, Item]]]:
    """Node -> (layer, item) of all layers."""
    for layer, by_node in by_layer.items():
        if strangers := sorted(set(by_node) - set(nodes)):
            raise ValueError(f"layer {layer} gives to nodes that the cluster does not have: {strangers}")
    return {node: [(layer, item) for layer, by_node in by_layer.items() for item in by_node.get(node, ())]
            for node in nodes}


def _without_layers(by_node: Mapping[str, Sequence[tuple[str, Item]]]) -> dict[str, tuple[Item, ...]]:
    return {node: tuple(dict.fromkeys(item for _, item in items)) for node, items in by_node.items()}


def _refuse_shared_paths(files: Mapping[str, Sequence[tuple[str, NodeFile]]],
                         directories: Mapping[str, Sequence[tuple[str, NodeDirectory]]]) -> None:
    """One path, one content. Several may ask for a directory, or for a file that they share, in the same
    words."""
    for node in files:
        writer: dict[str, tuple[str, NodeFile | NodeDirectory]] = {}
        items: list[tuple[str, NodeFile | NodeDirectory]] = [*directories[node], *files[node]]
        for layer, item in items:
            other, before = writer.setdefault(item.path, (layer, item))
            if before != item:
                raise ValueError(f"layers {other} and {layer} both write {item.path} on {node}")


def _own_probes(blueprint: Blueprint, parts: Mapping[str, Contribution]) -> tuple[Probe, ...]:
    """What the engine looks at on every node: the paths it manages, packages, and the units of services."""
    paths: dict[str, list[str]] = {}
    for node in blueprint.nodes:
        stamps = [by_node[node].path for by_node in blueprint.stamps.values() if node in by_node]
        paths[node] = [*(item.path for item in blueprint.directories[node]),
                       *(item.path for item in blueprint.files[node]), *dict.fromkeys(stamps)]
    units = {node: [service.unit for part in parts.values() for service in part.services
                    if node in service.nodes] for node in blueprint.nodes}
    return wanted.probes(paths, blueprint.packages, units)
