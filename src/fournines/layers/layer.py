"""Layer: the contract that every layer fulfils, and Site: all that a layer may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster, Vip


@dataclass(frozen=True, slots=True)
class Site:
    """The cluster, its timers, the values of its secrets, and what all layers together asked for."""

    cluster: Cluster
    timers: Timers
    secrets: Mapping[str, str] = field(repr=False)
    exchange: Exchange = field(default_factory=Exchange)

    def secret(self, name: str) -> str:
        """The value of a secret that the layer asked for in its ``exchange``."""
        return self.secrets[name]

    @property
    def free_vips(self) -> dict[str, Vip]:
        """The VIPs by name that no layer has put among the resources that Pacemaker runs."""
        asked = self.exchange.resources + self.exchange.service_resources
        taken = {each.parameters.get("ip") for each in asked.primitives}
        return {name: vip for name, vip in self.cluster.vips.items() if str(vip.address) not in taken}

    @property
    def controllers(self) -> tuple[str, ...]:
        """Names of the nodes that run services, in the order of the file."""
        return tuple(node.name for node in self.cluster.controllers)


@dataclass(frozen=True, slots=True)
class Layer:
    """One system of the guide. ``spec`` is the frozen dataclass of its settings in the cluster file;
    ``after`` names layers that must be up before this one is started; ``exchange`` is asked first, of every
    layer; ``contribute`` then gets the union of all answers in ``site.exchange``. Both are pure.

    Every command loads every layer's package, for its spec. What only a cluster with the layer (or with that
    pattern of it) needs is imported where these two are called."""

    name: str
    spec: type
    after: tuple[str, ...]
    exchange: Callable[[Cluster, Timers], Exchange]
    contribute: Callable[[Site], Contribution]
