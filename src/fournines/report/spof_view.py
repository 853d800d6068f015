"""Weak points on the screen: what one loss does, what to do about it, and which two must not fail
together."""

from __future__ import annotations

from rich.console import Console

from fournines.audit.spof.analysis import WeakPoints
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, count, line


def show_weak_points(console: Console, name: str, found: WeakPoints) -> None:
    """Singles with their remedies, then pairs by lines."""
    services = len(found.plant.services)
    for single in found.singles:
        (component,) = single.cut.components
        console.print(line((f"{component}", BAD), f" alone: {_harmed(single.cut.services, services)} "
                           f"{_verb(single.cut.services, services, single.cut.outcome)}"))
        if single.remedy is None:
            console.print(line(("  no single change was found that ends this", QUIET)))
        else:
            console.print(line("  cheapest remedy: ", (single.remedy.what, GOOD), (
                f"; tried, and {count(single.remedy.cured, 'single point')} of failure fewer", QUIET)))
    for pairs in found.pairs:
        console.print(line(("two at once", DOUBTFUL), f", from two of these lines: "
                           f"{_harmed(pairs.services, services)} "
                           f"{_verb(pairs.services, services, pairs.outcome)}"))
        for components in pairs.lines:
            console.print(line((f"  {', '.join(map(str, components))}", QUIET)))
    for kind in found.unsaid:
        console.print(line((f"not known: what shares a {kind}; write {kind}: NAME at each node", DOUBTFUL)))
    console.print(line((name, STRONG), f": {count(len(found.singles), 'single point')} of failure, "
                       f"{count(sum(1 for _ in found.pairs), 'kind')} of harmful pair; "
                       f"{count(len(found.plant.components), 'component')} and {count(services, 'service')}, "
                       "every loss of one and of two tried"))


def _harmed(services: tuple[str, ...], of: int) -> str:
    return "everything" if len(services) == of else ", ".join(services)


def _verb(services: tuple[str, ...], of: int, outcome: str) -> str:
    if len(services) in (1, of):
        return outcome
    return outcome.replace("is down", "are down").replace("has lost its", "have lost their").replace(
        "runs", "run").replace("does not", "do not").replace("it is repaired", "that is repaired")
