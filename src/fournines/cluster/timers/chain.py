"""Chain: how long one client path stands still after one failure, as sums of named timers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One wait in a chain: what is waited for, which timers decide it, and its bounds in seconds."""

    what: str
    timers: tuple[str, ...]
    lower_s: float
    upper_s: float

    @property
    def component(self) -> str:
        """The component that makes one wait: ``galera`` of ``galera.suspect_timeout``."""
        return self.timers[0].partition(".")[0] if self.timers else "tcp"


@dataclass(frozen=True, slots=True)
class Branch:
    """Waits one after the other. ``certain``: every such failure goes through it, so its lower bound holds;
    otherwise it depends on where the client and the roles were."""

    terms: tuple[Term, ...]
    certain: bool = False

    @property
    def lower_s(self) -> float:
        return round(sum(term.lower_s for term in self.terms), 6) if self.certain else 0.0

    @property
    def upper_s(self) -> float:
        return round(sum(term.upper_s for term in self.terms), 6)


@dataclass(frozen=True, slots=True)
class Chain:
    """``fault`` as seen on ``path``: its branches run side by side, so the longest decides. ``layer`` is the
    layer that has to be in the cluster file for this path to exist, in this ``pattern`` if that is given."""

    fault: str
    path: str
    layer: str
    branches: tuple[Branch, ...]
    pattern: str = ""

    @property
    def name(self) -> str:
        """``node power loss: API request``."""
        return f"{self.fault}: {self.path}"

    @property
    def terms(self) -> tuple[Term, ...]:
        """The waits of the branch that decides the upper bound."""
        return max(self.branches, key=lambda branch: branch.upper_s).terms

    @property
    def lower_s(self) -> float:
        """A gap below this means that the fault did not take effect."""
        return max(branch.lower_s for branch in self.branches)

    @property
    def upper_s(self) -> float:
        """A gap above this means that something else went wrong too."""
        return max(branch.upper_s for branch in self.branches)

    @property
    def limit(self) -> Term:
        """The longest wait of the deciding branch: what to look at when the chain is too long."""
        return max(self.terms, key=lambda term: term.upper_s)
