"""What ``systemctl show --property=Id,ActiveState,UnitFileState`` prints of several units. Read only.

A block of ``Name=value`` for each unit, an empty line between them; systemctl(1), show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fournines.artifacts.document import Complain, numbered, refuse
from fournines.errors import Unparsable

FORMAT = "systemctl show"
_AT_BOOT = frozenset(("enabled", "enabled-runtime", "linked", "linked-runtime", "generated"))


@dataclass(frozen=True, slots=True)
class Unit:
    """``wanted``: it runs, tries to, or has failed; or it is to start at boot."""

    name: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Document:
    """The units, in the order in which they are told."""

    units: tuple[Unit, ...] = ()


def parse(text: str, complain: Complain = refuse) -> Document:
    """The units that ``text`` tells; Unparsable where a line has no equals sign, or a block no name."""
    units: list[Unit] = []
    block: dict[str, str] = {}
    last = 0
    for number, line in (*numbered(text), (0, "")):
        name, equals, value = line.strip().partition("=")
        if equals:
            block[name], last = value, number
        elif name:
            complain(Unparsable(FORMAT, number, "a property is written: name=value"))
        elif block:
            if block.get("Id"):
                units.append(_unit(block))
            else:
                complain(Unparsable(FORMAT, last, "a unit has no Id"))
            block = {}
    return Document(tuple(units))


def _unit(block: Mapping[str, str]) -> Unit:
    state = block.get("ActiveState", "")
    return Unit(block["Id"], state not in ("inactive", "") or block.get("UnitFileState") in _AT_BOOT)
