"""Drill and Fault: what is broken, where, for how long, and how one knows that it was; all of it data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """Something that can be done to a machine; the names are the verbs of ``lab/driver.py``."""

    POWER_OFF = "power_off"
    POWER_ON = "power_on"
    FREEZE = "freeze"
    THAW = "thaw"


class Capability(StrEnum):
    """What the place where the machines are must be able to do."""

    POWER = "power"
    FREEZE = "freeze"


class Target(StrEnum):
    """Which machine is hit; found out when the drill begins."""

    VIP_HOLDER = "vip-holder"


class Effect(StrEnum):
    """What has to be seen before the fault counts as having taken effect."""

    IS_OFF = "is off"           # the driver says so, and the node falls silent
    IS_FROZEN = "is frozen"     # the driver says so, and the node falls silent


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault without its undo does not exist. ``undo`` must do no harm where the fault did not happen."""

    inject: Act
    undo: Act
    target: Target
    needs: frozenset[Capability]
    effect: Effect


@dataclass(frozen=True, slots=True)
class Drill:
    """``name`` is what one types. Times in seconds: watch ``baseline_s`` with nothing broken, then
    ``observe_s`` with the fault, heal, and give the cluster ``converge_s`` to become whole again."""

    name: str
    summary: str
    fault: Fault
    baseline_s: float
    observe_s: float
    converge_s: float
    slow_s: float = 1.0     # an answer that takes longer was, to its client, not there
