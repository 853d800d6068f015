"""Spec: what ``spec.json`` says of a run, read back into values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip
from fournines.drills.plain import Data, named_objects, number, object_, objects


@dataclass(frozen=True, slots=True)
class Spec:
    """``act`` and ``undo`` as the drill named them, which need not be acts that there still are. ``timers``
    were in force: name -> value as written. Of the cluster's layers only the names are real: their settings
    are not read back."""

    drill: str
    summary: str
    act: str
    undo: str
    observe_s: float
    slow_s: float
    cluster: Cluster
    timers: Mapping[str, str]

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
        undo=str(fault["undo"]), observe_s=number(drill, "observe_s"), slow_s=number(drill, "slow_s"),
        cluster=_cluster(object_(data, "cluster")),
        timers={name: str(value) for name, value in timers.items()})


def _cluster(data: Data) -> Cluster:
    recovery = object_(data, "recovery")
    vips = named_objects(data, "vips")
    if not vips:
        raise ValueError("the cluster has no vips")
    return Cluster(
        name=str(data["name"]), release=str(data["release"]), distro=str(data["distro"]),
        recovery=Recovery(number(recovery, "recover_within_s"), str(recovery["lose_acknowledged_writes"])),
        networks={name: Network(name, IPv4Network(str(item["cidr"])), str(item["switch"]))
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
