"""What a run did not test: what no lab can show, and the single failures that were not injected. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fournines.cluster.timers import Chain
from fournines.drills.prediction import CHAIN_PATHS
from fournines.drills.recorded import Recorded

LAB_CANNOT_SHOW = (
    ("Unflushed disk writes survive the power loss",
     "the page cache belongs to the computer that hosts the lab, which kept its power. Whether a database "
     "flushes before it acknowledges cannot be tested there."),
    ("Clocks are shared", "no clock can be set wrong in one machine."),
    ("A frozen machine's kernel goes on",
     "it is that of the lab's computer, and acknowledges packets for the machine that executes nothing. A "
     "computer that hangs as a whole is silent, which its peers notice sooner."),
    ("The processors are shared",
     "a load in one machine slows the others. Figures are pessimistic on a small computer."),
    ("Real-time scheduling is rationed",
     "what runs ahead of all others (Keepalived, Galera's group thread) has a few percent of each processor "
     "where the computer's kernel wants a budget for it."),
    ("Kernel modules that the host lacks", "DRBD and a watchdog are not there."),
    ("Switches", "those of the lab learn addresses at once; a real one may add time after an address has "
                 "moved."),
)
"""As docs/explanation/what-the-lab-shows.md says at length; a test compares the two."""


@dataclass(frozen=True, slots=True)
class NotInjected:
    """A single failure that the timers are made for, and the paths that it would hit."""

    fault: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untested:
    """``other_nodes`` could have been hit and were not; ``unwatched`` are paths of the very failure that was
    injected which no client took."""

    lab: tuple[tuple[str, str], ...]
    not_injected: tuple[NotInjected, ...]
    other_nodes: tuple[str, ...]
    unwatched: tuple[str, ...]


def untested(run: Recorded, chains: Sequence[Chain]) -> Untested:
    """Of one run; ``chains`` are all that are foreseen for such a cluster."""
    injected = run.spec.chain
    watched = {name for path in run.history.paths for name in CHAIN_PATHS.get(path, ())}
    faults = dict.fromkeys(chain.fault for chain in chains if chain.fault != injected)
    return Untested(
        LAB_CANNOT_SHOW,
        tuple(NotInjected(fault, tuple(chain.path for chain in chains if chain.fault == fault))
              for fault in faults),
        tuple(node.name for node in run.spec.cluster.nodes if node.name != run.result.target),
        tuple(chain.path for chain in chains if chain.fault == injected and chain.path not in watched))
