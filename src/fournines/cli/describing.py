"""Commands that look at the cluster file alone and work anywhere: check, schema, render."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fournines.cli.opened import Opened, open_cluster
from fournines.cli.options import File, Json
from fournines.errors import ClusterFileError, FourninesError

if TYPE_CHECKING:
    from fournines.engine.compile import Blueprint


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(check)
    app.command()(schema)
    app.command()(render)


def show_version(wanted: bool) -> None:
    """For ``--version``."""
    if wanted:
        from fournines import __version__

        print(__version__)
        raise typer.Exit


def check(file: File, as_json: Json = False) -> int:
    """Say everything that is wrong with a cluster file, each with its line and what to write instead.

    What is allowed and yet costs the promise, such as all nodes on one rack, is a warning.
    Exit code 0 where nothing is wrong, with or without warnings; else 1.

    Example: `fournines check examples/three-controllers.yaml`
    """
    try:
        opened = open_cluster(file)
        opened.blueprint_with_placeholders()
    except ClusterFileError as problem:
        if not as_json:
            raise
        print(json.dumps([finding.as_data() for finding in problem.findings], indent=1))
        return problem.exit_code
    if as_json:
        print(json.dumps([finding.as_data() for finding in opened.warnings], indent=1))
    else:
        _show_good(opened)
    return 0


def schema() -> int:
    """Print the JSON Schema of cluster files, for editors.

    Example: `fournines schema > fournines.schema.json`
    """
    from fournines.cluster.schema import schema as schema_of
    from fournines.layers import SPECS

    print(json.dumps(schema_of(SPECS), indent=1))
    return 0


def render(
    file: File,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", file_okay=False,
                                             help="Write the files to DIR/NODE/PATH.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show every timer with its formula and reason.")]
    = False,
    node: Annotated[str, typer.Option("--node", metavar="NAME", help="Only this node.")] = "",
    as_json: Json = False,
) -> int:
    """Show what the cluster file becomes: every file on every node, or with `--explain` every timer.

    Secrets are not made and not shown: a word in their place says which belongs there.

    Examples: `fournines render cluster.yaml --out rendered/` ·
    `fournines render cluster.yaml --node ctl1` · `fournines render cluster.yaml --explain`
    """
    opened = open_cluster(file)
    if explain:
        _explain(opened, as_json)
        return 0
    blueprint = opened.blueprint_with_placeholders()
    nodes = _chosen(blueprint.nodes, node)
    if out is not None:
        _write(blueprint, nodes, out)
    elif as_json:
        print(json.dumps({name: {item.path: item.content.decode(errors="replace")
                                 for item in blueprint.files[name]} for name in nodes}, indent=1))
    else:
        from fournines.report.console import plain_screen, show_files

        show_files(plain_screen(), {name: blueprint.files[name] for name in nodes})
    return 0


def _show_good(opened: Opened) -> None:
    cluster, good = opened.cluster, "good"
    if opened.warnings:
        from fournines.report.console import count, screen
        from fournines.report.tables import show_findings

        show_findings(screen(), opened.warnings)
        good = f"good, with {count(len(opened.warnings), 'warning')}"
    print(f"{opened.file}: {good}: cluster {cluster.name}, {len(cluster.nodes)} nodes, "
          f"{', '.join(cluster.layers)}; recovers within {cluster.recovery.recover_within_s:g} s")


def _explain(opened: Opened, as_json: bool) -> None:
    from dataclasses import asdict

    from fournines.cluster.timers import explain, explain_chains
    from fournines.report.console import screen
    from fournines.report.tables import show_timers

    rows, chains = explain(opened.timers), explain_chains(opened.timers)
    if as_json:
        print(json.dumps({"timers": [asdict(row) for row in rows],
                          "failures": [asdict(chain) for chain in chains]}, indent=1))
    else:
        show_timers(screen(), rows, chains)


def _chosen(nodes: Iterable[str], name: str) -> tuple[str, ...]:
    names = tuple(nodes)
    if name and name not in names:
        raise FourninesError(f"the cluster has no node {name}", hint=f"it has: {', '.join(names)}")
    return (name,) if name else names


def _write(blueprint: Blueprint, nodes: Iterable[str], out: Path) -> None:
    count = 0
    for node in nodes:
        for item in blueprint.files[node]:
            path = out / node / item.path.lstrip("/")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(item.content)
            except OSError as problem:
                raise FourninesError(f"{path}: {problem.strerror}",
                                     hint="choose a directory that can be written") from problem
            count += 1
    print(f"{count} files in {out}")
