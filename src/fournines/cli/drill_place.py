"""The place of a drill, from an opened cluster file: a lab where one is up, else real hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fournines.cli.opened import Opened
from fournines.cli.reaching import Via, doors_of, is_lab, leave

if TYPE_CHECKING:
    from fournines.drills.place import Place


@asynccontextmanager
async def place_of(opened: Opened, via: Via, ssh_config: Path | None) -> AsyncIterator[Place]:
    """Nodes are connected when they are first asked, and left at the end."""
    from fournines.drills.aftermath import configuration_of
    from fournines.drills.aim import finding
    from fournines.drills.deaf import state_urls, working
    from fournines.drills.drill import Capability
    from fournines.drills.place import Place, health_of
    from fournines.drills.targets import clients_of
    from fournines.lab.lab import Lab
    from fournines.nodes.pipe import PipeNode

    store = opened.store()
    blueprint = opened.blueprint(store)
    lab = Lab(opened.cluster) if is_lab(opened, via) else None
    doors = doors_of(opened, via, ssh_config)
    nodes = {node: PipeNode(door) for node, door in doors.items()}
    try:
        yield Place(
            opened.cluster, doors, nodes, health_of(blueprint, nodes),
            clients_of(opened.cluster, opened.timers, opened.secrets(store), arp=lab is not None),
            machines={machine.name: machine for machine in lab.machines} if lab else {},
            can=frozenset(Capability) if lab else frozenset(),
            client_prefix=lab.inside() if lab else (),
            timers={timer.name: timer.shown for timer in opened.timers.values()}, chains=opened.timers.chains,
            find=finding(blueprint, nodes), work=working(blueprint, nodes),
            state_urls=state_urls(blueprint), configuration=configuration_of(blueprint))
    finally:
        await leave(nodes, doors)
