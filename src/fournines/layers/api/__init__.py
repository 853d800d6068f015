"""The APIs: on every controller behind the load balancer, or on one of them, run by Pacemaker.

Each OpenStack service is one file in ``services``; everything else here is the same for all of them.
"""

from __future__ import annotations

from dataclasses import replace

from fournines.blueprint.contribution import Contribution, Exchange, Listener
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError
from fournines.findings import Finding, Severity
from fournines.layers.api import active_passive, health, procedures, records, settings
from fournines.layers.api.services import chosen
from fournines.layers.api.spec import ApiSpec
from fournines.layers.layer import Layer, Site
from fournines.layers.resource_agents import shipped


def _exchange(cluster: Cluster, timers: Timers) -> Exchange:
    """A listener, a database and a broker account for each service.

    Raises ClusterFileError where the cluster has no database or no load balancer for them.
    """
    is_active_passive = settings.is_active_passive(cluster)
    missing = [name for name in ("database", "membership" if is_active_passive else "loadbalancer")
               if name not in cluster.layers]
    if missing:
        raise ClusterFileError([
            Finding(Severity.ERROR, f"the layer api needs the layer {name}", f"add {name}: {{}} under layers",
                    where="layers.api") for name in missing])
    vip = settings.spec_of(cluster).vip
    if is_active_passive and vip not in ("", *cluster.vips):
        raise ClusterFileError([
            Finding(Severity.ERROR, f'layer api has vip "{vip}", and there is no such VIP',
                    f"write one of: {', '.join(cluster.vips)}", where="layers.api")])
    services = chosen(cluster)
    members = tuple(node.name for node in cluster.controllers)
    asked = Exchange(
        sql_accounts=tuple(service.sql_account for service in services if service.migrate),
        broker_accounts=tuple(service.broker_account for service in services),
        secrets=(*(need for service in services for need in service.needs), *records.SECRETS))
    if is_active_passive:
        return replace(asked, service_resources=active_passive.resources(cluster, timers),
                       before_service_resources=(active_passive.DISABLE, *procedures.before_start(cluster)))
    return replace(asked, listeners=tuple(
        Listener(service.name, cluster.service_vip.name, service.port, "api", members,
                 check_path=service.check_path, unit=service.unit,
                 repeatable_post=service.repeatable_post) for service in services))


def _contribute(site: Site) -> Contribution:
    services = chosen(site.cluster)
    packages = tuple(dict.fromkeys(name for service in services for name in service.packages))
    directories = tuple(item for service in services for item in service.directories)
    is_active_passive = settings.is_active_passive(site.cluster)
    agents = shipped(service.agent for service in services) if is_active_passive else ()
    keys = tuple(item for service in services for item in service.keys(site))
    return Contribution(
        packages=dict.fromkeys(site.controllers, packages),
        directories=dict.fromkeys(site.controllers, directories),
        files={node.name: (records.script(), *keys, *agents,
                           *(item for service in services for item in service.files(site, node)))
               for node in site.cluster.controllers},
        services=procedures.services(site),
        steps=procedures.steps(site),
        probes=health.probes(site),
        invariants=health.invariants(site),
        members=health.members(site))


LAYER = Layer("api", ApiSpec, after=("database", "messaging", "cache", "images", "loadbalancer"),
              exchange=_exchange, contribute=_contribute)
