"""A Plan as JSON and back. It holds no file contents: apply compiles the blueprint again, and compares."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fournines.durable import write_durably
from fournines.engine.plan import Plan
from fournines.errors import FourninesError, PlanStale, Refused

FORMAT = 1
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan, and the cluster file it was made from."""

    plan: Plan
    cluster_file: Path


def as_data(plan: Plan) -> dict[str, object]:
    """Plain data, as saved and as shown by ``plan --json``."""
    return {"format": FORMAT, **asdict(plan)}


def save(plan: Plan, cluster_file: Path, path: Path) -> None:
    """Write the plan for a later ``apply PATH``, readable by its owner alone."""
    data = {"cluster_file": str(cluster_file), **as_data(plan)}
    try:
        write_durably(path, json.dumps(data, indent=1).encode() + b"\n")
    except OSError as problem:
        raise FourninesError(f"{path}: {problem.strerror}",
                             hint="choose a file that can be written") from problem


def load(path: Path) -> SavedPlan:
    """What was saved; ``FourninesError`` where the file is no plan."""
    from pydantic import TypeAdapter, ValidationError  # only a saved plan needs it

    try:
        data = json.loads(path.read_bytes())
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise ValueError(f"not a plan of format {FORMAT}")
        cluster_file = Path(str(data.pop("cluster_file", "")))
        return SavedPlan(TypeAdapter(Plan).validate_python(data), cluster_file)
    except OSError as problem:
        raise FourninesError(f"{path}: {problem.strerror}",
                             hint=f"save one with: fournines plan --out {path}") from problem
    except (ValueError, ValidationError) as problem:
        raise FourninesError(f"{path}: not a plan saved by this version",
                             hint=f"save it again with: fournines plan --out {path}") from problem


def refuse_stale(saved: Plan, fresh: Plan) -> None:
    """``fresh`` is the plan made just now. Raises ``PlanStale`` naming what has changed since the other."""
    if saved.cluster != fresh.cluster:
        raise Refused(f"the plan is for the cluster {saved.cluster}, the file describes {fresh.cluster}",
                      hint="give the cluster file that the plan was made from")
    again = "look at a new plan: fournines plan"
    if saved.blueprint != fresh.blueprint:
        raise PlanStale("the cluster file, a secret or this program has changed since the plan was made",
                        hint=again)
    now = {(node, fact): seen for node, fact, seen in fresh.relied_on}
    then = {(node, fact): seen for node, fact, seen in saved.relied_on}
    changed = [f"{key[0]}: {key[1]} was {then.get(key, 'unknown')}, is {now.get(key, 'unknown')}"
               for key in {**then, **now} if then.get(key) != now.get(key)]
    if changed:
        more = f"; and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise PlanStale("the nodes have changed since the plan was made: "
                        f"{'; '.join(changed[:_SHOWN])}{more}", hint=again)
