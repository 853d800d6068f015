"""A cluster's weak points, whole: every cut with its remedy, and pairs told as lines of which two must not
fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fournines.audit.spof.cuts import Cut, cuts
from fournines.audit.spof.plant import Component, Plant, plant_of
from fournines.audit.spof.remedy import Remedy, remedy
from fournines.audit.spof.state import Outcome
from fournines.cluster.topology import Cluster


@dataclass(frozen=True, slots=True)
class Single:
    """One loss that is enough, and the cheapest change after which it is not."""

    cut: Cut
    remedy: Remedy | None

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {**_data(self.cut), "remedy": self.remedy.what if self.remedy else "",
                "cures": self.remedy.cured if self.remedy else 0}


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two losses that are enough: one out of each of two ``lines``. What is on a line does the same harm."""

    lines: tuple[tuple[Component, ...], ...]
    outcome: Outcome
    services: tuple[str, ...]

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {"lines": [list(map(str, line)) for line in self.lines], "outcome": self.outcome.value,
                "services": list(self.services)}


@dataclass(frozen=True, slots=True)
class WeakPoints:
    """What was found of ``plant``; ``unsaid`` are domains that the cluster file gives no node."""

    plant: Plant
    singles: tuple[Single, ...]
    pairs: tuple[Pairs, ...]
    unsaid: tuple[str, ...]

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {"components": [str(each) for each in self.plant.components],
                "services": [service.name for service in self.plant.services],
                "one": [single.as_data() for single in self.singles],
                "two": [pairs.as_data() for pairs in self.pairs], "unsaid": list(self.unsaid)}


def weak_points(cluster: Cluster) -> WeakPoints:
    """All losses of one and of two components, tried."""
    plant = plant_of(cluster)
    found = cuts(plant)
    singles = tuple(Single(cut, remedy(cluster, cut, found)) for cut in found if len(cut.components) == 1)
    unsaid = tuple(kind for kind in ("rack", "power")
                   if not any(node.domains.get(kind) for node in cluster.nodes))
    return WeakPoints(plant, singles, tuple(_pairs([cut for cut in found if len(cut.components) == 2])),
                      unsaid)


def _pairs(found: Sequence[Cut]) -> list[Pairs]:
    """Cuts of two with the same end, told by lines: those whose partners are the same stand on one line."""
    ends: dict[tuple[Outcome, tuple[str, ...]], list[Cut]] = {}
    for cut in found:
        ends.setdefault((cut.outcome, cut.services), []).append(cut)
    told = []
    for (outcome, services), same in ends.items():
        partners: dict[Component, set[Component]] = {}
        for cut in same:
            one, other = cut.components
            partners.setdefault(one, set()).add(other)
            partners.setdefault(other, set()).add(one)
        lines: dict[frozenset[Component], list[Component]] = {}
        for component in sorted(partners):
            lines.setdefault(frozenset(partners[component]), []).append(component)
        whole = {each: set(partners) - set(line) for partner, line in lines.items() for each in line}
        if all(partners[component] == whole[component] for component in partners):
            told.append(Pairs(tuple(map(tuple, lines.values())), outcome, services))
            continue
        said: set[tuple[Component, Component]] = set()
        for partner, line in lines.items():   # not every line with every other: two by two
            rest = tuple(each for each in sorted(partner) if (each, line[0]) not in said)
            said |= {(each, other) for each in line for other in rest}
            if rest:
                told.append(Pairs((tuple(line), rest), outcome, services))
    return told


def _data(cut: Cut) -> dict[str, object]:
    return {"components": list(map(str, cut.components)), "outcome": cut.outcome.value,
            "services": list(cut.services)}
