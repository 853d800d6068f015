"""Does a pool keep connections that are dead and do not say so? Pure.

A connection that was ended tells whoever takes it next, at once; pools that check ask no more. One that
neither answers nor ends costs its taker a time-out, long after the failure.
"""

from __future__ import annotations

from fournines.drills.operation import Pooled
from fournines.drills.verdict import Verdict


def no_deaf_connection(path: str, pooled: Pooled | None) -> Verdict:
    """``pooled`` is None where the clients did not come to trying their connections."""
    question = f"{path}: no pooled connection is deaf"
    if pooled is None:
        return Verdict(question, None, "the connections were not tried")
    count = pooled.works + pooled.broken + pooled.silent
    if pooled.silent:
        return Verdict(question, False, f"{pooled.silent} of {count} neither answer nor end")
    if not count:
        return Verdict(question, None, "the pool was empty, so there was nothing to try")
    return Verdict(question, True, f"of {count}, {pooled.works} work and {pooled.broken} say that they ended")
