"""Intervention: one act on one node, with all that it takes, as data to be written down and read back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address

from fournines.cluster.topology import Cluster
from fournines.drills.drill import Act, Direction, Fault
from fournines.errors import Refused
from fournines.layers.membership.fencing import devices
from fournines.layers.membership.spec import MembershipSpec


@dataclass(frozen=True, slots=True)
class Intervention:
    """``unit``: whose processes. ``networks``: whose cables. ``peers``: addresses whose packets, in
    ``direction``. ``amount`` and ``setting`` as the fault has them; ``addresses`` are the target's own on the
    networks. ``timer`` names the unit on the node that does this by itself if nobody comes, empty where
    there is none."""

    act: Act
    target: str
    unit: str = ""
    networks: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    direction: Direction | None = None
    timer: str = ""
    amount: int = 0
    setting: str = ""
    addresses: tuple[str, ...] = ()

    def __str__(self) -> str:
        """``hang mariadb.service``, ``cut management``, ``power off``."""
        return " ".join((self.act.value.replace("_", " "), *self._object()))

    def _object(self) -> tuple[str, ...]:
        if self.act in (Act.UNREACH, Act.REACH):
            return self.addresses
        if self.unit:
            return (f"{self.unit}{f' ({self.setting})' if self.setting else ''}",)
        if self.amount and self.addresses:
            return (f"(by {self.amount} ms what leaves from {', '.join(self.addresses)})",)
        if self.direction is not None and self.amount:
            return (f"({self.amount} % of what passes between it and {', '.join(self.peers)})",)
        if self.act in (Act.THROTTLE, Act.UNTHROTTLE):
            return (f"(to {self.amount} % of one processor)",) if self.act is Act.THROTTLE else ()
        if self.setting or self.amount:
            return (self.setting or f"(by {self.amount} s)",)
        if self.direction is not None:
            which = "what it hears" if self.direction is Direction.HEARD else "what it hears and says"
            return (f"({which} of {', '.join(self.peers)})",)
        return (" and ".join(self.networks),) if self.networks else ()

    def as_data(self) -> dict[str, object]:
        """Plain data for ``undo.json``."""
        return asdict(self)


def from_data(data: Mapping[str, object]) -> Intervention:
    """What ``as_data`` made. Raises ValueError, KeyError or TypeError where it is something else."""
    direction = data.get("direction")
    return Intervention(Act(str(data["act"])), str(data["target"]), str(data.get("unit", "")),
                        _texts(data.get("networks", ())), _texts(data.get("peers", ())),
                        None if direction is None else Direction(str(direction)), str(data.get("timer", "")),
                        _whole(data.get("amount", 0)), str(data.get("setting", "")),
                        _texts(data.get("addresses", ())))


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is not a list")
    return tuple(map(str, value))


def injection(fault: Fault, cluster: Cluster, target: str) -> Intervention:
    """The fault on this node. Raises ``Refused`` where the cluster has not what it breaks."""
    missing = [name for name in fault.networks if name not in cluster.networks]
    if missing:
        raise Refused(f"the cluster has no network {' and '.join(missing)}, so there is nothing to break",
                      hint=f"it has: {', '.join(cluster.networks)}")
    addresses = cluster.node(target).addresses
    networks = tuple(name for name in (fault.networks or tuple(cluster.networks)) if name in addresses)
    if fault.inject is Act.CUT:
        return Intervention(fault.inject, target, networks=networks)
    if fault.inject in (Act.DELAY, Act.SWALLOW):
        return Intervention(fault.inject, target, amount=fault.amount, setting=fault.setting,
                            addresses=tuple(str(addresses[name]) for name in networks))
    if fault.inject in (Act.DROP, Act.LOSE):
        others = [node for node in cluster.controllers if node.name != target]
        peers = tuple(str(node.addresses[name]) for name in networks for node in others[:fault.peers or None]
                      if name in node.addresses)
        return Intervention(fault.inject, target, peers=peers, direction=fault.direction,
                            amount=fault.amount)
    if fault.inject is Act.UNREACH:
        return Intervention(fault.inject, target, addresses=fencing_addresses(cluster))
    setting = fault.setting
    if "{vip}" in setting:
        setting = setting.replace("{vip}", str(cluster.service_vip.address))
    return Intervention(fault.inject, target, fault.unit, amount=fault.amount, setting=setting)


def fencing_addresses(cluster: Cluster) -> tuple[str, ...]:
    """Of the cluster's fencing devices. Raises ``Refused`` where none has an address."""
    parameters = [device.parameters for device in devices(cluster)] if cluster.spec(MembershipSpec) else []
    found = {value for each in parameters for name in ("ip", "ipaddr") if (value := each.get(name))}
    usable = tuple(sorted(value for value in found if _is_address(value)))
    if not usable:
        raise Refused("the cluster has no fencing device with an address, so there is no way to cut off")
    return usable


def _is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(IPv4Address(text))
    return False


def undoing(fault: Fault, injected: Intervention, timer: str) -> Intervention:
    """What takes ``injected`` away again."""
    return replace(injected, act=fault.undo, timer=timer)
