"""Values of a timing chain: settings as found, steps that follow from them, and chains of steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fournines.cluster.timers.timer import Unit, shown
from fournines.findings import Place

NODE = "node power loss or link cut"
"""For peers and clients both are the same silence."""
KILL = "process kill"
HANG = "process hang"


@dataclass(frozen=True, slots=True)
class Found:
    """A setting in force. ``at`` is where it stands, or the section that lacks it (an empty place: nowhere).
    ``default`` says where the value is documented that holds because nothing is written; empty: it is
    written."""

    name: str
    value: float
    at: Place
    default: str = ""
    unit: Unit = Unit.SECONDS

    @property
    def shown(self) -> str:
        """``timeout check 5 s``."""
        return f"{self.name} {shown(self.value, self.unit)}"

    @property
    def origin(self) -> str:
        """``ctl1/etc/haproxy/haproxy.cfg:12``, or ``default: HAProxy configuration manual, 4.2``."""
        return f"default: {self.default}" if self.default else str(self.at)

    def as_data(self) -> dict[str, object]:
        return {"name": self.name, "value": self.value, "unit": self.unit, "file": self.at.file,
                "line": self.at.line, "default": self.default}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens before clients are served again. It lasts between the bounds; ``upper_s`` is
    None where no file says, and ``unknown`` then says what would be needed.

    ``allowed``: no wait but an action, with the time after which it is given up; how long it really takes no
    file says. ``formula`` has its numbers filled in.
    """

    what: str
    formula: str
    values: tuple[Found, ...]
    lower_s: float
    upper_s: float | None
    allowed: bool = False
    unknown: str = ""

    def as_data(self) -> dict[str, object]:
        return {"what": self.what, "formula": self.formula, "lower_s": self.lower_s, "upper_s": self.upper_s,
                "allowed": self.allowed, "unknown": self.unknown,
                "values": [value.as_data() for value in self.values]}


def unknown(what: str, why: str) -> Step:
    """A step whose length no file says."""
    return Step(what, "", (), 0.0, None, unknown=why)


Route = tuple[Step, ...]
"""Steps one after another."""


class Standing(StrEnum):
    """Of a chain to the goal."""

    OVER = "over the goal"
    LEFT = "within the goal if its actions are fast enough"
    UNKNOWN = "not known"
    WITHIN = "within the goal"


@dataclass(frozen=True, slots=True)
class Chain:
    """``fault`` as a client of ``path`` sees it. The routes run side by side: the longest decides."""

    fault: str
    path: str
    routes: tuple[Route, ...]

    @property
    def name(self) -> str:
        return f"{self.fault}: {self.path}"

    @property
    def longest(self) -> Route:
        """The route that decides: with the most known waits, then the most that is allowed."""
        return max(self.routes, key=lambda route: (_waits_s(route), _allowed_s(route)))

    @property
    def waits_s(self) -> float:
        """What is waited for at most, actions left out; at least so much where something is unknown."""
        return round(_waits_s(self.longest), 3)

    @property
    def allowed_s(self) -> float:
        """What the actions of the deciding route may take before they are given up."""
        return round(_allowed_s(self.longest), 3)

    @property
    def unknowns(self) -> tuple[Step, ...]:
        """The steps of all routes whose length no file says."""
        return tuple(dict.fromkeys(step for route in self.routes for step in route if step.upper_s is None))

    @property
    def at_most_s(self) -> float | None:
        """All of it; None where a step is unknown."""
        return None if self.unknowns else round(max(_waits_s(route) + _allowed_s(route)
                                                    for route in self.routes), 3)

    @property
    def dominating(self) -> Step:
        """The longest wait of the deciding route: what to look at first."""
        return max((step for step in self.longest if not step.allowed),
                   key=lambda step: step.upper_s or 0.0, default=self.longest[0])

    def standing(self, goal_s: float) -> Standing:
        """How it stands to the goal: what is over it is so whatever else is unknown."""
        if self.waits_s > goal_s:
            return Standing.OVER
        if self.unknowns:
            return Standing.UNKNOWN
        return Standing.LEFT if (self.at_most_s or 0.0) > goal_s else Standing.WITHIN

    def as_data(self, goal_s: float) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {"fault": self.fault, "path": self.path, "waits_s": self.waits_s, "allowed_s": self.allowed_s,
                "at_most_s": self.at_most_s, "standing": self.standing(goal_s),
                "unknown": [f"{step.what}: {step.unknown}" for step in self.unknowns],
                "routes": [[step.as_data() for step in route] for route in self.routes]}


def _waits_s(route: Route) -> float:
    return sum(step.upper_s or 0.0 for step in route if not step.allowed)


def _allowed_s(route: Route) -> float:
    return sum(step.upper_s or 0.0 for step in route if step.allowed)
