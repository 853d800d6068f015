"""A Service turned into steps: configure where it does not run, start, and restart one member at a time.

The files of a running member stay as they are until the moment of its own restart: a bad configuration then
meets one member, and a crash of any other brings it back with the one that worked.

A stamp on the node says which files the unit was last started with. Where the unit does not run, the stamp
goes down with the files (whatever starts the unit next, starts it with these); where it runs, after the gate
of its restart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.predicate import All, Not, Predicate
from fournines.blueprint.requests import MakeDirectory, Request, Run, Unit, WriteFile
from fournines.blueprint.steps import On, OnChange, Service, Step
from fournines.engine.wanted import FilesAsWanted, PathState, StartedWith, UnitRuns, UnitUp, When

STAMPS = "/var/lib/fournines/started"
_UNIT_FILES = ("/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/")


@dataclass(frozen=True, slots=True)
class ServiceSteps:
    """The three steps of a service, and by node the stamp to leave after the gate of the restart."""

    configure: Step
    start: Step
    restart: Step
    stamps: Mapping[str, NodeFile]


def stamp(unit: str, files: Sequence[NodeFile]) -> NodeFile:
    """The file on a node that says with which files its unit was started."""
    states = sorted((item.path, item.sha256, item.mode, item.owner, item.group) for item in files)
    digest = hashlib.sha256(json.dumps(states).encode()).hexdigest()
    return NodeFile(f"{STAMPS}/{unit}.json", json.dumps({"digest": digest}).encode() + b"\n", mode=0o600)


def writes(items: Sequence[NodeDirectory | NodeFile]) -> tuple[Request, ...]:
    """Requests that bring paths to the wanted state, directories first; systemd is told of its own files."""
    directories = [MakeDirectory(item.path, item.mode, item.owner, item.group)
                   for item in items if isinstance(item, NodeDirectory)]
    files = [WriteFile(item.path, item.content, item.mode, item.owner, item.group)
             for item in items if isinstance(item, NodeFile)]
    return (*directories, *files, *reloads(items))


def reloads(items: Sequence[NodeDirectory | NodeFile]) -> tuple[Request, ...]:
    """A daemon-reload where one of the files is systemd's."""
    return (Unit("daemon-reload"),) if any(item.path.startswith(_UNIT_FILES) for item in items) else ()


def service_steps(layer: str, service: Service, files: Mapping[str, Sequence[NodeFile]],
                  gates: Sequence[Predicate] = ()) -> ServiceSteps:
    """``files`` are the layer's files by node; ``gates`` are what other layers wait for before they count a
    member as back. Raises ValueError where the service names a file that the layer does not write."""
    owned = {node: _owned(layer, service, node, files.get(node, ())) for node in service.nodes}
    stamps = {node: stamp(service.unit, owned[node]) for node in service.nodes}
    stamped = StartedWith(service.unit, {node: PathState.wanted(stamps[node]) for node in service.nodes})
    current = All((FilesAsWanted({node: tuple(map(PathState.wanted, owned[node])) for node in service.nodes}),
                   stamped))
    runs = UnitRuns(service.unit)
    back = replace(service.ready, holds=All((service.ready.holds, *gates))) if gates else service.ready
    return ServiceSteps(
        configure=Step(
            f"{layer}: configure {service.unit}", On.EACH,
            {node: writes((*owned[node], stamps[node])) for node in service.nodes},
            why="it does not run yet, so its files can be put in place at once",
            unless=When(Not(runs), current)),
        start=Step(
            f"{layer}: start {service.unit}", On.ROLLING if service.start_rolling else On.EACH,
            {node: _start(service, owned[node]) for node in service.nodes},
            why="it has to run, now and after every boot, and to be ready",
            # One that runs with older files is left to its restart: those files may be why it is not ready.
            unless=All((UnitUp(service.unit), When(stamped, service.ready.holds))),
            until=back, needs=service.needs),
        restart=Step(
            f"{layer}: restart {service.unit}", On.ROLLING,
            {node: _restart(service, owned[node]) for node in service.nodes},
            why="it runs with an older configuration; one member at a time, while the others serve",
            unless=When(runs, current), only_if=service.others_ok,
            refusal=f"bring the other members back first (fournines status), then apply again; "
                    f"{service.unit} was left as it is",
            until=back, needs=(f"{layer}: start {service.unit}",)),
        stamps=stamps)


def _owned(layer: str, service: Service, node: str, files: Sequence[NodeFile]) -> tuple[NodeFile, ...]:
    by_path = {item.path: item for item in files}
    missing = [path for path in service.files if path not in by_path]
    if missing:
        raise ValueError(f"layer {layer}: {service.unit} names files that the layer does not write on {node}:"
                         f" {', '.join(missing)}")
    return tuple(by_path[path] for path in service.files)


def _start(service: Service, owned: Sequence[NodeFile]) -> tuple[Request, ...]:
    # A unit that failed too often refuses to start until that is forgotten; a new one has nothing to forget.
    forget = Run(("systemctl", "reset-failed", service.unit), check=False)
    return (*reloads(owned), forget, Unit("enable", service.unit),
            Unit("start", service.unit, _patience_s(service)))


def _restart(service: Service, owned: Sequence[NodeFile]) -> tuple[Request, ...]:
    act = "reload" if service.on_change is OnChange.RELOAD else "restart"
    return (*writes(owned), Unit(act, service.unit, _patience_s(service)))


def _patience_s(service: Service) -> float:
    """For systemctl, which returns when the unit is up: a member that copies all data first may take as
    long as its gate allows."""
    return max(Unit("start").timeout_s, service.ready.timeout_s)
