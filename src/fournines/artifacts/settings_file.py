"""local_settings.py: Horizon's settings, a file of Python, of which the plain assignments are read.

Nothing of it is ever run. Source: Horizon's documentation, Settings reference.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from fournines.artifacts.document import Complain, Entry, refuse
from fournines.errors import Unparsable

FORMAT = "local_settings.py"
_LONGEST = 200_000   # characters; the one that Horizon ships has 40,000


@dataclass(frozen=True, slots=True)
class Document:
    """``NAME = value`` for values that are texts, numbers or truths."""

    entries: tuple[Entry, ...] = ()


def parse(text: str, complain: Complain = refuse) -> Document:
    """The assignments at the top of the file; Unparsable where it is no Python."""
    if len(text) > _LONGEST:
        complain(Unparsable(FORMAT, 1, f"it is longer than {_LONGEST} characters"))
        return Document()
    try:
        tree = ast.parse(text)
    except SyntaxError as problem:
        last = text.count("\n") + 1
        complain(Unparsable(FORMAT, min(max(problem.lineno or 1, 1), last), f"no Python: {problem.msg}"))
        return Document()
    except (ValueError, RecursionError, MemoryError):
        complain(Unparsable(FORMAT, 1, "no Python that can be read"))
        return Document()
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found += [Entry(target.id, str(node.value.value), node.lineno) for target in node.targets
                      if isinstance(target, ast.Name)]
    return Document(tuple(found))
