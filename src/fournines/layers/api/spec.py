"""The settings of the API layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fournines.cluster.notation import Wrong

ONCE_ONLY = ("ceilometer-central",)   # two of them would measure everything twice


@dataclass(frozen=True, slots=True)
class ApiSpec:
    """The OpenStack services.

    pattern: active-active has each service on every controller, behind the load balancer; active-passive has
    all of them on one, where Pacemaker runs them beside their address.
    vip: the name of that address in active-passive; without it the one called api, else that of services.
    workers: processes of each service on each controller. region: the region that their endpoints are in.
    notifications: tell the broker of what happens (for audit and billing). Only with something that reads
    them: the queues keep what nobody takes.
    """

    services: tuple[Literal["keystone", "glance", "cinder", "neutron", "ceilometer-central"], ...] = (
        "keystone", "glance")
    pattern: Literal["active-active", "active-passive"] = "active-active"
    vip: str = ""
    workers: int = 2
    region: str = "RegionOne"
    notifications: bool = False

    def __post_init__(self) -> None:
        if not self.services:
            raise Wrong("has no services", "write at least services: [keystone], or leave the layer out")
        if len(set(self.services)) != len(self.services):
            raise Wrong("has a service twice", "write each service once")
        if "keystone" not in self.services:
            raise Wrong("has services without keystone", "add keystone: all others ask it who is who")
        once = [name for name in ONCE_ONLY if name in self.services]
        if once and self.pattern == "active-active":
            raise Wrong(f"has {once[0]} with pattern active-active, and it may run on one node only",
                        f"write pattern: active-passive, or leave {once[0]} out")
        if not 1 <= self.workers <= 256:
            raise Wrong(f"has workers {self.workers}", "write a number from 1 to 256")
        if not self.region.strip() or self.region != self.region.strip():
            raise Wrong(f'has region "{self.region}"', "write a name such as RegionOne")
