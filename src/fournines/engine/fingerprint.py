"""A digest of all in a Blueprint that makes a difference to a node: a saved plan knows its own by it."""

from __future__ import annotations

import hashlib
import json

from fournines.blueprint.requests import WriteFile
from fournines.blueprint.steps import Step
from fournines.engine.compile import Blueprint


def fingerprint(blueprint: Blueprint) -> str:
    """SHA-256 in hexadecimal; equal for equal cluster files, secrets and versions of the layers."""
    content = {
        "cluster": blueprint.cluster,
        "nodes": blueprint.nodes,
        "steps": [_step(step) for step in blueprint.steps],
        "probes": [[probe.name, {node: request.to_wire() for node, request in probe.requests.items()}]
                   for probe in blueprint.probes],
        "stamps": {step: {node: item.sha256 for node, item in by_node.items()}
                   for step, by_node in blueprint.stamps.items()},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _step(step: Step) -> list[object]:
    gate = [str(step.until.holds), step.until.timeout_s] if step.until else []
    does = {node: [[request.describe(), hashlib.sha256(request.content).hexdigest()]
                   if isinstance(request, WriteFile) else request.to_wire() for request in requests]
            for node, requests in step.do.items()}
    return [step.name, step.on, does, str(step.unless), str(step.only_if), gate, step.needs]
