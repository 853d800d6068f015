"""audit-rules/ID.md: one rule each, with files in which it finds something and files in which it does not.

They are the planted faults of the tests, so that what stands here is what is tested.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping

import markdown
from example import ROOT
from markdown import block, code

from fournines.audit.rule import RULES, Rule

sys.path.insert(0, str(ROOT))

from tests.audit.faults import FAULTS
from tests.audit.planting import MARK, PATHS, WHOLE, Fault

FOLDER = "audit-rules"
MOST_EXAMPLES = 3
PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)   # made anew each time


def pages() -> dict[str, str]:
    """The file of each rule, by its name in the reference."""
    return {f"{FOLDER}/{rule.id}.md": _page(rule) for rule in RULES.values()}


def _page(rule: Rule) -> str:
    examples = [fault for fault in FAULTS if fault.rule == rule.id][:MOST_EXAMPLES]
    return markdown.page(
        f"{rule.id}: {rule.title}",
        f"*{rule.severity.value}*; in a failure: {rule.effect.value}. {rule.consequence}",
        f"**What to do:** {rule.fix}",
        f"**Source:** {rule.source}",
        f"**Versions:** {rule.versions}" if rule.versions else "",
        f"**Errata of the 2014 guide:** {', '.join(rule.errata)}" if rule.errata else "",
        f"**To accept it:** `# fournines: ignore {rule.id} because REASON` at its line; all of it by `audit: "
        f"{{accept: {{{rule.id}: REASON}}}}` in the cluster file.",
        *(part for number, fault in enumerate(examples, 1) for part in _example(number, fault)))


def _example(number: int, fault: Fault) -> Iterator[str]:
    yield f"## Example {number}"
    yield from _files(fault.broken)
    yield "Nothing is found in:"
    yield from _files(fault.right)


def _files(texts: Mapping[str, str]) -> Iterator[str]:
    """Each file under its name on its node; what is marked there is where the finding is."""
    for name, text in texts.items():
        node, _, kind = name.rpartition(" ")
        whole = ", about the file as a whole" if text.startswith(WHOLE) else ""
        yield f"{code(PATHS[kind])} of {node or 'ctl1'}{whole}:"
        shown = PEM.sub(r"(\1)", text.removeprefix(WHOLE).replace(MARK, "   <-- here"))
        yield block("\n".join(line.rstrip() for line in shown.split("\n")) or "(empty)")
