"""The settings of the database layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DatabaseSpec:
    """SQL for every service.

    ``pattern``: with active-active, MariaDB with Galera on every controller, each holding all data; one of
    them takes all writes until it fails. With active-passive, one MariaDB, where Pacemaker has its volume, at
    an address that moves with it.

    ``volume`` names the one of the layer storage or san that it keeps its data on, ``vip`` the address where
    it listens (else internal, or the first): both for active-passive. So is ``existing_data``: the controller
    whose data directory of before is moved onto the volume, when that is new; without it a new one is made.
    ``gcache_mib``, ``applier_threads`` and ``serve_as_donor`` are for active-active.

    ``buffer_pool_mib`` is InnoDB's cache: give it what the data need and the machine can spare.
    ``gcache_mib`` is how much of the latest writes a member keeps so that another may come back without a
    full copy. ``serve_as_donor``: a member that sends a full copy to another may go on serving clients.
    """

    pattern: Literal["active-active", "active-passive"] = "active-active"
    volume: str = "mysql"
    vip: str = ""
    existing_data: str = ""
    buffer_pool_mib: int = 512
    gcache_mib: int = 256
    max_connections: int = 2000
    applier_threads: int = 4
    serve_as_donor: bool = True

    def __post_init__(self) -> None:
        """Sizes and counts have to be positive, and data of before can only be moved onto a volume."""
        if self.existing_data and self.pattern != "active-passive":
            raise ValueError("existing_data is for the pattern active-passive: a member of Galera's that has "
                             "databases is bootstrapped from them")
        for name in ("buffer_pool_mib", "gcache_mib", "max_connections", "applier_threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
