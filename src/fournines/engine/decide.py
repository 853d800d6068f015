"""Decide: for one step and one snapshot, on which nodes there is something to do, in which order, and why.

Pure. The plan decides with it for all steps at once; apply decides again when it reaches a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fournines.blueprint.predicate import Judgement, Predicate
from fournines.blueprint.requests import InstallPackages, MakeDirectory, Request, WriteFile
from fournines.blueprint.snapshot import Snapshot
from fournines.blueprint.steps import On, Step
from fournines.engine.wanted import PathState, file_state, missing_packages


class Verdict(StrEnum):
    """What a decision comes to."""

    NOTHING = "nothing to do"
    ACT = "act"
    UNKNOWN = "unknown"     # a node that has to be known cannot be reached


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to act on ``node``; ``consulted`` are the facts that decided, as in ``Judgement``."""

    node: str
    verdict: Verdict
    because: str
    consulted: tuple[tuple[str, str, str], ...] = ()


def candidates(step: Step) -> tuple[str, ...]:
    """The nodes on which the step may act, in the order of ``do``; of FIRST's, one is enough."""
    nodes = tuple(step.do)
    return nodes[1:] if step.on is On.REST else nodes


def decide(step: Step, snapshot: Snapshot) -> tuple[Decision, ...]:
    """One decision for each node that the step is about, in the order in which they are to be taken.

    FIRST gives one: nothing to do where any candidate is already so, else the first candidate that the guard
    lets act, else the first. ROLLING takes members that are not well before those that are, and of either
    those first that the guard lets act.
    """
    decisions = [decide_for(step, node, snapshot) for node in candidates(step)]
    if step.on is On.FIRST and decisions:
        return (_choose_one(step, decisions, snapshot),)
    if step.on is On.ROLLING and step.until is not None:
        well = step.until.holds
        decisions.sort(key=lambda each: (well.judge(snapshot, each.node).truth is True,
                                         not _lets_act(step, each, snapshot)))
    return tuple(decisions)


def decide_for(step: Step, node: str, snapshot: Snapshot) -> Decision:
    """The decision for one node, whatever the others."""
    if step.unless is None:
        if node in snapshot.gone:
            return Decision(node, Verdict.UNKNOWN, f"{node}: {snapshot.gone[node]}")
        return Decision(node, Verdict.ACT, f"{node}: done on every apply")
    judgement = step.unless.judge(snapshot, node)
    if judgement.truth is None and cannot_reach(judgement, snapshot):
        return Decision(node, Verdict.UNKNOWN, judgement.because, judgement.consulted)
    if judgement.truth is None:
        return Decision(node, Verdict.ACT, f"{judgement.because}; decided again when reached",
                        judgement.consulted)
    return Decision(node, Verdict.NOTHING if judgement.truth else Verdict.ACT, judgement.because,
                    judgement.consulted)


def _choose_one(step: Step, decisions: Sequence[Decision], snapshot: Snapshot) -> Decision:
    consulted = tuple(dict.fromkeys(fact for decision in decisions for fact in decision.consulted))

    def because_of(decision: Decision) -> Decision:
        return Decision(decision.node, decision.verdict, decision.because, consulted)

    for verdict in (Verdict.NOTHING, Verdict.UNKNOWN):
        for decision in decisions:
            if decision.verdict is verdict:
                return because_of(decision)
    for decision in decisions:
        if step.only_if is not None and _lets_act(step, decision, snapshot):
            return because_of(decision)
    return because_of(decisions[0])


def _lets_act(step: Step, decision: Decision, snapshot: Snapshot) -> bool:
    return step.only_if is None or step.only_if.judge(snapshot, decision.node).truth is True


def cannot_reach(judgement: Judgement, snapshot: Snapshot) -> tuple[str, ...]:
    """The unreachable nodes that a judgement would have needed."""
    return tuple(dict.fromkeys(node for node, _, _ in judgement.consulted if node in snapshot.gone))


def still_needed(requests: Sequence[Request], snapshot: Snapshot, node: str) -> tuple[Request, ...]:
    """The requests without what is already as it should be: packages, directories and files."""
    kept: list[Request] = []
    for request in requests:
        match request:
            case InstallPackages(names, timeout_s):
                if missing := missing_packages(snapshot, node, names):
                    kept.append(InstallPackages(missing, timeout_s))
            case WriteFile() | MakeDirectory():
                if drift(request, snapshot, node):
                    kept.append(request)
            case _:
                kept.append(request)
    return tuple(kept)


def drift(request: WriteFile | MakeDirectory, snapshot: Snapshot, node: str) -> str:
    """How the path differs from what the request would make of it; empty where it does not."""
    return PathState.of_request(request).drift_from(file_state(snapshot, node, request.path))


def guard_now(predicate: Predicate, snapshot: Snapshot, node: str) -> str:
    """The guard and how it stands, in one line."""
    judgement = predicate.judge(snapshot, node)
    now = "holds" if judgement.truth else f"not yet: {judgement.because}"
    return f"{predicate} ({now})"
