"""Spec: what ``spec.json`` says of a run, read back into values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip
from fournines.drills.plain import Data, items, named_objects, number, object_, objects

CHAIN_OF_OLD_RUNS = "node power loss"   # there was one drill only, power-off-vip-holder


@dataclass(frozen=True, slots=True)
class Spec:
    """``act`` and ``undo`` as the drill named them, which need not be acts that there still are; ``broken``
    is what they are done to, empty where that is a whole machine. ``chain`` is what the timers' chains call
    the failure, and ``lower_holds`` whether their lower bounds hold for the node that was hit. ``timers``
    were in force: name -> value as written. ``several``: it breaks more than one thing. ``machines``: node ->
    what a lab's driver made it of, none of real hosts; None where the run does not say. Of the
    cluster's layers only the names are real: their settings are not read back."""

    drill: str
    summary: str
    act: str
    undo: str
    broken: str
    chain: str
    lower_holds: bool
    observe_s: float
    slow_s: float
    cluster: Cluster
    timers: Mapping[str, str]
    several: bool
    machines: Mapping[str, str] | None

    @property
    def address(self) -> str:
        """The address that the clients used."""
        return str(self.cluster.service_vip.address)


def spec_from_data(data: Data) -> Spec:
    """Raises KeyError, TypeError or ValueError where something is missing or strange."""
    drill = object_(data, "drill")
    fault = object_(drill, "fault")
    timers = object_(data, "timers")
    return Spec(
        drill=str(drill["name"]), summary=str(drill["summary"]), act=str(fault["inject"]),
        undo=str(fault["undo"]), broken=_broken(fault),
        chain=str(drill["chain"]) if "chain" in drill else CHAIN_OF_OLD_RUNS,
        lower_holds=drill.get("lower_holds") is not False and not data.get("named"),
        observe_s=number(drill, "observe_s"), slow_s=number(drill, "slow_s"),
        cluster=_cluster(object_(data, "cluster")),
        timers={name: str(value) for name, value in timers.items()},
        several=any(map(drill.get, ("beside", "then", "rolling"))),
        machines={name: str(value) for name, value in object_(data, "machines").items()}
        if "machines" in data else None)


def _broken(fault: Data) -> str:
    """A unit, or networks; runs of before the catalogue name neither."""
    networks = items(fault, "networks") if "networks" in fault else []
    return str(fault.get("unit", "")) or " and ".join(map(str, networks))


def _cluster(data: Data) -> Cluster:
    recovery = object_(data, "recovery")
    vips = named_objects(data, "vips")
    if not vips:
        raise ValueError("the cluster has no vips")
    return Cluster(
        name=str(data["name"]), release=str(data["release"]), distro=str(data["distro"]),
        recovery=Recovery(number(recovery, "recover_within_s"), str(recovery["lose_acknowledged_writes"])),
        networks={name: Network(name, IPv4Network(str(item["cidr"])), str(item["switch"]),
                                IPv4Address(str(item["gateway"])) if item.get("gateway") else None)
                  for name, item in named_objects(data, "networks").items()},
        vips={name: Vip(name, IPv4Address(str(item["address"])), str(item["network"]))
              for name, item in vips.items()},
        nodes=tuple(_node(item) for item in objects(data, "nodes")),
        layers=object_(data, "layers"),
        overrides={name: str(value) for name, value in object_(data, "overrides").items()})


def _node(data: Data) -> Node:
    addresses = {name: IPv4Address(str(value)) for name, value in object_(data, "addresses").items()}
    domains = {name: str(value) for name, value in object_(data, "domains").items()}
    return Node(str(data["name"]), addresses, domains, data["arbitrator"] is True)
