"""What layers ask Pacemaker to run, in Pacemaker's own words, and predicates over where it runs.

Ids are global to the cluster, and end with what they are about as in the guide: ``p_ip_mysql``,
``ms_drbd_mysql``, ``g_mysql``. No parameter holds a secret: the configuration is readable to every user of
a node in group haclient, so agents read theirs from files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fournines.artifacts.pacemaker import Clone as Clone  # layers find all their words here
from fournines.artifacts.pacemaker import Colocation as Colocation
from fournines.artifacts.pacemaker import Group as Group
from fournines.artifacts.pacemaker import Location as Location
from fournines.artifacts.pacemaker import Operation as Operation
from fournines.artifacts.pacemaker import Order as Order
from fournines.artifacts.pacemaker import Preference as Preference
from fournines.artifacts.pacemaker import Primitive as Primitive
from fournines.artifacts.pacemaker import Resources as Resources
from fournines.blueprint.predicate import Judgement, OnExactly
from fournines.blueprint.snapshot import Absent, Gone, Snapshot
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster

RESOURCES: Final = "membership.resources"
"""The probe whose value is a ``Placements``: how each node sees the cluster's resources."""

PACEMAKER_UNIT: Final = "pacemaker.service"
"""Without it nobody runs the cluster's resources on a node."""

LOAD_RESOURCES: Final = "membership: load the cluster's resources"
"""The step after which Pacemaker runs ``Exchange.resources``: what has to find them running needs it."""

LOAD_SERVICES: Final = "membership: load the services' resources"
"""The step after which it runs ``Exchange.service_resources`` too; there is none where those are empty."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource on a node; ``role`` is Started, Promoted or Unpromoted. Of a clone, ``resource`` is the id
    of the primitive without its instance number."""

    resource: str
    node: str
    role: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Placements:
    """How one node sees the cluster. ``offline`` are nodes that are known to run nothing:
    shut down, or fenced; a node that is lost and not yet fenced is in none of the two lists."""

    quorate: bool
    dc: str
    online: tuple[str, ...]
    offline: tuple[str, ...]
    placed: tuple[Placed, ...]

    def runs(self, resource: str, node: str, role: str = "") -> bool | None:
        """Whether ``resource`` is active on ``node``, in ``role`` unless that is empty. None where its last
        action there failed: it may be active, half of it, or gone."""
        found = [each for each in self.placed if (each.resource, each.node) == (resource, node)]
        if any(each.failed for each in found):
            return None
        return any(role in ("", each.role) for each in found)


@dataclass(frozen=True, slots=True)
class Runs:
    """The node runs ``resource`` (in ``role``); unknown where it has failed. A node speaks for itself, with
    or without quorum; for one that does not answer, those of ``nodes`` speak that have quorum, once they
    know it to be off."""

    resource: str
    nodes: tuple[str, ...]
    role: str = ""

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        own = snapshot.value(node, RESOURCES)
        if isinstance(own, Placements):
            truth = own.runs(self.resource, node, self.role)
            said = {True: "runs", False: "does not run", None: "may or may not run, for it has failed there,"}
            return Judgement(truth, f"{node}: {said[truth]} {self._what}",
                             ((node, RESOURCES, self._seen(own)),))
        consulted = [(node, RESOURCES, str(own))]
        for other in self.nodes:
            view = snapshot.value(other, RESOURCES)
            if other != node and isinstance(view, Placements):
                consulted.append((other, RESOURCES, self._seen(view)))
                if view.quorate and node in view.offline:
                    return Judgement(False, f"{node}: {other} knows it to be off", tuple(consulted))
        reason = str(own) if isinstance(own, Absent | Gone) else "no answer"
        return Judgement(None, f"{node}: {self._what}: {reason}", tuple(consulted))

    def _seen(self, view: Placements) -> str:
        return ", ".join(f"{each.node} {each.role}{' failed' if each.failed else ''}" for each in view.placed
                         if each.resource == self.resource) or "nowhere"

    @property
    def _what(self) -> str:
        return f"{self.resource} as {self.role}" if self.role else self.resource

    def __str__(self) -> str:
        return f"runs {self._what}"


def runs_on_one(resource: str, nodes: tuple[str, ...]) -> OnExactly:
    """The resource is active on exactly one of ``nodes``."""
    return OnExactly(1, nodes, Runs(resource, nodes))


def promoted_on_one(resource: str, nodes: tuple[str, ...]) -> OnExactly:
    """The clone's primitive is promoted on exactly one of ``nodes``."""
    return OnExactly(1, nodes, Runs(resource, nodes, "Promoted"))


def address(cluster: Cluster, timers: Timers, vip: str) -> Primitive:
    """The VIP of that name in the cluster file as a resource, ``p_ip_NAME``, for a layer that puts it into a
    group of its own; those that nobody asks for are resources by themselves."""
    held = cluster.vips[vip]
    return Primitive(
        f"p_ip_{vip}", "ocf:heartbeat:IPaddr2",
        {"ip": str(held.address), "cidr_netmask": str(cluster.networks[held.network].cidr.prefixlen)},
        operations(timers, monitor_s=timers.seconds("pacemaker.monitor_interval")))


def beside(anchor: str, services: Sequence[str], kind: str = "Mandatory") -> Resources:
    """``services`` run where ``anchor`` does, and are started after it: Mandatory with it each time, Optional
    only when both are to be started. Nothing ties them to one another, so that one that fails is recovered
    alone; one that may not stay on a node takes all of them along."""
    return Resources(
        colocations=tuple(Colocation(f"c_{each}_with_{anchor}", each, anchor) for each in services),
        orders=tuple(Order(f"o_{anchor}_before_{each}", anchor, each, kind=kind) for each in services))


def operations(timers: Timers, monitor_s: float, start_s: float = 0.0, stop_s: float = 0.0,
               timeout_s: float = 0.0) -> tuple[Operation, ...]:
    """Start, stop and a monitor every ``monitor_s`` seconds, with the cluster's limits where none are given;
    ``timeout_s`` is the monitor's."""
    default_s = timers.seconds("pacemaker.operation_timeout")
    return (Operation("start", 0, start_s or default_s), Operation("stop", 0, stop_s or default_s),
            Operation("monitor", monitor_s, timeout_s or default_s))
