"""Before a drill: what cannot be done here is refused, and what a killed runner has left broken is healed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fournines.blueprint.predicate import Judgement
from fournines.cluster.topology import Cluster
from fournines.drills import acting
from fournines.drills.drill import Drill
from fournines.drills.folder import RunFolder, armed, cluster_of
from fournines.drills.place import Health, Place
from fournines.drills.targets import is_one
from fournines.engine.wait import wait_until
from fournines.errors import Refused
from fournines.layers.api.spec import ApiSpec

Progress = Callable[[str], None]


def silently(message: str) -> None:
    """The progress of those who do not listen."""


async def wait_whole(place: Place, within_s: float, progress: Progress,
                     seen: Callable[[Health], None] = lambda health: None) -> None:
    """Look until nothing is wrong; ``seen`` is given what every look found. Raises ``GateTimeout``, whose
    ``last_seen`` is what still is."""
    async def look() -> Judgement:
        health = await place.health()
        seen(health)
        return Judgement(not health.broken, str(next(iter(health.broken), "nothing is wrong")))

    def tell(wrong: str, waited_s: float) -> None:
        progress(f"waiting up to {within_s:g} s until the cluster is whole: {wrong}")

    await wait_until(look, "the cluster is whole", within_s, progress=tell)


def why_not_of(drill: Drill, cluster: Cluster) -> str:
    """Why a cluster has not what the drill breaks; empty where it has."""
    missing = [layer for layer in (drill.layer, drill.then_layer) if layer and layer not in cluster.layers]
    if missing:
        return f"breaks the layer {' and '.join(missing)}, which the cluster does not have"
    if drill.pattern and cluster.pattern(drill.layer) != drill.pattern:
        return f"breaks what only an {drill.pattern} {drill.layer} has"
    if drill.service and drill.service not in _services(cluster):
        return f"breaks {drill.service}, which the cluster does not have"
    if drill.rolling and is_one(cluster, drill.layer):
        return f"goes from node to node, and the cluster has its {drill.layer} on one node at a time"
    return ""


def _services(cluster: Cluster) -> set[str]:
    """Those that not every cluster with their layer has."""
    api = cluster.spec(ApiSpec)
    return {*(api.services if api is not None else ()), *(("qdevice",) if cluster.arbitrated else ()),
            *(("qnetd",) if cluster.arbitrators else ())}


def refuse_what_cannot_be(drill: Drill, place: Place, named: str = "") -> None:
    """Raises ``Refused`` where the drill cannot be done here, whatever state the cluster is in."""
    lacking = drill.needs - place.can
    if lacking:
        raise Refused(f"{drill.name} needs a capability that is not there, or not allowed: "
                      f"{', '.join(sorted(lacking))}",
                      hint="run it in a lab of the same file (fournines lab up), or list it under drills: "
                           "allow: in the cluster file where real hosts can")
    if why_not := why_not_of(drill, place.cluster):
        raise Refused(f"{drill.name} {why_not}", hint="see 'fournines drill list' for others")
    controllers = [node.name for node in place.cluster.controllers]
    if named and named not in controllers:
        raise Refused(f"{named} is no controller of {place.cluster.name}",
                      hint=f"there are: {', '.join(controllers)}")


async def heal_left_behind(place: Place, runs: Path, progress: Progress = silently) -> tuple[str, ...]:
    """Take away the faults that killed runners have left below ``runs``; the names of the machines healed.
    Those of other clusters are only told."""
    healed = []
    for path, undos in armed(runs).items():
        if (other := cluster_of(path)) not in ("", place.cluster.name):
            progress(f"{path.name} was killed, and may have left cluster {other} broken")
            continue
        for undo in undos:
            reached = place.machines if acting.is_outside(undo.act) else place.nodes
            if undo.target not in reached:
                raise Refused(f"{path.name} has left {undo.target} broken, and it cannot be healed from here",
                              hint=f"do '{undo}' there yourself, then remove {path / 'undo.json'}")
            progress(f"{undo}: {undo.target}, left behind by {path.name}")
            await acting.heal(place, undo)
            healed.append(undo.target)
        RunFolder(path).disarm()
    return tuple(healed)
