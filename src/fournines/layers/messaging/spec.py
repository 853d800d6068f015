"""The settings of the messaging layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fournines.cluster.notation import Wrong


@dataclass(frozen=True, slots=True)
class MessagingSpec:
    """The message broker, RabbitMQ.

    pattern: active-active, a cluster on every controller, with quorum queues; or active-passive, one broker
    where Pacemaker has its volume, at an address that moves with it.
    volume: the one of the layer storage or san that it keeps its messages on, for active-passive.
    vip: the address where it listens, for active-passive; else internal, or the first.
    memory_share: the part of a node's memory that the broker may use before it holds publishers back.
    memory_limit_mb: the same as a fixed amount, for a node that cannot see its own memory limit (in a
    container the share is taken of the whole machine). 0 means: use the share.
    disk_reserve_mb: publishers are held back while less than this is free on the broker's disk.
    schedulers: threads that run Erlang processes; 0 means one for each processor.
    """

    pattern: Literal["active-active", "active-passive"] = "active-active"
    volume: str = "rabbitmq"
    vip: str = ""
    memory_share: float = 0.4
    memory_limit_mb: int = 0
    disk_reserve_mb: int = 1000
    schedulers: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.memory_share <= 0.8:
            raise Wrong(f"has memory_share {self.memory_share:g}", "write a part of it, from 0.1 to 0.8")
        if self.memory_limit_mb and self.memory_limit_mb < 128:
            raise Wrong(f"has memory_limit_mb {self.memory_limit_mb}",
                        "write at least 128, or 0 to use memory_share")
        if self.disk_reserve_mb < 50:
            raise Wrong(f"has disk_reserve_mb {self.disk_reserve_mb}",
                        "write at least 50: the broker loses messages on a full disk")
        if not 0 <= self.schedulers <= 1024:
            raise Wrong(f"has schedulers {self.schedulers}",
                        "write a number of threads, or 0 for one for each processor")
