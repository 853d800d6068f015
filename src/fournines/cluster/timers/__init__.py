"""Timers from one promise: ``derive`` turns ``recovery.recover_within`` and the topology into every timeout
of the system, each with its formula, source and reason, and into the bounds that follow for each failure.

One file per component holds its table of definitions; ``waits`` and ``chains`` say what the values cost,
``stalls`` what false alarms they risk, ``relations`` what they must keep among each other. No I/O here.
"""

from __future__ import annotations

from fournines.cluster.timers.chain import Branch, Chain, Term
from fournines.cluster.timers.derive import BY_NAME, derive, smallest_promise_s
from fournines.cluster.timers.explain import ChainRow, Row, explain, explain_chains
from fournines.cluster.timers.stalls import Stall, tolerated_stalls
from fournines.cluster.timers.timer import RECOVER_WITHIN, Timer, Timers, Unit

NAMES: tuple[str, ...] = tuple(BY_NAME)
"""Every timer that can be overridden."""

__all__ = ["NAMES", "RECOVER_WITHIN", "Branch", "Chain", "ChainRow", "Row", "Stall", "Term", "Timer",
           "Timers", "Unit", "derive", "explain", "explain_chains", "smallest_promise_s", "tolerated_stalls"]
