"""Is the cluster whole: look at every invariant, and wait a little for those that come late."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from fournines.blueprint.predicate import Judgement
from fournines.engine.compile import Blueprint
from fournines.engine.observe import observe
from fournines.engine.verify import Checked, first_missing, verify
from fournines.engine.wait import Progress, wait_until
from fournines.errors import GateTimeout
from fournines.nodes.node import Node


async def check(blueprint: Blueprint, nodes: Mapping[str, Node], within_s: float,
                progress: Progress | None = None, stop: asyncio.Event | None = None) -> tuple[Checked, ...]:
    """Every invariant as it was seen last: as soon as all that must hold do, or after ``within_s`` seconds;
    with none of these, one look. ``progress`` hears of every change of what is missing first. Raises
    ``Interrupted`` once ``stop`` is set."""
    checked: tuple[Checked, ...] | None = None

    async def look() -> Judgement:
        nonlocal checked
        checked = verify(blueprint, await observe(nodes, blueprint.probes))
        return first_missing(checked)

    if within_s:
        with suppress(GateTimeout):
            await wait_until(look, "every invariant holds", within_s, progress=progress, stop=stop)
    if checked is None:   # nor did the first look end in that time
        await look()
    assert checked is not None
    return checked
