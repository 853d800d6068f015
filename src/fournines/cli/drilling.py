"""``fournines drill``: break it on purpose, and measure what clients see."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fournines.cli.opened import Opened, open_cluster
from fournines.cli.options import Json, MaybeFile, SshConfig, ViaOption
from fournines.cli.reaching import Via, doors_of, is_lab, leave
from fournines.errors import FourninesError

if TYPE_CHECKING:
    from fournines.drills.drill import Drill
    from fournines.drills.result import Result

app = typer.Typer(no_args_is_help=True, help="Break the cluster on purpose and measure what clients see.")

RUNS = Path("runs")
_EXIT_CODES = {True: 0, False: 1, None: 2}


@app.command("list")
def listing(as_json: Json = False) -> int:
    """Show the drills that there are.

    Example: `fournines drill list`
    """
    from fournines.drills.catalog import DRILLS

    if as_json:
        print(json.dumps({drill.name: drill.as_data() for drill in DRILLS.values()}, indent=1))
        return 0
    from fournines.report.console import screen
    from fournines.report.drill_view import show_drills

    show_drills(screen(), DRILLS.values())
    return 0


@app.command()
def run(name: Annotated[str, typer.Argument(metavar="NAME", help="A drill, see `fournines drill list`.")],
        file: MaybeFile = None,
        runs: Annotated[Path, typer.Option("--runs", metavar="DIR", file_okay=False,
                                           help="Where the run's folder goes.")] = RUNS,
        on: Annotated[str, typer.Option("--on", metavar="NODE",
                                        help="Hit this controller, whoever the drill's target is.")] = "",
        seed: Annotated[int | None, typer.Option(
            "--seed", help="Decides where any of several is hit; without it a random one, which is told.")
        ] = None,
        as_json: Json = False, via: ViaOption = Via.AUTO, ssh_config: SshConfig = None) -> int:
    """Break something while clients work, heal it, and say what they saw and whether the promise was kept.

    A page with everything about it, `report.html`, is left in the run's folder.

    It heals whatever happens, also after Ctrl-C; a drill that was killed is healed by the next one.
    Exit code 0: the promise was kept; 1: broken, or an error; 2: unknown, as where the fault cannot be shown
    to have taken effect.

    Example: `fournines drill run power-off-vip-holder`
    """
    from fournines.drills.catalog import DRILLS

    if name not in DRILLS:
        raise FourninesError(f"there is no drill {name}", hint=f"there are: {', '.join(DRILLS)}")
    chosen = secrets.randbelow(1 << 16) if seed is None else seed
    if seed is None and not on and DRILLS[name].fault.target.is_drawn:
        _tell(f"seed {chosen}")
    result = asyncio.run(_run(DRILLS[name], open_cluster(file), runs, via, ssh_config, on, chosen))
    if as_json:
        print(json.dumps(result.as_data(), indent=1))
    else:
        from fournines.report.console import screen
        from fournines.report.drill_view import show_result

        show_result(screen(), result)
    leave_report(result.folder)
    return _EXIT_CODES[result.verdict.truth]


def leave_report(folder: Path) -> None:
    """A page that cannot be made takes nothing from the verdict, which is known and written down."""
    from fournines.cli.reporting import write_report
    from fournines.drills.recorded import read_run

    try:
        _tell(f"report: {write_report(read_run(folder))}")
    except FourninesError as problem:
        _tell(f"there is no report: {problem}; once that is repaired: fournines report {folder}")


async def _run(drill: Drill, opened: Opened, runs: Path, via: Via, ssh_config: Path | None, on: str,
               seed: int) -> Result:
    from fournines.drills import runner
    from fournines.drills.aim import finding
    from fournines.drills.drill import Capability
    from fournines.drills.place import Place, health_of
    from fournines.drills.targets import clients_of
    from fournines.engine.lock import only_one
    from fournines.lab.lab import Lab
    from fournines.nodes.pipe import PipeNode

    store = opened.store()
    blueprint = opened.blueprint(store)
    lab = Lab(opened.cluster) if is_lab(opened, via) else None
    doors = doors_of(opened, via, ssh_config)
    nodes = {node: PipeNode(door) for node, door in doors.items()}
    place = Place(
        opened.cluster, doors, nodes, health_of(blueprint, nodes),
        clients_of(opened.cluster, opened.timers, opened.secrets(store)),
        machines={machine.name: machine for machine in lab.machines} if lab else {},
        can=frozenset(Capability) if lab else frozenset(),
        client_prefix=lab.inside() if lab else (),
        timers={timer.name: timer.shown for timer in opened.timers.values()}, chains=opened.timers.chains,
        find=finding(blueprint, nodes))
    try:
        with only_one(opened.state, f"drill {drill.name}"):
            await runner.heal_left_behind(place, runs, _tell)
            return await runner.run(drill, place, runs, _tell, named=on, seed=seed)
    finally:
        await leave(nodes, doors)


def _tell(message: str) -> None:
    print(message, file=sys.stderr)
