"""Whether a unit is active: all that can be asked of one that answers nobody, such as a guard."""

from __future__ import annotations

from collections.abc import Iterable

from fournines.blueprint.requests import JsonValue, UnitFacts
from fournines.blueprint.snapshot import Probe, Unreadable


def active(probe: str, unit: str, nodes: Iterable[str]) -> Probe:
    """Asked of ``nodes``; its value is a bool."""
    return Probe(probe, dict.fromkeys(nodes, UnitFacts((unit,))), parse_active)


def parse_active(reply: JsonValue) -> bool:
    """From the answer about the only unit that was asked for."""
    facts = next(iter(reply.values()), None) if isinstance(reply, dict) else None
    if not isinstance(facts, dict):
        raise Unreadable("nothing about the unit")
    return facts.get("active") == "active"
