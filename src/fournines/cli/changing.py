"""Commands that plan changes and make them: plan, apply, rotate."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fournines.cli.opened import open_cluster
from fournines.cli.options import FILE_HELP, Json, MaybeFile, SshConfig, ViaOption
from fournines.cli.reaching import Via, connected

if TYPE_CHECKING:
    from fournines.engine.plan import Plan

rotating = typer.Typer(no_args_is_help=True, help="Replace secrets that wear out.")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(plan)
    app.command()(apply)
    app.add_typer(rotating, name="rotate")


def plan(
    file: MaybeFile = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", dir_okay=False,
                                             help="Save the plan, to be applied as it is.")] = None,
    as_json: Json = False, via: ViaOption = Via.AUTO, ssh_config: SshConfig = None,
) -> int:
    """Show what would be done, where, in which order and why. Changes nothing.

    Exit code 0: nothing to do; 2: changes; 1: an error, or a machine whose state is unknown.

    Examples: `fournines plan` · `fournines plan cluster.yaml --via ssh --out plan.json`
    """
    opened = open_cluster(file)
    opened.tell_warnings()
    store = opened.store()

    async def made() -> Plan:
        async with connected(opened, via, ssh_config) as nodes:   # the ways there open while it compiles
            blueprint = await asyncio.to_thread(opened.blueprint, store)
            from fournines.cli.planning import plan_with_diffs

            return await plan_with_diffs(blueprint, nodes, store.mask)

    plan = asyncio.run(made())
    from fournines.engine import plan_file

    if out is not None:
        plan_file.save(plan, opened.file.resolve(), out)
    if as_json:
        print(json.dumps({**plan_file.as_data(plan),
                          "warnings": [finding.as_data() for finding in opened.warnings]}, indent=1))
    elif plan.exit_code == 0:   # the usual answer, which needs no colours and so not the time to load them
        print(f"nothing to do: {plan.cluster} is as its file says")
    else:
        from fournines.report.console import screen
        from fournines.report.plan_view import show_plan

        show_plan(screen(), plan)
        if out is not None:
            print(f"saved; carry out exactly this with: fournines apply {out}")
    return plan.exit_code


def apply(
    file: Annotated[Path | None, typer.Argument(
        metavar="[FILE | PLAN.json]", help=f"{FILE_HELP} Or a saved plan.")] = None,
    as_json: Json = False, via: ViaOption = Via.AUTO, ssh_config: SshConfig = None,
) -> int:
    """Bring the machines to what the cluster file says, one safe step after the other.

    Doing it twice changes nothing; interrupted, the same command goes on. A saved plan is carried out only if
    nothing that it relied on has changed since. At the end every invariant is judged, as by `verify`; what
    comes late is waited for, up to two minutes, unless there was nothing to do.

    Exit code 0: done, and every invariant that must hold does; 1: an error, or one that does not.

    Examples: `fournines apply` · `fournines apply cluster.yaml --via ssh` · `fournines apply plan.json`
    """
    from fournines.cli.work import bring_about
    from fournines.engine import plan_file

    saved = plan_file.load(file) if file is not None and file.suffix == ".json" else None
    opened = open_cluster(saved.cluster_file if saved else file)
    opened.tell_warnings()
    return bring_about(opened, via, ssh_config, as_json=as_json, saved=saved.plan if saved else None)


@rotating.command()
def fernet(file: MaybeFile = None) -> int:
    """Make the staged Fernet key primary and stage a new one; `apply` then brings them to the nodes.

    Refused while the last rotation has not been applied everywhere.

    Example: `fournines rotate fernet && fournines apply`
    """
    from fournines.cli.work import rotate_fernet

    return rotate_fernet(open_cluster(file))
