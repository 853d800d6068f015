"""How a file would change, as text that may be shown: a unified diff without any secret. Pure."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

Mask = Callable[[str], str]
HIDDEN = "(hidden)"


def masked_diff(path: str, old: bytes, new: bytes, mask: Mask) -> str:
    """Unified diff from ``old`` to ``new``; empty where either is not text.

    ``mask`` knows the secrets of now, not those of before: a line that begins as one with a secret does has
    its rest hidden in the old text, and where a secret has a line of its own nothing of either is shown.
    """
    import difflib  # only a plan with changed files needs it

    try:
        before, after = old.decode(), new.decode()
    except UnicodeDecodeError:
        return ""
    openings = _openings(after, mask)
    shown_after = [mask(line) for line in after.splitlines()]
    if "" in openings:
        return f"--- {path}\n+++ {path}\n{HIDDEN}: its lines are secrets"
    shown_before = [_hide_rest(mask(line), openings) for line in before.splitlines()]
    shown_after = [_hide_rest(line, openings) for line in shown_after]
    return "\n".join(difflib.unified_diff(shown_before, shown_after, path, path, lineterm="", n=2))


def _openings(text: str, mask: Mask) -> frozenset[str]:
    """What comes before the secret in each line that has one."""
    found = set()
    for line in text.splitlines():
        shown = mask(line)
        if shown != line:
            pairs = zip(line, shown, strict=False)
            same = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            found.add(same.strip())
    return frozenset(found)


def _hide_rest(line: str, openings: frozenset[str]) -> str:
    for opening in openings:
        if line.strip().startswith(opening):
            return line[:line.index(opening) + len(opening)] + HIDDEN
    return line
