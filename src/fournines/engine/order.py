"""Which steps there are and what each must wait for: the layers' own, those made of their services, and those
that install packages and write files. Pure; a part of compiling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fournines.blueprint.contribution import Contribution
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.requests import InstallPackages
from fournines.blueprint.steps import On, Step
from fournines.engine import graph
from fournines.engine.services import ServiceSteps, writes
from fournines.engine.wanted import FilesAsWanted, PackagesInstalled, PathState
from fournines.layers.layer import Layer

INSTALL = "packages: install"


def ordered_steps(layers: Sequence[Layer], parts: Mapping[str, Contribution],
                  services: Mapping[str, Sequence[ServiceSteps]]) -> tuple[Step, ...]:
    """All steps with complete needs, each after what it needs. ``parts`` and ``services`` are by layer name,
    of the layers that the cluster has; ``layers`` are all there are."""
    install = _install_step(parts)
    first = (install.name,) if install else ()
    provision = {layer: _provision(layer, parts[layer], services[layer], first) for layer in parts}
    acting = {layer: _acting(parts[layer], services[layer], [step.name for step in provision[layer]] or first)
              for layer in parts}
    steps = [*([install] if install else []),
             *(step for layer in parts for step in (*provision[layer], *acting[layer]))]
    refuse_twice("step", (step.name for step in steps))
    every = {step.name: step for step in steps}
    _refuse_unknown_needs(every)
    needs = {step.name: step.needs for step in steps}
    before = _layers_before(layers)
    for layer in parts:
        # Only acting waits for other layers. Files are put down early on purpose: a full disk is then found
        # before anything has been started or touched.
        last = [name for other in parts if other in before[layer]
                for name in graph.ends(needs, [step.name for step in (*provision[other], *acting[other])])]
        for name in graph.starts(needs, [step.name for step in acting[layer]]):
            every[name] = replace(every[name], needs=tuple(dict.fromkeys((*every[name].needs, *last))))
    complete = {step.name: step.needs for step in every.values()}
    return tuple(every[name] for wave in graph.levels(complete) for name in wave)


def refuse_twice(what: str, names: Iterable[str]) -> None:
    """Raises ValueError where a name comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two {what}s are called {name!r}")
        seen.add(name)


def _install_step(parts: Mapping[str, Contribution]) -> Step | None:
    names: dict[str, tuple[str, ...]] = {}
    for part in parts.values():
        for node, packages in part.packages.items():
            names[node] = tuple(dict.fromkeys((*names.get(node, ()), *packages)))
    if not any(names.values()):
        return None
    return Step(INSTALL, On.EACH, {node: (InstallPackages(packages),) for node, packages in names.items()},
                why="everything at once, before anything is configured or started",
                unless=PackagesInstalled(names))


def _provision(layer: str, part: Contribution, services: Sequence[ServiceSteps],
               first: tuple[str, ...]) -> list[Step]:
    plain = _write_step(layer, part)
    steps = [*([plain] if plain else []), *(each.configure for each in services)]
    return [replace(step, needs=first) for step in steps]


def _acting(part: Contribution, services: Sequence[ServiceSteps], first: Sequence[str]) -> list[Step]:
    steps = [*part.steps, *(step for each in services for step in each.all)]
    return [replace(step, needs=tuple(dict.fromkeys((*first, *step.needs)))) for step in steps]


def _write_step(layer: str, part: Contribution) -> Step | None:
    """Directories, and the files that belong to no service."""
    owned = {(node, path) for service in part.services for node in service.nodes for path in service.files}
    items: dict[str, list[NodeDirectory | NodeFile]] = {}
    for node, directories in part.directories.items():
        items.setdefault(node, []).extend(directories)
    for node, files in part.files.items():
        items.setdefault(node, []).extend(item for item in files if (node, item.path) not in owned)
    items = {node: plain for node, plain in items.items() if plain}
    if not items:
        return None
    wanted = {node: tuple(PathState.wanted(item) for item in plain) for node, plain in items.items()}
    return Step(f"{layer}: write files", On.EACH, {node: writes(plain) for node, plain in items.items()},
                why="its directories, and the files that no running service holds",
                unless=FilesAsWanted(wanted))


def _refuse_unknown_needs(steps: Mapping[str, Step]) -> None:
    for step in steps.values():
        if unknown := [need for need in step.needs if need not in steps]:
            raise ValueError(f"step {step.name!r} needs steps that do not exist: {', '.join(unknown)}")


def _layers_before(layers: Sequence[Layer]) -> dict[str, frozenset[str]]:
    """Layer -> all layers it comes after, also through layers that this cluster does not have."""
    after = {layer.name: layer.after for layer in layers}
    for layer in layers:
        if unknown := [name for name in layer.after if name not in after]:
            raise ValueError(f"layer {layer.name} is after layers that do not exist: {', '.join(unknown)}")
    graph.levels(after)
    return {name: graph.ancestors(after, name) for name in after}
