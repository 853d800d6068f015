"""invariants.md: what ``fournines verify`` judges in the example, and what to do where it does not hold."""

from __future__ import annotations

import markdown
from example import Example
from markdown import table


def page(example: Example) -> str:
    """One table for each layer."""
    sections = (text for layer, part in example.parts.items() if part.invariants
                for text in (f"## {layer}", table(("must hold", "where it does not", "severity"), (
                    (item.name, item.remedy, item.severity.value) for item in part.invariants))))
    return markdown.page(
        "Invariants",
        "What `fournines verify` judges, for a cluster like `examples/three-controllers.yaml`. Each is true, "
        "false or unknown. Unknown is never a pass: the exit code is 0 only where every invariant of "
        "severity `error` is true.", *sections)
