"""Pattern active-passive: the services as one group of Pacemaker's with their address, on one node at a time.

They start in the order in which they need one another, and end in the opposite one. systemd holds each
service's processes but starts none of them at boot; what runs where is Pacemaker's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.files import NodeFile
from fournines.blueprint.left_alone import LeftAlone, on_one_node
from fournines.blueprint.predicate import Fact, OnExactly
from fournines.blueprint.requests import JsonValue, Run
from fournines.blueprint.resources import (
    LOAD_SERVICES,
    Group,
    Primitive,
    Resources,
    address,
    operations,
)
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.steps import Gate, On, Step
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.api import settings, units
from fournines.layers.api.services import chosen
from fournines.layers.api.services.service import ApiService
from fournines.layers.layer import Site

GROUP = "g_services_api"
BOOT = "api.boot"
DISABLE = "api: leave the services to Pacemaker"
_START_S, _STOP_S = 180.0, 60.0   # a machine that takes over is busy; a stop is forced after 36 s
_RESTART_S, _SEEN_S = 300.0, 60.0
_CHANGED = (   # the mark of a start is gone when the service is
    '[ -e "$1" ] || exit 0; mark=$1; shift; find "$@" -newer "$mark" 2>/dev/null; '
    "sha256sum --check --quiet 2>/dev/null | sed 's/: FAILED.*//'")


def resource(service: ApiService) -> str:
    """The id of a service's resource, as in the guide."""
    return f"p_{service.agent}"


def resources(cluster: Cluster, timers: Timers) -> Resources:
    """The address and, in this order, the services; all in one group."""
    vip = address(cluster, timers, settings.api_vip(cluster).name)
    services = tuple(_primitive(service, cluster, timers) for service in chosen(cluster))
    members = (vip, *services)
    return Resources(primitives=members, groups=(Group(GROUP, tuple(item.id for item in members)),))


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


def steps(site: Site) -> tuple[Step, ...]:
    """Systemd lets go of the services; whichever was started with older files is started anew."""
    disable = _left(site).let_go(
        DISABLE, why="systemd would start them on every node at boot, and Pacemaker would find them running "
                     "twice")
    return (disable, *(_restart(site, service) for service in chosen(site.cluster)))


def _restart(site: Site, service: ApiService) -> Step:
    command = Run(("crm_resource", "--restart", "--resource", resource(service),
                   "--timeout", f"{_RESTART_S:g}s"), timeout_s=_RESTART_S + 10)
    current = OnExactly(0, site.controllers, Fact(configuration_probe(service), "older"))
    return Step(
        f"api: restart {resource(service)}", On.FIRST, {node: (command,) for node in site.controllers},
        why="it runs with an older configuration; what comes after it in the group starts anew with it",
        unless=current, until=Gate(current, _SEEN_S), needs=(LOAD_SERVICES,))


@dataclass(frozen=True, slots=True)
class Configuration:
    """``newer`` are files that changed after the service was started here, or still have to; none where it
    does not run."""

    newer: tuple[str, ...]

    @property
    def older(self) -> bool:
        """Whether the service runs with what the files said before."""
        return bool(self.newer)


def configuration_probe(service: ApiService) -> str:
    """The name of the probe of what a service was started with."""
    return f"api.configuration.{service.name}"


def parse_configuration(reply: JsonValue) -> Configuration:
    """The answer of ``_CHANGED``."""
    if not isinstance(reply, dict) or reply.get("rc") != 0:
        raise Unreadable("not what the node says of changed files")
    return Configuration(tuple(dict.fromkeys(str(reply.get("stdout", "")).split())))


def changed(mark: str, files: Sequence[NodeFile]) -> Run:
    """Which files changed after the ``mark`` of a start, or are not yet as wanted: their paths. Digests go by
    standard input, for those of files with secrets."""
    sums = "".join(f"{item.sha256}  {item.path}\n" for item in files)
    return Run(("sh", "-c", _CHANGED, "sh", mark, *(item.path for item in files)), stdin=sums)


def probes(site: Site) -> tuple[Probe, ...]:
    """What systemd would do by itself, and what the services were started with."""
    return (
        _left(site).asked(),
        *(Probe(configuration_probe(service),
                {node.name: changed(f"/run/{units.started(service.unit)}", service.files(site, node))
                 for node in site.cluster.controllers}, parse_configuration)
          for service in chosen(site.cluster)))


def invariants(site: Site) -> tuple[Invariant, ...]:
    """Each service once, started by nobody but Pacemaker, and with the configuration that was written."""
    each = (item for service in chosen(site.cluster) for item in (
        on_one_node(service.name, resource(service), site.controllers),
        Invariant(f"{service.name} runs with the configuration that was written",
                  OnExactly(0, site.controllers, Fact(configuration_probe(service), "older")),
                  "fournines apply")))
    return (*each, _left(site).invariant("systemd starts no service of the group"))
