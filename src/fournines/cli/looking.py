"""Commands that ask the machines and change nothing: status, verify."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from fournines.cli.opened import Opened, open_cluster
from fournines.cli.options import Json, MaybeFile, SshConfig, ViaOption
from fournines.cli.reaching import Via, connected

if TYPE_CHECKING:
    from fournines.blueprint.snapshot import Snapshot
    from fournines.engine.compile import Blueprint


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(status)
    app.command()(verify)


def status(file: MaybeFile = None, as_json: Json = False, via: ViaOption = Via.AUTO,
           ssh_config: SshConfig = None) -> int:
    """Show on one screen who holds each address and seat, how each layer is, and what may still fail.

    Exit code 0 where everything serves, else 1.

    Examples: `fournines status` · `fournines status cluster.yaml --via ssh --json`
    """
    from fournines.engine.status import status as status_of

    opened = open_cluster(file)
    blueprint, snapshot = asyncio.run(_look(opened, via, ssh_config))
    state = status_of(opened.cluster, blueprint, snapshot)
    if as_json:
        print(json.dumps(state.as_data(), indent=1))
    else:
        from fournines.report.console import screen
        from fournines.report.tables import show_status

        show_status(screen(), state)
    return 0 if state.serves else 1


def verify(file: MaybeFile = None, as_json: Json = False, via: ViaOption = Via.AUTO,
           ssh_config: SshConfig = None) -> int:
    """Judge every invariant of the cluster now; for your monitoring.

    Exit code 0 where every one that must hold does; 1 where one does not, or cannot be known.

    Examples: `fournines verify` · `fournines verify cluster.yaml --via ssh --json`
    """
    from fournines.engine.verify import exit_code
    from fournines.engine.verify import verify as judge

    opened = open_cluster(file)
    blueprint, snapshot = asyncio.run(_look(opened, via, ssh_config))
    checked = judge(blueprint, snapshot)
    if as_json:
        print(json.dumps([{"invariant": item.invariant.name, "holds": item.judgement.truth,
                           "severity": item.invariant.severity, "because": item.judgement.because,
                           "remedy": item.invariant.remedy} for item in checked], indent=1))
    else:
        from fournines.report.console import screen
        from fournines.report.tables import show_checked

        show_checked(screen(), checked)
    return exit_code(checked)


async def _look(opened: Opened, via: Via, ssh_config: SshConfig) -> tuple[Blueprint, Snapshot]:
    from fournines.engine.observe import observe

    store = opened.store()
    async with connected(opened, via, ssh_config) as nodes:   # the ways there open while it compiles
        blueprint = await asyncio.to_thread(opened.blueprint, store)
        return blueprint, await observe(nodes, blueprint.probes)
