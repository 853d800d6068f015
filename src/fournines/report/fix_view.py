"""Corrections on the screen: diffs that ``patch -p0`` takes as they are printed, the rest as comments."""

from __future__ import annotations

from fournines.audit.fixing import Fixes
from fournines.report.console import count


def fixes_text(found: Fixes) -> str:
    """Each file's diff below what it ends; then what has to be done by hand, and how much of each."""
    lines: list[str] = []
    for fixed in found.files:
        lines += [f"# {verdict.rule.id} {verdict.place}: {verdict.what}" for verdict in fixed.ends]
        lines.append(fixed.diff.removesuffix("\n"))
    lines += [f"# by hand: {verdict.rule.id} {verdict.place}: {verdict.what}: {verdict.fix}"
              for verdict in found.by_hand]
    ended = sum(len(fixed.ends) for fixed in found.files)
    lines.append(f"# {count(ended, 'finding')} ended by changes of {count(len(found.files), 'file')}, "
                 f"{len(found.by_hand)} by hand; nothing was written")
    return "\n".join(lines) + "\n"
