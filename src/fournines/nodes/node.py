"""Node: the one seam between Fournines and a machine. ``fake.py`` is the supported fake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fournines.blueprint.requests import Reply, Request


class Node(Protocol):
    """A machine that answers batches of requests."""

    @property
    def name(self) -> str: ...

    def approach(self) -> None:
        """Begin to connect, while there is something else to do; the next ``ask`` says what came of it. Never
        needed, never waits."""
        ...

    async def ask(self, requests: Sequence[Request], *, together: bool = False,
                  timeout_s: float = 60.0) -> list[Reply]:
        """One round trip: the replies in the order of the requests, ``Failed`` for each that did not succeed.

        In order and stopping at nothing; with ``together`` they run side by side (for probes). ``timeout_s``
        bounds the whole conversation beyond the requests' own timeouts. Raises ``Unreachable`` (after which
        the next call connects again) and nothing else.
        """
        ...

    async def close(self) -> None:
        """End the conversation; the agent on the node exits."""
        ...
