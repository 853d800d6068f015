"""What happens during an apply, as values: the journal writes them down, the view shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ApplyBegan:
    """``resumes`` says where an earlier apply stopped; empty where none did."""

    cluster: str
    actions: int
    resumes: str = ""


@dataclass(frozen=True, slots=True)
class StepBegan:
    """Everything that the step needs has gone."""

    step: str
    why: str


@dataclass(frozen=True, slots=True)
class ActionBegan:
    """The node is about to be changed."""

    step: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActionWaiting:
    """The requests are done, the gate is not open yet."""

    step: str
    node: str
    waiting_for: str
    last_seen: str
    elapsed_s: float
    timeout_s: float


@dataclass(frozen=True, slots=True)
class ActionDone:
    """The node is as the step wants it."""

    step: str
    node: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ActionSkipped:
    """Nothing was done on the node: already so when it was reached, or something before it failed."""

    step: str
    node: str
    because: str


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """The node is not as the step wants it; ``hint`` says what to do."""

    step: str
    node: str
    problem: str
    hint: str


@dataclass(frozen=True, slots=True)
class StepSkipped:
    """Not begun, because a step that it needs did not succeed."""

    step: str
    because: str


@dataclass(frozen=True, slots=True)
class CheckBegan:
    """Every step is done; that many invariants are judged."""

    invariants: int


@dataclass(frozen=True, slots=True)
class CheckWaiting:
    """Some invariant does not hold yet."""

    last_seen: str
    elapsed_s: float
    timeout_s: float


CARRIED_OUT = ("done", "not whole")
"""The outcomes of an apply whose every action is done: the next has nothing to go on with."""


@dataclass(frozen=True, slots=True)
class ApplyEnded:
    """``outcome`` is ``done``, ``not whole``, ``failed`` or ``interrupted``; the counts are of actions. For
    each invariant that must hold and does not ``missing`` says what is wrong; empty unless ``not whole``."""

    outcome: str
    seconds: float
    done: int
    already: int
    failed: int
    skipped: int
    missing: tuple[str, ...] = ()


Event: TypeAlias = (ApplyBegan | StepBegan | ActionBegan | ActionWaiting | ActionDone | ActionSkipped
                    | ActionFailed | StepSkipped | CheckBegan | CheckWaiting | ApplyEnded)


def masked(event: Event, mask: Callable[[str], str]) -> Event:
    """The event with ``mask`` laid over every text in it."""
    values = {item.name: getattr(event, item.name) for item in fields(event)}
    texts: dict[str, object] = {name: mask(value) for name, value in values.items() if isinstance(value, str)}
    texts |= {name: tuple(map(mask, value)) for name, value in values.items() if isinstance(value, tuple)}
    return replace(event, **texts)  # type: ignore[arg-type]  # the names are those of this very event
