"""The place of a drill, from an opened cluster file: a lab where one is up, else real hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fournines.cli.opened import Opened
from fournines.cli.reaching import Via, doors_of, is_lab, leave
from fournines.errors import Refused

if TYPE_CHECKING:
    from fournines.drills.drill import Capability
    from fournines.drills.place import Place
    from fournines.drills.series import Planned


def may_here(opened: Opened, via: Via) -> frozenset[Capability]:
    """What drills can do here and may. The clock of a lab's machine is its computer's."""
    from fournines.drills.drill import Capability

    if is_lab(opened, via):
        return frozenset(Capability) - {Capability.CLOCK}
    return frozenset(map(Capability, opened.cluster.drills.allow))


def refuse_if_nothing_is_allowed(planned: Sequence[Planned], opened: Opened) -> None:
    """Before anybody is asked: what real machines do not allow needs no answer."""
    allowed = set(opened.cluster.drills.allow)
    if all(item.drill.needs - allowed for item in planned):
        first = planned[0].drill
        lacking, needed = (", ".join(sorted(each)) for each in (first.needs - allowed, first.needs))
        raise Refused(f"{first.name} needs {lacking}, which the cluster file does not allow on real machines",
                      hint=f"write drills: {{allow: [{needed}]}} in {opened.file}, or run it in a lab: "
                           "fournines lab up")


@asynccontextmanager
async def place_of(opened: Opened, via: Via, ssh_config: Path | None) -> AsyncIterator[Place]:
    """Nodes are connected when they are first asked, and left at the end. In a lab everything may be done
    that its machines can; on real hosts what the cluster file allows."""
    from fournines.cluster.timers.waits import give_up_s
    from fournines.drills.aftermath import configuration_of
    from fournines.drills.aim import finding
    from fournines.drills.deaf import state_urls, working
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
            can=may_here(opened, via),
            client_prefix=lab.inside() if lab else (),
            timers={timer.name: timer.shown for timer in opened.timers.values()}, chains=opened.timers.chains,
            views_apart_s=give_up_s(opened.timers),
            find=finding(blueprint, nodes), work=working(blueprint, nodes),
            state_urls=state_urls(blueprint), configuration=configuration_of(blueprint),
            made_of={name: driver.value for name, driver in lab.drivers.items()} if lab else {})
    finally:
        await leave(nodes, doors)
