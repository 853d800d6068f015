"""Pattern active-passive: the services beside their address, on one node at a time, run by Pacemaker.

Keystone starts first, for all others ask it, and they start side by side; a service that fails is recovered
alone. systemd holds each service's processes but starts none of them at boot; what runs where is Pacemaker's
to say.
"""

from __future__ import annotations

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.in_force import InForce
from fournines.blueprint.left_alone import LeftAlone, on_one_node
from fournines.blueprint.resources import (
    LOAD_SERVICES,
    Order,
    Primitive,
    Resources,
    address,
    beside,
    operations,
)
from fournines.blueprint.snapshot import Probe
from fournines.blueprint.steps import Step
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.api import settings
from fournines.layers.api.services import chosen
from fournines.layers.api.services.keystone import SERVICE as KEYSTONE
from fournines.layers.api.services.service import ApiService
from fournines.layers.layer import Site

BOOT = "api.boot"
DISABLE = "api: leave the services to Pacemaker"
_START_S, _STOP_S = 180.0, 60.0   # a machine that takes over is busy; a stop is forced after 36 s


def resource(service: ApiService) -> str:
    """The id of a service's resource, as in the guide."""
    return f"p_{service.agent}"


def resources(cluster: Cluster, timers: Timers) -> Resources:
    """The address, and the services beside it."""
    vip = address(cluster, timers, settings.api_vip(cluster).name)
    services = tuple(_primitive(service, cluster, timers) for service in chosen(cluster))
    names = tuple(item.id for item in services)
    first = resource(KEYSTONE)
    # When all start at once on a machine that takes over, the one that they wait for has to share it.
    keystone_first = tuple(Order(f"o_{first}_before_{name}", first, name, kind="Optional")
                           for name in names if name != first)
    return Resources(primitives=(vip, *services), orders=keystone_first) + beside(vip.id, names)


def _primitive(service: ApiService, cluster: Cluster, timers: Timers) -> Primitive:
    url = {"url": f"http://{settings.api_vip(cluster).address}:{service.port}"} if service.port else {}
    return Primitive(
        resource(service), f"ocf:openstack:{service.agent}",
        {"config": service.config, "unit": " ".join(service.units), **url},
        operations(timers, monitor_s=timers.seconds("pacemaker.monitor_interval"), start_s=_START_S,
                   stop_s=_STOP_S))


def _left(site: Site) -> LeftAlone:
    return LeftAlone(BOOT, tuple(name for service in chosen(site.cluster) for name in service.units),
                           site.controllers)


def _in_force(site: Site) -> tuple[InForce, ...]:
    return tuple(
        InForce("api", service.name, resource(service), service.units, site.controllers)
        for service in chosen(site.cluster))


def steps(site: Site) -> tuple[Step, ...]:
    """Systemd lets go of the services; whichever was started with older files is started anew."""
    disable = _left(site).let_go(
        DISABLE, why="systemd would start them on every node at boot, and Pacemaker would find them running "
                     "twice")
    return (disable, *(each.restart("its requests are refused meanwhile", (LOAD_SERVICES,))
                       for each in _in_force(site)))


def probes(site: Site) -> tuple[Probe, ...]:
    """What systemd would do by itself, and what the services were started with."""
    return (_left(site).asked(), *(
        each.asked({node.name: service.files(site, node) for node in site.cluster.controllers})
        for service, each in zip(chosen(site.cluster), _in_force(site), strict=True)))


def invariants(site: Site) -> tuple[Invariant, ...]:
    """Each service once, started by nobody but Pacemaker, and with the configuration that was written."""
    each = (item for service, started in zip(chosen(site.cluster), _in_force(site), strict=True) for item in (
        on_one_node(service.name, resource(service), site.controllers), started.invariant()))
    return (*each, _left(site).invariant("systemd starts no service that Pacemaker runs"))
