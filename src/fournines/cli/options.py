"""The arguments and options that several commands take, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from fournines.cli.reaching import Via
from fournines.cluster.notation import Wrong, parse_duration
from fournines.errors import FourninesError

FILE_HELP = "Cluster file; without it that of the only lab that is up, else ./cluster.yaml."

File: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", help="Cluster file.")]
MaybeFile: TypeAlias = Annotated[Path | None, typer.Argument(metavar="[FILE]", help=FILE_HELP)]
ClusterOption: TypeAlias = Annotated[Path | None, typer.Option("--cluster", metavar="FILE", help=FILE_HELP)]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="For programs.")]
ViaOption: TypeAlias = Annotated[Via, typer.Option(
    "--via", help="Which machines: those of the lab, or real ones over SSH. auto: the lab if it is up.")]
SshConfig: TypeAlias = Annotated[Path | None, typer.Option(
    "--ssh-config", metavar="FILE", exists=True, dir_okay=False,
    help="An OpenSSH configuration to use instead of your own.")]


def duration(option: str, typed: str, longest: str) -> float:
    """Seconds, of a time as it was typed. Raises FourninesError where it is none, or not from 1 s to
    ``longest``."""
    try:
        seconds = parse_duration(typed)
    except Wrong as wrong:
        raise FourninesError(f"{option} {wrong.what}", hint=wrong.instead) from None
    if not 1 <= seconds <= parse_duration(longest):
        raise FourninesError(f"{option} is {typed}", hint=f"write a time from 1s to {longest}")
    return seconds
