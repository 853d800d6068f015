"""Workload: what a client does again and again on one path, as one probe at a time is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fournines.drills.operation import Outcome

CONNECT_TIMEOUT_S = 2.0
REPLY_TIMEOUT_S = 5.0
"""What a sane client waits: a connection is there at once or not at all; an answer may take a moment."""
Emit = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one probe. ``sent_s`` is None where nothing was sent. ``error`` is a class of errors,
    ``result`` what an acknowledged one gave back, where its checker asks for that."""

    outcome: Outcome
    sent_s: float | None = None
    error: str = ""
    result: str = ""


class Workload(Protocol):
    """One path. Probes run side by side: one that hangs must not keep the next from being sent."""

    @property
    def path(self) -> str: ...

    @property
    def op(self) -> str: ...

    @property
    def period_s(self) -> float: ...

    async def start(self) -> None:
        """Prepare what the probes need. Any exception means that it is not serving yet."""
        ...

    async def attempt(self, value: str) -> Answer:
        """One probe. Never raises but when cancelled; ends by itself within its timeouts."""
        ...

    async def finish(self) -> None:
        """After the last probe: take in what is still under way, then let go of everything."""
        ...
