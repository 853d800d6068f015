"""The settings of the cache layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass

from fournines.cluster.notation import Wrong


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """memcached on every controller; all clients use the same one, which the load balancer chooses.

    memory_mb: what each may hold. connections: how many clients each serves at a time.
    """

    memory_mb: int = 256
    connections: int = 4096

    def __post_init__(self) -> None:
        if not 16 <= self.memory_mb <= 1 << 20:
            raise Wrong(f"has memory_mb {self.memory_mb}", "write a number from 16 to 1048576")
        if not 64 <= self.connections <= 100_000:
            raise Wrong(f"has connections {self.connections}", "write a number from 64 to 100000")
