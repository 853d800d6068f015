"""The cluster as frozen values. No parsing, no I/O: ``file.py`` makes these, everything else reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

LayerSpec = TypeVar("LayerSpec")


@dataclass(frozen=True, slots=True)
class Network:
    """A layer-2 segment that connects the nodes; ``switch`` is its failure domain, ``gateway`` a router of it
    that every node reaches."""

    name: str
    cidr: IPv4Network
    switch: str = ""
    gateway: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Vip:
    """An address that moves between nodes; ``network`` is the network that contains it."""

    name: str
    address: IPv4Address
    network: str


@dataclass(frozen=True, slots=True)
class Reach:
    """How Fournines logs in to a real node; what is empty is left to the OpenSSH configuration."""

    host: str = ""
    user: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One machine. ``addresses`` maps network name to its address there; ``domains`` names what it fails with
    (``rack``, ``power``, ``switch`` or any other the operator uses)."""

    name: str
    addresses: Mapping[str, IPv4Address]
    domains: Mapping[str, str] = field(default_factory=dict)
    arbitrator: bool = False
    reach: Reach = Reach()

    @property
    def management(self) -> IPv4Address:
        """The address that services and clients use."""
        return self.addresses["management"]

    @property
    def replication(self) -> IPv4Address:
        """The address for traffic between members; the management one where there is no such network."""
        return self.addresses.get("replication", self.management)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The promise: the longest gap clients see after any single failure; acknowledged writes stay."""

    recover_within_s: float
    lose_acknowledged_writes: str = "never"


@dataclass(frozen=True, slots=True)
class DrillRules:
    """What drills may do to the real machines of the cluster, by the names of ``drills/drill.py``."""

    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster file, validated. ``layers`` maps layer name to its settings object (``layers/*/spec.py``);
    ``overrides`` maps a timer's name to the value the operator insists on, as written; ``accepted`` a rule of
    the audit to the reason why what it finds is taken as it is."""

    name: str
    release: str
    distro: str
    recovery: Recovery
    networks: Mapping[str, Network]
    vips: Mapping[str, Vip]
    nodes: tuple[Node, ...]
    layers: Mapping[str, object]
    overrides: Mapping[str, str] = field(default_factory=dict)
    drills: DrillRules = DrillRules()
    accepted: Mapping[str, str] = field(default_factory=dict)

    def node(self, name: str) -> Node:
        """The node of that name; KeyError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    @property
    def controllers(self) -> tuple[Node, ...]:
        """The nodes that run services: all but arbitrators, in the order of the file."""
        return tuple(node for node in self.nodes if not node.arbitrator)

    @property
    def arbitrators(self) -> tuple[Node, ...]:
        """The nodes that run no service and only vote, where something lets them."""
        return tuple(node for node in self.nodes if node.arbitrator)

    @property
    def arbitrated(self) -> bool:
        """Whether Corosync's members have an arbitrator: a node of the file, or one that others run."""
        settings = self.layers.get("membership")
        named = (settings.get("arbitrator") if isinstance(settings, Mapping)   # of a recorded run
                 else getattr(settings, "arbitrator", ""))
        return settings is not None and bool(self.arbitrators or named)

    @property
    def gateway(self) -> IPv4Address | None:
        """The router of the network of clients, where the file names one."""
        clients = self.networks.get("management")
        return clients.gateway if clients is not None else None

    @property
    def knows_who_is_cut_off(self) -> bool:
        """Whether members who lose one another on the network of clients can tell whose link is lost: it
        takes a third to ask, a member, the arbitrator or the gateway."""
        return len(self.controllers) + self.arbitrated + (self.gateway is not None) > 2

    def spec(self, kind: type[LayerSpec]) -> LayerSpec | None:
        """The settings of the layer whose spec class is ``kind``; None where the file does not ask for it."""
        for settings in self.layers.values():
            if isinstance(settings, kind):
                return settings
        return None

    def pattern(self, layer: str) -> str:
        """How a layer is made highly available: ``active-active`` or ``active-passive``; empty where it knows
        one way only, or the file does not ask for it. Of a recorded cluster the settings are plain data."""
        settings = self.layers.get(layer)
        return str(settings.get("pattern", "") if isinstance(settings, Mapping)
                   else getattr(settings, "pattern", ""))

    def client_address(self, network: Network) -> IPv4Address | None:
        """Where a lab's clients, and the power switches of its machines, are in a network: its highest
        address that no node, no VIP and no gateway has."""
        taken = {address for node in self.nodes for address in node.addresses.values()}
        taken |= {network.gateway} if network.gateway is not None else set()
        taken |= {vip.address for vip in self.vips.values()}
        first, last = int(network.cidr.network_address) + 1, int(network.cidr.broadcast_address) - 1
        return next((IPv4Address(number) for number in range(last, first - 1, -1)
                     if IPv4Address(number) not in taken), None)

    @property
    def service_vip(self) -> Vip:
        """The address that clients inside the cloud use: the one named ``internal``, else the first."""
        return self.vips.get("internal") or next(iter(self.vips.values()))
