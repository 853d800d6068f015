"""The settings of the database layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DatabaseSpec:
    """SQL for every service: MariaDB with Galera on every controller, each holding all data. One of them
    takes all writes until it fails.

    ``buffer_pool_mib`` is InnoDB's cache: give it what the data need and the machine can spare.
    ``gcache_mib`` is how much of the latest writes a member keeps so that another may come back without a
    full copy. ``serve_as_donor``: a member that sends a full copy to another may go on serving clients.
    """

    pattern: Literal["active-active"] = "active-active"
    buffer_pool_mib: int = 512
    gcache_mib: int = 256
    max_connections: int = 2000
    applier_threads: int = 4
    serve_as_donor: bool = True

    def __post_init__(self) -> None:
        """Sizes and counts have to be positive."""
        for name in ("buffer_pool_mib", "gcache_mib", "max_connections", "applier_threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
