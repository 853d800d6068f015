"""The smallest sets of components whose loss does a service harm: by size, none that holds another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from fournines.audit.spof.plant import Component, Plant
from fournines.audit.spof.state import Outcome, outcomes


@dataclass(frozen=True, slots=True)
class Cut:
    """``components`` together, and no fewer of them, do this to these services."""

    components: tuple[Component, ...]
    outcome: Outcome
    services: tuple[str, ...]

    @property
    def key(self) -> frozenset[Component]:
        return frozenset(self.components)


def cuts(plant: Plant, most: int = 2) -> tuple[Cut, ...]:
    """All minimal cuts of up to ``most`` components, smallest and worst first."""
    harm: dict[tuple[str, Outcome], list[frozenset[Component]]] = {}
    for size in range(1, most + 1):
        for chosen in combinations(plant.components, size):
            failed = frozenset(chosen)
            for service, outcome in outcomes(plant, failed).items():
                if outcome is not Outcome.UP and not _known(harm, service, outcome, failed):
                    harm.setdefault((service, outcome), []).append(failed)
    return tuple(sorted(_joined(plant, harm), key=lambda cut: (len(cut.components), -cut.outcome.rank,
                                                               cut.components)))


def _known(harm: Mapping[tuple[str, Outcome], list[frozenset[Component]]], service: str, outcome: Outcome,
           failed: frozenset[Component]) -> bool:
    """Whether a part of ``failed`` does at least as much to the service."""
    return any(smaller <= failed for (name, worse), sets in harm.items()
               if name == service and worse.rank >= outcome.rank for smaller in sets)


def _joined(plant: Plant, harm: Mapping[tuple[str, Outcome], list[frozenset[Component]]]) -> Iterator[Cut]:
    """One cut for all services that the same loss does the same to, in the plant's order of services."""
    order = [service.name for service in plant.services]
    together: dict[tuple[frozenset[Component], Outcome], list[str]] = {}
    for (service, outcome), sets in harm.items():
        for failed in sets:
            together.setdefault((failed, outcome), []).append(service)
    for (failed, outcome), services in together.items():
        yield Cut(tuple(sorted(failed)), outcome, tuple(sorted(services, key=order.index)))
