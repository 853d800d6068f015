"""Snapshot: what every node answered to every probe, at one moment. Decisions read it and never call out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fournines.blueprint.requests import JsonValue, Request


class Unreadable(ValueError):
    """Raised by a probe's ``parse`` when the reply is not what was asked for; becomes ``Absent``."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The node answers, but what the probe asks about does not (stopped, refused, timed out, unreadable)."""

    reason: str

    def __str__(self) -> str:
        return f"no answer ({self.reason})"


@dataclass(frozen=True, slots=True)
class Gone:
    """The node itself cannot be reached: nothing about it is known."""

    reason: str

    def __str__(self) -> str:
        return f"unreachable ({self.reason})"


@dataclass(frozen=True, slots=True)
class Probe:
    """A question put to some nodes and the pure function that types its answer.

    ``name`` is ``layer.subject``. ``parse`` gets the successful reply and returns a frozen dataclass, a
    number, a text or a bool; it raises ``Unreadable``. A failed request becomes ``Absent`` without calling
    it. ``requests`` maps node name to what that node is asked.
    """

    name: str
    requests: Mapping[str, Request]
    parse: Callable[[JsonValue], object]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``values[node][probe]`` is a typed value or ``Absent``; nodes in ``gone`` have no values at all."""

    values: Mapping[str, Mapping[str, object]]
    gone: Mapping[str, Gone]

    def value(self, node: str, probe: str) -> object:
        """The typed value, ``Absent`` or ``Gone``; a probe that this node was not asked is ``Absent``."""
        if node in self.gone:
            return self.gone[node]
        return self.values.get(node, {}).get(probe, Absent("not asked"))

    def known(self, probe: str) -> dict[str, object]:
        """node -> typed value, only where there is one."""
        found = {node: self.value(node, probe) for node in self.values}
        return {node: value for node, value in found.items() if not isinstance(value, Absent | Gone)}

    def merged(self, newer: Snapshot) -> Snapshot:
        """This snapshot with what ``newer`` has seen laid over it."""
        gone = {node: why for node, why in self.gone.items() if node not in newer.values} | dict(newer.gone)
        values = {node: {**self.values.get(node, {}), **newer.values.get(node, {})}
                  for node in {**self.values, **newer.values} if node not in gone}
        return Snapshot(values, gone)
