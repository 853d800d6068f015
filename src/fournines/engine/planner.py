"""From a Blueprint and a Snapshot to a Plan. Pure: the same input gives the same plan, to the byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fournines.blueprint.files import NodeFile
from fournines.blueprint.requests import MakeDirectory, Request, WriteFile
from fournines.blueprint.snapshot import Snapshot
from fournines.blueprint.steps import Step
from fournines.engine import graph
from fournines.engine.compile import Blueprint
from fournines.engine.decide import Decision, Verdict, decide, drift, guard_now, still_needed
from fournines.engine.difference import Mask, masked_diff
from fournines.engine.fingerprint import fingerprint
from fournines.engine.plan import Action, FileChange, Plan, PlannedStep, Wave
from fournines.engine.services import STAMPS
from fournines.engine.wanted import file_state
from fournines.findings import Finding, Severity

Contents = Mapping[tuple[str, str], bytes]
"""(node, path) -> what is there now."""
_NAMED = 3   # steps that an unreachable node leaves undecided; the rest is only counted


def make_plan(blueprint: Blueprint, snapshot: Snapshot, mask: Mask, old: Contents | None = None) -> Plan:
    """What has to be done so that everything is as the blueprint says.

    ``mask`` hides secrets in all that will be shown. ``old`` holds what is in the files that will be changed,
    as far as it was read; ``contents_to_read`` of a plan made without says which those are.
    """
    decided = {step.name: decide(step, snapshot) for step in blueprint.steps}
    waves = []
    for names in graph.levels(blueprint.needs):
        steps = [_planned(blueprint, blueprint.step(name), decided[name], snapshot, mask, old or {})
                 for name in names]
        if acting := tuple(step for step in steps if step.actions):
            waves.append(Wave(acting))
    facts = dict.fromkeys(fact for decisions in decided.values() for each in decisions
                          for fact in each.consulted)
    return Plan(blueprint.cluster, fingerprint(blueprint), tuple(waves), _blocking(snapshot, decided),
                tuple((node, fact, mask(seen)) for node, fact, seen in facts))


def contents_to_read(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The (node, path) of files whose content will change and may be shown."""
    return tuple(dict.fromkeys((action.node, change.path) for action in plan.actions
                               for change in action.changes if change.rewrites and not change.secret))


def _planned(blueprint: Blueprint, step: Step, decisions: Sequence[Decision], snapshot: Snapshot, mask: Mask,
             old: Contents) -> PlannedStep:
    actions = []
    for decision in decisions:
        if decision.verdict is not Verdict.ACT:
            continue
        node = decision.node
        requests = still_needed(step.do[node], snapshot, node)
        actions.append(Action(
            step.name, node, mask(decision.because), tuple(mask(request.describe()) for request in requests),
            changes=_changes(blueprint, requests, snapshot, node, mask, old),
            guard=mask(guard_now(step.only_if, snapshot, node)) if step.only_if else "",
            gate=f"{step.until.holds} (within {step.until.timeout_s:g} s)" if step.until else ""))
    return PlannedStep(step.name, step.on, step.why, tuple(actions))


def _changes(blueprint: Blueprint, requests: Sequence[Request], snapshot: Snapshot, node: str, mask: Mask,
             old: Contents) -> tuple[FileChange, ...]:
    wanted: dict[str, NodeFile] = {item.path: item for item in blueprint.files[node]}
    changes = []
    for request in requests:
        # The engine's own stamps are bookkeeping, and not a change that anybody asked for.
        if not isinstance(request, WriteFile | MakeDirectory) or request.path.startswith(STAMPS):
            continue
        secret = request.path in wanted and wanted[request.path].secret
        diff = ""
        if isinstance(request, WriteFile) and not secret and (node, request.path) in old:
            diff = masked_diff(request.path, old[node, request.path], request.content, mask)
        seen = file_state(snapshot, node, request.path)
        changes.append(FileChange(request.path, drift(request, snapshot, node), diff, secret,
                                  rewrites=isinstance(request, WriteFile) and seen is not None
                                  and bool(seen.sha256)))
    return tuple(changes)


def _blocking(snapshot: Snapshot, decided: Mapping[str, Sequence[Decision]]) -> tuple[Finding, ...]:
    """One finding for each node that cannot be reached, where a decision would have needed one."""
    undecided = [step for step, decisions in decided.items()
                 if any(each.verdict is Verdict.UNKNOWN for each in decisions)]
    if not undecided:
        return ()
    named = ", ".join(undecided[:_NAMED]) + (f" and {len(undecided) - _NAMED} other steps"
                                             if len(undecided) > _NAMED else "")
    return tuple(Finding(Severity.ERROR, f"{node} is {gone}", where=node,
                         remedy="bring it back, or take it out of the cluster file; nothing is changed while "
                                "the state of a member is unknown",
                         detail=f"cannot be decided: {named}")
                 for node, gone in snapshot.gone.items())
