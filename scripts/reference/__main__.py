"""Write docs/reference anew from the code: ``make reference``. Another directory may be named instead.

What these pages say is never written by hand: a test compares them with what this makes.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import audit_rule
import audit_rules
import cluster_file
import commands
import invariants
import layout
import timers
from example import ROOT, Example, read_example

PAGES: Mapping[str, Callable[[Example], str]] = {
    "commands.md": lambda example: commands.page(),
    "cluster-file.md": lambda example: cluster_file.page(),
    "timers.md": lambda example: timers.page(example.cluster),
    "invariants.md": invariants.page,
    "audit-rules.md": lambda example: audit_rules.page(),
    "layout-on-nodes.md": layout.page,
}


def main(directory: Path) -> None:
    """All pages, in ``directory``."""
    example = read_example()
    texts = {name: page(example) for name, page in PAGES.items()} | audit_rule.pages()
    shutil.rmtree(directory / audit_rule.FOLDER, ignore_errors=True)   # of rules that are no more
    (directory / audit_rule.FOLDER).mkdir(parents=True)
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "reference")
