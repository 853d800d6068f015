"""The journals of the nodes after a drill, for what Pacemaker did."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping

from fournines.drills.breakdown import Step, breakdown, entries, question
from fournines.drills.sampling import Sampling
from fournines.drills.schedule import Timeline
from fournines.errors import Unreachable
from fournines.nodes.node import Node


async def told_by_pacemaker(nodes: Mapping[str, Node], samples: Sampling,
                            timeline: Timeline) -> tuple[Step, ...]:
    """From the nodes that were there all the time; the others' journals are of another boot."""
    journals = {}
    for name, sessions in samples.sessions.items():
        if len(sessions) == 1 and not math.isinf(sessions[0].offset.lo_s):
            asked = question(time.monotonic() - timeline.began_s)
            with contextlib.suppress(Unreachable):
                journals[name] = entries((await nodes[name].ask([asked]))[0], sessions[0].offset)
    return breakdown(journals, timeline.injected_s, timeline.ended_s)
