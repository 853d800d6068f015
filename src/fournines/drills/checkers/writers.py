"""Did one database take the writes at a time? From who took each acknowledged insert. Pure.

The inserts say themselves which node's database took them, so no clock of a node is needed. A failover and a
way back make the writer A, then B, then A. Where A, B, A, B is seen, in an order that the times leave no
doubt about, two took writes at once or the writer was chased.
"""

from __future__ import annotations

from collections.abc import Sequence

from fournines.drills.operation import Operation, Outcome
from fournines.drills.verdict import Verdict

MOST_CHANGES = 2   # away and back


def one_writer(operations: Sequence[Operation], most_changes: int = MOST_CHANGES) -> Verdict:
    """``operations``: inserts of all paths, whose ``result`` is the node that took them."""
    question = "one database takes the writes at a time"
    done = sorted((item for item in operations if item.outcome is Outcome.OK and item.result
                   and item.sent_s is not None and item.done_s is not None),
                  key=lambda item: item.done_s or 0.0)
    if not done:
        return Verdict(question, None, "no acknowledged insert says who took it")
    runs = [done[0]]   # one insert for each stretch that a node certainly had
    for item in done[1:]:
        if item.result != runs[-1].result and (item.sent_s or 0.0) > (runs[-1].done_s or 0.0):
            runs.append(item)
        elif item.result == runs[-1].result:
            runs[-1] = item
    order = " then ".join(item.result for item in runs)
    changes = len(runs) - 1
    if changes > most_changes:
        return Verdict(question, False, f"the writer changed {changes} times: {order}")
    return Verdict(question, True, f"{len(done)} inserts were taken by {order}")
