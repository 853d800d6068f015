"""A Service turned into steps: configure where it does not run, start, and restart one member at a time.

The files of a running member stay as they are until the moment of its own restart: a bad configuration then
meets one member, and a crash of any other brings it back with the one that worked.

A stamp on the node says which files the unit was last started with. Where the unit does not run, the stamp
goes down with the files (whatever starts the unit next, starts it with these); where it runs, after the gate
of its restart. A service that can read its configuration anew has a second stamp, of the files that are
systemd's: what they say of a unit is in force only once that is started anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.predicate import All, Not, Predicate, Surely
from fournines.blueprint.requests import MakeDirectory, Request, Run, Unit, WriteFile
from fournines.blueprint.steps import Gate, On, OnChange, Service, Step
from fournines.engine.wanted import FilesAsWanted, PathState, StartedWith, UnitRuns, UnitUp, When

STAMPS = "/var/lib/fournines/started"
_UNIT_FILES = ("/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/")


@dataclass(frozen=True, slots=True)
class ServiceSteps:
    """The steps of a service. ``changes`` are for one that runs with older files; ``stamps`` maps the name of
    each of them to what it leaves on a node after its gate."""

    configure: Step
    start: Step
    changes: tuple[Step, ...]
    stamps: Mapping[str, Mapping[str, NodeFile]]

    @property
    def all(self) -> tuple[Step, ...]:
        """Those that act on the unit."""
        return (self.start, *self.changes)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """By node, files that a unit is to have been started with; ``name`` is that of the stamp that says so."""

    unit: str
    name: str
    files: Mapping[str, tuple[NodeFile, ...]]
    stamps: Mapping[str, NodeFile]

    @classmethod
    def of(cls, unit: str, name: str, files: Mapping[str, tuple[NodeFile, ...]]) -> Self:
        """With the stamps that say so."""
        return cls(unit, name, files, {node: stamp(name, items) for node, items in files.items()})

    @property
    def stamped(self) -> Predicate:
        return StartedWith(self.unit, {node: PathState.wanted(item) for node, item in self.stamps.items()})

    @property
    def current(self) -> Predicate:
        return All((FilesAsWanted({node: tuple(map(PathState.wanted, items))
                                   for node, items in self.files.items()}), self.stamped))


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
    every = _Wanted.of(service.unit, service.unit, owned)
    units = _Wanted.of(service.unit, f"{service.unit}.start", {
        node: tuple(item for item in items if item.path.startswith(_UNIT_FILES))
        for node, items in owned.items()})
    wanted = [every]
    if service.on_change is OnChange.RELOAD and any(units.files.values()):
        wanted.insert(0, units)
    runs = UnitRuns(service.unit)
    back = replace(service.ready, holds=All((service.ready.holds, *gates))) if gates else service.ready
    start = Step(
        f"{layer}: start {service.unit}", On.ROLLING if service.start_rolling else On.EACH,
        {node: _start(service, owned[node]) for node in service.nodes},
        why="it has to run, now and after every boot, and to be ready",
        # One that runs with older files is left to its restart: those files may be why it is not ready.
        unless=All((UnitUp(service.unit), When(every.stamped, service.ready.holds))),
        only_if=service.may_start, refusal=service.refusal, until=back, needs=service.needs)
    changes: list[Step] = []
    for each in wanted:
        changes.append(_change(layer, service, each, owned, back, (changes or [start])[-1].name))
    return ServiceSteps(
        configure=Step(
            f"{layer}: configure {service.unit}", On.EACH,
            {node: writes((*owned[node], *(each.stamps[node] for each in wanted)))
             for node in service.nodes},
            why="it does not run yet, so its files can be put in place at once",
            unless=When(Not(runs), All(tuple(each.current for each in wanted)))),
        start=start, changes=tuple(changes),
        stamps={step.name: each.stamps for step, each in zip(changes, wanted, strict=True)})


def _change(layer: str, service: Service, wanted: _Wanted, owned: Mapping[str, Sequence[NodeFile]],
            back: Gate, after: str) -> Step:
    """One member at a time gets its files, and what ``wanted`` needs to be in force."""
    anew = wanted.name != service.unit
    guards = tuple(guard for guard in (service.others_ok, service.may_start) if guard is not None)
    current, until = wanted.current, back
    if service.in_force is not None:
        until = replace(back, holds=All((back.holds, service.in_force)))
        if not anew:   # what is not known is no reason to touch it
            current = All((current, Not(Surely(Not(service.in_force)))))
    verb = "reload" if service.on_change is OnChange.RELOAD and not anew else "restart"
    return Step(
        f"{layer}: start {service.unit} anew" if anew else f"{layer}: restart {service.unit}", On.ROLLING,
        {node: (*writes(items), Unit(verb, service.unit, _patience_s(service)))
         for node, items in owned.items()},
        why="it runs with an older configuration; one member at a time, while the others serve",
        unless=When(UnitRuns(service.unit), current),
        only_if=All(guards) if guards else None,
        refusal=f"bring the other members back first (fournines status), then apply again; "
                f"{service.unit} was left as it is" + (f"; {service.refusal}" if service.refusal else ""),
        until=until, needs=(after, *service.before_change))


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


def _patience_s(service: Service) -> float:
    """For systemctl, which returns when the unit is up: a member that copies all data first may take as
    long as its gate allows."""
    return max(Unit("start").timeout_s, service.ready.timeout_s)
