"""The screen that everything is shown on, and the words and colours that all views share."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from fournines.blueprint.files import NodeFile

WIDTH_IN_A_PIPE = 120
GOOD, BAD, DOUBTFUL, QUIET, STRONG = "green", "red", "yellow", "dim", "bold"


def screen() -> Console:
    """Standard output. Nothing in a text is taken for markup; a pipe gets no colours."""
    return Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else WIDTH_IN_A_PIPE)


def plain_screen() -> Console:
    """Standard output for texts whose lines must stay as they are."""
    return Console(markup=False, highlight=False, soft_wrap=True)


def line(*parts: str | tuple[str, str]) -> Text:
    """A line of words and (words, style)."""
    return Text.assemble(*parts)


def seconds(duration_s: float) -> str:
    """``0.35 s``, ``12 s``, ``2 min 5 s``."""
    if duration_s < 10:
        return f"{duration_s:.2f} s"
    if duration_s < 120:
        return f"{duration_s:.0f} s"
    return f"{int(duration_s // 60)} min {duration_s % 60:.0f} s"


def count(number: int, what: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def show_files(console: Console, files: Mapping[str, Sequence[NodeFile]]) -> None:
    """Every file of every node, each under its name; a secret one only by its size."""
    for node, items in files.items():
        for item in items:
            console.print(line((f"# {node}:{item.path}", STRONG),
                               (f"  {item.mode:04o} {item.owner}:{item.group}", QUIET)))
            console.print(f"({len(item.content)} secret bytes)" if item.secret
                          else item.content.decode(errors="replace").rstrip("\n"))
            console.print()
