"""``fournines drill``: break it on purpose, and measure what clients see."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from fournines.cli import stopping
from fournines.cli.drill_place import may_here, place_of, refuse_if_nothing_is_allowed
from fournines.cli.opened import Opened, open_cluster
from fournines.cli.options import Json, MaybeFile, SshConfig, ViaOption, duration
from fournines.cli.reaching import Via, is_lab
from fournines.errors import FourninesError, Interrupted, Refused

if TYPE_CHECKING:
    from fournines.drills.result import Result
    from fournines.drills.series import Planned, Series

app = typer.Typer(no_args_is_help=True, help="Break the cluster on purpose and measure what clients see.")

RUNS = Path("runs")
MOST_TIMES = 1000
_EXIT_CODES = {True: 0, False: 1, None: 2}
_SEEDS = 1 << 16
_HEALED = "nothing is left broken; start the drill again"

RunsOption: TypeAlias = Annotated[Path, typer.Option("--runs", metavar="DIR", file_okay=False,
                                                     help="Where the run's folder goes.")]
YesOption: TypeAlias = Annotated[bool, typer.Option(
    "--yes", help="Break real machines without asking. A lab is never asked about.")]
SeedOption: TypeAlias = Annotated[int | None, typer.Option(
    "--seed", min=0, help="Decides where any of several is hit; without it a random one, which is told.")]
WatchOption: TypeAlias = Annotated[str, typer.Option(
    "--watch", metavar="TIME", help="How long to watch what a fault does, such as 90s; else each drill has "
                                    "its own time.")]


@app.command("list")
def listing(as_json: Json = False) -> int:
    """Show the drills that there are, and the suites of them.

    Example: `fournines drill list`
    """
    from fournines.drills.catalog import DRILLS

    if as_json:
        print(json.dumps({drill.name: drill.as_data() for drill in DRILLS.values()}, indent=1))
        return 0
    from fournines.drills.suites import SUITES
    from fournines.report.console import screen
    from fournines.report.drill_view import show_drills, show_suites

    show_drills(screen(), DRILLS.values())
    show_suites(screen(), SUITES.values())
    return 0


@app.command()
def run(name: Annotated[str, typer.Argument(metavar="NAME", help="A drill, see `fournines drill list`.")],
        file: MaybeFile = None, runs: RunsOption = RUNS,
        on: Annotated[str, typer.Option("--on", metavar="NODE",
                                        help="Hit this controller, whoever the drill's target is.")] = "",
        seed: SeedOption = None,
        times: Annotated[int, typer.Option(
            "--times", metavar="N", min=1, max=MOST_TIMES,
            help="Run it so often, with the seeds that follow the first, and sum up.")] = 1,
        watch: WatchOption = "",
        expect: Annotated[list[str] | None, typer.Option(
            "--expect", metavar="SENTENCE", help="Hold the run against this too, such as 'within 10s exactly "
                                                 "one node holds the address'; may be repeated.")] = None,
        yes: YesOption = False,
        as_json: Json = False, via: ViaOption = Via.AUTO, ssh_config: SshConfig = None) -> int:
    """Break something while clients work, heal it, and say what they saw and whether the promise was kept.

    A page with everything about it, `report.html`, is left in the run's folder.

    It heals whatever happens, also after Ctrl-C; a drill that was killed is healed by the next one.
    Exit code 0: the promise was kept; 1: broken, or an error; 2: unknown, as where the fault cannot be shown
    to have taken effect.

    On real machines it does only what the cluster file allows (`drills: {allow: [processes]}`), and asks
    first.

    With `--times` the runs' folders lie in one of their own, whose page has median, 95th percentile and
    worst, the flake rate, and what so many good runs show. Ctrl-C ends it after healing, and what was done is
    summed up.

    Examples: `fournines drill run power-off-vip-holder` · `fournines drill run kill-broker --times 20`
    """
    from fournines.drills.catalog import DRILLS
    from fournines.drills.expectation import parse
    from fournines.drills.series import times as so_often

    if name not in DRILLS:
        raise FourninesError(f"there is no drill {name}", hint=f"there are: {', '.join(DRILLS)}")
    chosen = secrets.randbelow(_SEEDS) if seed is None else seed
    planned = _watched(so_often(DRILLS[name], times, chosen, on,
                                [parse(sentence) for sentence in expect or ()]), watch)
    opened = open_cluster(file)
    _agree(planned, opened, via, yes)
    if times > 1:
        title = f"{name}, {times} times"
        return _series(title, f"{name}-x{times}", planned, opened, runs, via, ssh_config, as_json)
    _tell_seeds(planned)
    result = stopping.run(_run(planned[0], opened, runs, via, ssh_config), _HEALED)
    if as_json:
        print(json.dumps(result.as_data(), indent=1))
    else:
        from fournines.report.console import screen
        from fournines.report.drill_view import show_result

        show_result(screen(), result)
    leave_report(result.folder)
    return _EXIT_CODES[result.verdict.truth]


def _watched(planned: Sequence[Planned], time: str) -> Sequence[Planned]:
    """The drills, watched for ``time`` as it was typed; a fault that lasts longer than that shows no end."""
    if not time:
        return planned
    observe_s = duration("--watch", time, "1h")
    return [replace(item, drill=replace(item.drill, observe_s=observe_s)) for item in planned]


@app.command()
def suite(name: Annotated[str, typer.Argument(
              metavar="SUITE", help="One of ours, see `fournines drill list`, or a YAML file.")],
          file: MaybeFile = None, runs: RunsOption = RUNS, seed: SeedOption = None, watch: WatchOption = "",
          yes: YesOption = False,
          as_json: Json = False, via: ViaOption = Via.AUTO, ssh_config: SshConfig = None) -> int:
    """Run a set of drills one after the other; leave one summary, one page and JUnit XML above their runs.

    Between two drills the cluster has to become whole again; where it does not, the suite stops and says so.
    A drill that cannot be done here counts as unknown, and the suite goes on. Exit codes as of `drill run`.

    A file of one's own: `suite: nightly`, and below `drills:` a list of names, or of
    `{drill: kill-keystone, on: ctl2, times: 3, seed: 7}`.

    Examples: `fournines drill suite smoke` · `fournines drill suite nightly.yaml cluster.yaml`
    """
    from fournines.drills.suites import SUITES, suite_of

    found, opened = suite_of(name), open_cluster(file)
    if name in SUITES:   # who wrote a list of his own wants to know what of it cannot be done
        found, others = found.where(opened.cluster)
        if others:
            _tell(f"left out, since the cluster has not what they break: {', '.join(others)}")
    chosen = secrets.randbelow(_SEEDS) if seed is None else seed
    planned = _watched(found.planned(chosen), watch)
    if not planned:
        raise Refused(f"no drill of the suite {found.name} breaks what the cluster has",
                      hint="see 'fournines drill list' for others")
    _agree(planned, opened, via, yes)
    return _series(f"suite {found.name}", f"suite-{found.name}", planned, opened, runs, via, ssh_config,
                   as_json)


@app.command("random")
def at_random(count: Annotated[int, typer.Argument(metavar="N", min=1, max=MOST_TIMES, help="How many.")],
              file: MaybeFile = None, runs: RunsOption = RUNS, seed: SeedOption = None,
              watch: WatchOption = "", yes: YesOption = False,
              as_json: Json = False, via: ViaOption = Via.AUTO, ssh_config: SshConfig = None) -> int:
    """Run drills drawn at random from all that can be done here; the same seed draws the same ones.

    Example: `fournines drill random 100 --seed 7`
    """
    from fournines.drills.suites import at_random as drawn

    opened = open_cluster(file)
    chosen = secrets.randbelow(_SEEDS) if seed is None else seed
    _tell(f"seed {chosen}")
    planned = _watched(drawn(count, chosen, may_here(opened, via), opened.cluster).planned(chosen), watch)
    if not planned:
        raise Refused("no drill can be done here",
                      hint="list what is allowed under drills: in the cluster file")
    _agree(planned, opened, via, yes)
    return _series(f"{count} drills at random, seed {chosen}", f"random-{chosen}", planned, opened, runs, via,
                   ssh_config, as_json)


def _agree(planned: Sequence[Planned], opened: Opened, via: Via, yes: bool) -> None:
    """Ask before real machines are broken. Raises ``Refused`` where nobody agrees, or can be asked."""
    if yes or is_lab(opened, via):
        return
    refuse_if_nothing_is_allowed(planned, opened)
    names = ", ".join(dict.fromkeys(item.drill.name for item in planned))
    _tell(f"This breaks REAL machines of {opened.cluster.name}: {names}.")
    hint = "answer y, or give --yes; fournines lab up builds a lab of the same file"
    if not sys.stdin.isatty():
        raise Refused("nobody can be asked whether real machines may be broken", hint=hint)
    if not typer.confirm("Go on?", err=True):
        raise Refused("not agreed to, so nothing was broken", hint=hint)


def _series(title: str, folder: str, planned: Sequence[Planned], opened: Opened, runs: Path, via: Via,
            ssh_config: Path | None, as_json: bool) -> int:
    from fournines.cli.reporting import leave_series_report

    _tell_seeds(planned)
    series = stopping.run(_run_series(title, folder, planned, opened, runs, via, ssh_config), _HEALED)
    view = leave_series_report(series)
    if as_json:
        print(json.dumps(view.as_data(), indent=1))
    else:
        from fournines.report.console import screen
        from fournines.report.series_view import show_series

        show_series(screen(), view)
    _tell(f"report: {series.folder / 'report.html'}")
    return Interrupted.exit_code if series.interrupted else _EXIT_CODES[series.verdict.truth]


def _tell_seeds(planned: Sequence[Planned]) -> None:
    from fournines.drills.series import seeds

    if told := seeds(planned):
        _tell(f"seed {told}")


def leave_report(folder: Path) -> None:
    """A page that cannot be made takes nothing from the verdict, which is known and written down."""
    from fournines.cli.reporting import write_report
    from fournines.drills.recorded import read_run

    try:
        _tell(f"report: {write_report(read_run(folder))}")
    except FourninesError as problem:
        _tell(f"there is no report: {problem}; once that is repaired: fournines report {folder}")


async def _run(planned: Planned, opened: Opened, runs: Path, via: Via, ssh_config: Path | None) -> Result:
    from fournines.drills import beforehand, runner
    from fournines.engine.lock import only_one

    async with place_of(opened, via, ssh_config) as place:
        with only_one(opened.state, f"drill {planned.drill.name}"):
            await beforehand.heal_left_behind(place, runs, _tell)
            return await runner.run(planned.drill, place, runs, _tell, named=planned.named, seed=planned.seed,
                                    expect=planned.expect)


async def _run_series(title: str, folder: str, planned: Sequence[Planned], opened: Opened, runs: Path,
                      via: Via, ssh_config: Path | None) -> Series:
    from fournines.drills import beforehand, serial
    from fournines.engine.lock import only_one

    async with place_of(opened, via, ssh_config) as place:
        with only_one(opened.state, title):
            await beforehand.heal_left_behind(place, runs, _tell)
            return await serial.run_series(title, planned, place, runs, _tell, name=folder)


def _tell(message: str) -> None:
    print(message, file=sys.stderr)
