"""Steps, gates and services: how a layer says what must happen, in which order, and how one knows it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fournines.blueprint.predicate import Predicate
from fournines.blueprint.requests import Request


class On(StrEnum):
    """On which of a step's nodes, and how many at a time."""

    FIRST = "first"       # only the first node
    REST = "rest"         # all but the first, together
    EACH = "each"         # all, together
    ROLLING = "rolling"   # all, one after the other, each behind the step's gate


@dataclass(frozen=True, slots=True)
class Gate:
    """Go on once ``holds`` is true; give up after ``timeout_s`` and say what was last seen."""

    holds: Predicate
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. ``name`` is unique and begins with the layer: ``database: start the first member``.

    ``do`` maps node name to its requests; its order is the order of the nodes. For each node: where
    ``unless`` holds there is nothing to do; else ``only_if`` must hold (not unknown) at the moment of acting,
    or the step is refused; then the requests; then ``until``. ``needs`` names steps that must have gone
    before. ``why`` says in a sentence why this is done; ``refusal`` what to do when ``only_if`` does not
    hold. One that is ``alone`` waits for every other such step, and for those that go from node to node.
    """

    name: str
    on: On
    do: Mapping[str, tuple[Request, ...]]
    why: str
    unless: Predicate | None = None
    only_if: Predicate | None = None
    refusal: str = ""
    until: Gate | None = None
    needs: tuple[str, ...] = ()
    alone: bool = False


class OnChange(StrEnum):
    """What a running unit needs when a file of its configuration changes."""

    RESTART = "restart"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Service:
    """A systemd unit kept enabled and running with the configuration that was written for it.

    The engine makes three steps of it: start where it is not active (all nodes together, or one by one with
    ``start_rolling``), restart or reload one node at a time where it runs with an older configuration, and a
    stamp on the node of what it was started with. ``files`` are paths among the layer's files.
    ``ready`` is the gate after each; ``others_ok`` must hold before a running member is touched, and
    ``may_start`` before a member is started or restarted; ``refusal`` says what to do where one of them does
    not, beside bringing members back.
    Where a member can say with which configuration it runs, ``in_force`` is whether it is the one that was
    written: awaited after a change, and one that runs with another is changed whatever its stamp says.
    ``needs`` names steps that must have gone before it is started, ``before_change`` those that must have
    gone before a running member is touched. Its steps are named
    ``LAYER: start UNIT`` and ``LAYER: restart UNIT``; where that only reloads, ``LAYER: start UNIT anew``
    stands before it, for when systemd's files about the unit change.
    """

    unit: str
    nodes: tuple[str, ...]
    files: tuple[str, ...]
    ready: Gate
    others_ok: Predicate | None = None
    may_start: Predicate | None = None
    refusal: str = ""
    on_change: OnChange = OnChange.RESTART
    in_force: Predicate | None = None
    start_rolling: bool = False
    needs: tuple[str, ...] = ()
    before_change: tuple[str, ...] = ()
