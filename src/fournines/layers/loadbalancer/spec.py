"""The settings of the loadbalancer layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fournines.cluster.notation import Wrong


@dataclass(frozen=True, slots=True)
class LoadbalancerSpec:
    """HAProxy on every controller, and Keepalived, which keeps each VIP on exactly one of them.

    connections: how many clients one HAProxy serves at a time; a single listener may take half of them.
    balance: which member of an API gets the next request. With leastconn one that hangs gets one and no more;
    with roundrobin its share until its check fails, with source whatever comes from the same clients.
    """

    connections: int = 8000
    balance: Literal["leastconn", "roundrobin", "source"] = "leastconn"

    def __post_init__(self) -> None:
        if not 100 <= self.connections <= 1_000_000:
            raise Wrong(f"has connections {self.connections}", "write a number from 100 to 1000000")
