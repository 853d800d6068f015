"""Commands for what no rule may decide: which data are to be lost."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fournines.cli.opened import Opened, open_cluster
from fournines.cli.options import Json, MaybeFile, SshConfig, ViaOption
from fournines.cli.reaching import Via, connected
from fournines.errors import Refused

if TYPE_CHECKING:
    from fournines.blueprint.volumes import MirroredVolume
    from fournines.layers.storage.split import Resolution

app = typer.Typer(no_args_is_help=True, help="Decide what no rule may decide: whose data are lost.")
TALK_WITHIN_S = 60.0


@app.callback()
def _group() -> None:
    """Keeps the one command a word of its own."""


@app.command("split-brain")
def split_brain(
    resource: Annotated[str, typer.Argument(help="The volume, as the layer storage names it.")],
    discard: Annotated[str, typer.Option("--discard", metavar="NODE", help="Whose data are given up.")],
    file: MaybeFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    as_json: Json = False, via: ViaOption = Via.AUTO, ssh_config: SshConfig = None,
) -> int:
    """Give up one side of a volume that was written to on both nodes without the other, and copy the other.

    Shows both sides' generation identifiers and how much would be lost, and asks. Refused where the volume is
    not split, a side cannot be seen, or the side to be discarded is in use.

    Examples: `fournines recover split-brain mysql --discard node2` ·
    `fournines recover split-brain mysql --discard node2 cluster.yaml --yes --json`
    """
    opened = open_cluster(file)
    volume = _volume(opened, resource)
    made = asyncio.run(_look(opened, volume, discard, via, ssh_config))
    if not as_json:
        _show(made)
    if not yes:
        if not sys.stdin.isatty():
            raise Refused("nobody is there to be asked", hint="say --yes once you have seen what is lost")
        typer.confirm(f"discard what {made.loser} has of {made.volume}?", abort=True)
    # Looked at again: what was true while somebody thought about it may not be true now.
    after = asyncio.run(_carry_out(opened, volume, made, via, ssh_config))
    if as_json:
        print(json.dumps({"volume": made.volume, "kept": made.keeper, "discarded": made.loser,
                          "lost_kib": made.lost_kib, "connection": after}, indent=1))
    else:
        print(f"{made.loser} takes its data of {made.volume} from {made.keeper}: {after}")
    return 0


def _volume(opened: Opened, name: str) -> MirroredVolume:
    from fournines.blueprint.volumes import MirroredVolume, volume_named

    volume = volume_named(opened.cluster, name)
    if not isinstance(volume, MirroredVolume):
        raise Refused(f"the cluster {opened.cluster.name} has no mirrored volume {name}",
                      hint="they are listed under layers: storage: resources:")
    return volume


async def _look(opened: Opened, volume: MirroredVolume, loser: str, via: Via,
                ssh_config: Path | None) -> Resolution:
    from fournines.engine.observe import observe
    from fournines.layers.storage import health
    from fournines.layers.storage.split import resolution

    names = tuple(node.name for node in opened.cluster.controllers)
    async with connected(opened, via, ssh_config) as nodes:
        return resolution(volume, names, await observe(nodes, health.probes(names)), loser)


async def _carry_out(opened: Opened, volume: MirroredVolume, made: Resolution, via: Via,
                     ssh_config: Path | None) -> str:
    """Returns the connection's state once the two talk."""
    from fournines.blueprint.predicate import Judgement
    from fournines.blueprint.requests import Failed
    from fournines.engine.observe import observe
    from fournines.engine.wait import wait_until
    from fournines.errors import RequestFailed
    from fournines.layers.storage import health
    from fournines.layers.storage.split import resolution, side_of

    names = tuple(node.name for node in opened.cluster.controllers)
    probes = health.probes(names)
    async with connected(opened, via, ssh_config) as nodes:
        again = resolution(volume, names, await observe(nodes, probes), made.loser)
        if again.sides != made.sides:
            raise Refused(f"{volume.name} is no longer as it was shown", hint="look at it again")
        for node, request in again.requests:
            (reply,) = await nodes[node].ask([request])
            if isinstance(reply, Failed):
                raise RequestFailed(node, f"{request.describe()}: {reply.reason}")

        async def look() -> Judgement:
            return health.talking(volume).judge(await observe(nodes, probes), made.loser)

        await wait_until(look, f"{volume.name} is connected", TALK_WITHIN_S)
        side = side_of(await observe(nodes, probes), made.loser, volume.name)
        return side.connection if isinstance(side, health.Device) else str(side)


def _show(made: Resolution) -> None:
    from fournines.layers.storage.split import identifiers

    for node, side in made.sides:
        what = "DISCARDED" if node == made.loser else "kept"
        print(f"{node}: {side.role}, {side.disk}, {identifiers(side)}: {what}")
    print(f"of {made.volume}, {made.loser} has written {made.lost_kib} KiB since they parted: lost for good")
