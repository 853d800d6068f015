"""``fournines drill``: break it on purpose, and measure what clients see."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Break the cluster on purpose and measure what clients see.")
