"""The settings of the loadbalancer layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass

from fournines.cluster.notation import Wrong


@dataclass(frozen=True, slots=True)
class LoadbalancerSpec:
    """HAProxy on every controller, and Keepalived, which keeps each VIP on exactly one of them.

    connections: how many clients one HAProxy serves at a time; a single listener may take half of them.
    """

    connections: int = 8000

    def __post_init__(self) -> None:
        if not 100 <= self.connections <= 1_000_000:
            raise Wrong(f"has connections {self.connections}", "write a number from 100 to 1000000")
