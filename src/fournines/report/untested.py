"""What a run did not test: what no lab can show, and the single failures that were not injected. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fournines.cluster.timers import Chain
from fournines.drills.prediction import CHAIN_PATHS
from fournines.drills.recorded import Recorded

CONTAINERS_CANNOT_SHOW = (
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
)
OWN_KERNELS_CANNOT_SHOW = (
    ("The disk's own write cache", "what the kernel handed to the disk survives."),
    ("The link light",
     "a pulled cable passes nothing, but the interface inside stays up, as behind a second switch. What "
     "watches the link's state, and not its traffic, does not notice."),
    ("All of the processor", "of its registers the machines have those up to AVX-512."),
    ("Speed",
     "starting a process takes about ten times as long. Resource agents and boots are slower, so failover "
     "figures are pessimistic."),
)
NO_LAB_CAN_SHOW = (
    ("Switches", "those of the lab learn addresses at once; a real one may add time after an address has "
                 "moved."),
)
"""As docs/explanation/what-the-lab-shows.md says at length; a test compares the two."""
_CONTAINER, _OWN_KERNEL = "nspawn", "uml"   # as a lab's drivers are called


@dataclass(frozen=True, slots=True)
class NotInjected:
    """A single failure that the timers are made for, and the paths that it would hit."""

    fault: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """``nodes`` are those that ``what`` was not done to."""

    what: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """What some machines cannot show, ``of`` whom a sentence says, and why not."""

    of: str
    points: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Untested:
    """``limits`` are those of the place; ``elsewhere`` is what else could have been hit, for each thing that
    was done; ``unwatched`` are paths of the very failure that was injected which no client took."""

    limits: tuple[Limit, ...]
    not_injected: tuple[NotInjected, ...]
    elsewhere: tuple[Elsewhere, ...]
    unwatched: tuple[str, ...]


def untested(run: Recorded, chains: Sequence[Chain]) -> Untested:
    """Of one run; ``chains`` are all that are foreseen for such a cluster."""
    injected = run.spec.chain
    watched = {name for path in run.history.paths for name in CHAIN_PATHS.get(path, ())}
    faults = dict.fromkeys(chain.fault for chain in chains if chain.fault != injected)
    return Untested(
        limits(run.spec.machines),
        tuple(NotInjected(fault, tuple(chain.path for chain in chains if chain.fault == fault))
              for fault in faults),
        tuple(_elsewhere(what, run) for what in dict.fromkeys(deed.what for deed in run.deeds)),
        tuple(chain.path for chain in chains if chain.fault == injected and chain.path not in watched))


def limits(machines: Mapping[str, str] | None) -> tuple[Limit, ...]:
    """``machines`` as in ``spec.Spec``."""
    if machines is None:
        return (Limit("The run does not say what its machines were. Containers of a lab share one computer "
                      "and one kernel, and cannot show this:", (*CONTAINERS_CANNOT_SHOW, *NO_LAB_CAN_SHOW)),)
    if not machines:
        return (Limit("The machines were real hosts, not those of a lab."),)
    shared, own = (", ".join(name for name, driver in machines.items() if driver == kind)
                   for kind in (_CONTAINER, _OWN_KERNEL))
    found = (Limit(f"Containers, which share one computer and one kernel: {shared}.", CONTAINERS_CANNOT_SHOW),
             Limit(f"With kernels of their own, on one computer: {own}.", OWN_KERNELS_CANNOT_SHOW))
    there = [limit for limit, names in zip(found, (shared, own), strict=True) if names]
    return (*there, Limit("All of them, in the lab's network:", NO_LAB_CAN_SHOW))


def _elsewhere(what: str, run: Recorded) -> Elsewhere:
    hit = {deed.target for deed in run.deeds if deed.what == what}
    return Elsewhere(what, tuple(node.name for node in run.spec.cluster.nodes if node.name not in hit))
