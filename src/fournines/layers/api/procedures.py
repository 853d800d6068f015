"""How the services come up: schemas by one node, then Keystone everywhere, then the records, then the
others."""

from __future__ import annotations

from dataclasses import replace

from fournines.blueprint.predicate import OnAny, OnOthers
from fournines.blueprint.requests import Request, Run
from fournines.blueprint.resources import LOAD_SERVICES
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.cluster.topology import Cluster, Node
from fournines.layers.api import active_passive, health, records, settings
from fournines.layers.api.services import chosen
from fournines.layers.api.services.keystone import SERVICE as KEYSTONE
from fournines.layers.api.services.service import ApiService
from fournines.layers.layer import Site

BOOTSTRAP = "api: bootstrap Keystone"
RECORD = "api: record accounts and catalogue"
_READY_S, _SEEN_S = 300.0, 60.0


def _migration(service: ApiService) -> str:
    return f"api: migrate the schema of {service.name}"


def _migrate(site: Site, service: ApiService, migrate: Run, node: Node) -> Run:
    """On the node's own member of the database, for MariaDB cannot roll half a migration back."""
    return replace(migrate, env=settings.own_database(site, service.sql_account, node))


def before_start(cluster: Cluster) -> tuple[str, ...]:
    """The steps that have to go before the first start of anything."""
    return (*(_migration(service) for service in chosen(cluster) if service.migrate), BOOTSTRAP)


def services(site: Site) -> tuple[Service, ...]:
    """The units, unless Pacemaker runs them; a running member is restarted only while every other one
    is ready."""
    if settings.is_active_passive(site.cluster):
        return ()
    return tuple(
        Service(unit, site.controllers,
                tuple(item.path for item in service.files(site, site.cluster.controllers[0])),
                ready=Gate(health.ready(service, unit), _READY_S),
                others_ok=OnOthers(site.controllers, health.ready(service, unit)),
                needs=(_migration(service), BOOTSTRAP if service is KEYSTONE else RECORD))
        for service in chosen(site.cluster) for unit in service.units)


def steps(site: Site) -> tuple[Step, ...]:
    """Each is done once for the whole cluster, on whichever controller is first."""
    migrations = (
        Step(_migration(service), On.FIRST,
             {node.name: (_migrate(site, service, service.migrate, node),)
              for node in site.cluster.controllers},
             why="its tables have to be those of the installed version before it is started",
             unless=health.schema_current(site, service),
             until=Gate(health.schema_current(site, service), _SEEN_S))
        for service in chosen(site.cluster) if service.migrate)
    is_active_passive = settings.is_active_passive(site.cluster)
    keystone_runs = LOAD_SERVICES if is_active_passive else f"api: start {KEYSTONE.unit}"
    bootstrapped = OnAny(site.controllers, records.bootstrapped(site))
    complete = OnAny(site.controllers, records.complete(site))
    applying: dict[str, tuple[Request, ...]] = {
        node.name: (records.apply_request(site, node),) for node in site.cluster.controllers}
    return (
        *migrations,
        Step(BOOTSTRAP, On.FIRST,
             {node.name: (records.bootstrap_request(site, node),) for node in site.cluster.controllers},
             why="somebody has to be there who may make the other accounts, and clients must find Keystone",
             unless=bootstrapped, until=Gate(bootstrapped, _SEEN_S), needs=(_migration(KEYSTONE),)),
        Step(RECORD, On.FIRST, applying,
             why="services sign in with accounts of their own, and clients find them in the catalogue",
             unless=complete, only_if=health.well(KEYSTONE),
             refusal="Keystone has to answer on the node that makes the records",
             until=Gate(complete, _SEEN_S), needs=(keystone_runs,)),
        *(active_passive.steps(site) if is_active_passive else ()),
    )
