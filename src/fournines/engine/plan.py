"""Plan: what would be done, where and why, as a value that can be shown, saved and compared."""

from __future__ import annotations

from dataclasses import dataclass

from fournines.blueprint.steps import On
from fournines.findings import Finding


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file or directory that will be written. ``drift`` says what is wrong with it now. ``diff`` is a
    unified diff with secrets masked; empty for a new or secret file, and where the content is as wanted.
    ``rewrites`` where a file is there already."""

    path: str
    drift: str
    diff: str = ""
    secret: bool = False
    rewrites: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One step on one node. ``does`` is a line for each request; ``guard`` what must hold at the moment of
    acting, and how it stands now; ``gate`` what is waited for afterwards; both empty where there is none."""

    step: str
    node: str
    reason: str
    does: tuple[str, ...]
    changes: tuple[FileChange, ...] = ()
    guard: str = ""
    gate: str = ""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with at least one node to act on; ``actions`` are in the order in which the nodes are taken."""

    name: str
    on: On
    why: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Wave:
    """Steps of which none needs another."""

    steps: tuple[PlannedStep, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """``blueprint`` is the digest of the blueprint, and ``relied_on`` the facts, from which it was made:
    (node, fact, what was there). ``blocking`` says why it may not be applied; empty where it may."""

    cluster: str
    blueprint: str
    waves: tuple[Wave, ...]
    blocking: tuple[Finding, ...] = ()
    relied_on: tuple[tuple[str, str, str], ...] = ()

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """All steps, wave by wave."""
        return tuple(step for wave in self.waves for step in wave.steps)

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions, wave by wave."""
        return tuple(action for step in self.steps for action in step.actions)

    @property
    def exit_code(self) -> int:
        """0 nothing to do, 2 changes, 1 may not be applied."""
        return 1 if self.blocking else 2 if self.waves else 0
