"""Look at connected nodes and plan, without what it takes to carry a plan out."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fournines.blueprint.requests import ReadFile
from fournines.blueprint.snapshot import Snapshot
from fournines.engine.compile import Blueprint
from fournines.engine.observe import consulted_by, observe
from fournines.engine.plan import Plan
from fournines.engine.planner import contents_to_read, make_plan

if TYPE_CHECKING:
    from fournines.engine.difference import Mask
    from fournines.nodes.node import Node


async def snapshot_for_plan(blueprint: Blueprint, nodes: Mapping[str, Node]) -> Snapshot:
    """What has to be looked at to plan: no more than that."""
    return await observe(nodes, blueprint.probes, consulted_by(blueprint.steps, blueprint.nodes))


async def plan_with_diffs(blueprint: Blueprint, nodes: Mapping[str, Node], mask: Mask) -> Plan:
    """Observe and plan; the content of files that will change is read for the diffs."""
    snapshot = await snapshot_for_plan(blueprint, nodes)
    plan = make_plan(blueprint, snapshot, mask)
    wanted = contents_to_read(plan)
    if not wanted:
        return plan
    by_node: dict[str, list[str]] = {}
    for node, path in wanted:
        by_node.setdefault(node, []).append(path)
    replies = await asyncio.gather(*(nodes[node].ask([ReadFile(path) for path in paths], together=True)
                                     for node, paths in by_node.items()))
    old = {(node, path): base64.b64decode(str(reply["content"]))
           for (node, paths), answers in zip(by_node.items(), replies, strict=True)
           for path, reply in zip(paths, answers, strict=True) if isinstance(reply, dict)}
    return make_plan(blueprint, snapshot, mask, old)
