"""Pattern active-passive: one MariaDB where its volume is, with its address, as a group of Pacemaker's."""

from __future__ import annotations

from fournines.blueprint.contribution import (
    Contribution,
    Exchange,
    SecretKind,
    SecretNeed,
    SqlAccount,
)
from fournines.blueprint.volumes import Volume, how_to_write, volume_named
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError
from fournines.findings import Finding, Severity
from fournines.layers.database.active_passive import artifacts, health, procedures, resources
from fournines.layers.database.artifacts import DATADIR
from fournines.layers.database.spec import DatabaseSpec
from fournines.layers.layer import Site

PACKAGES = ("mariadb-server", "python3-pymysql")


def exchange(cluster: Cluster, timers: Timers, spec: DatabaseSpec, drill: SqlAccount) -> Exchange:
    """Its group; an account that drills write with. Raises ClusterFileError where it has no volume."""
    volume = volume_of(cluster, spec)
    return Exchange(
        sql_accounts=(drill,), secrets=(SecretNeed(drill.secret, SecretKind.PASSWORD),),
        resources=resources.resources(cluster, timers, spec, volume),
        before_resources=procedures.before_resources(spec),
        before_service_resources=(procedures.RESTART,))


def contribute(site: Site, spec: DatabaseSpec) -> Contribution:
    """The same on both nodes; Pacemaker chooses."""
    volume, nodes = volume_of(site.cluster, spec), site.controllers
    files = dict.fromkeys(nodes, artifacts.files(site, spec, volume))
    return Contribution(
        packages=dict.fromkeys(nodes, PACKAGES),
        files=files,
        steps=procedures.steps(site, spec, volume),
        probes=health.probes(nodes, files),
        invariants=health.invariants(nodes),
        seats=health.seats(nodes),
        members=(health.membership(volume, nodes),))


def volume_of(cluster: Cluster, spec: DatabaseSpec) -> Volume:
    """Where the data are. Raises ClusterFileError where there is no such volume, or it belongs elsewhere."""
    volume = volume_named(cluster, spec.volume)
    if volume is None:
        raise _wrong(f"the database's volume is {spec.volume}, and there is no such volume",
                     how_to_write(spec.volume, DATADIR))
    names = [node.name for node in cluster.controllers]
    if spec.existing_data and spec.existing_data not in names:
        raise _wrong(f"existing_data names {spec.existing_data}, which is no controller",
                     f"write one of {', '.join(names)}")
    if volume.mount != DATADIR:
        raise _wrong(f"volume {volume.name} is mounted at {volume.mount}, where MariaDB does not look",
                     f"write mount: {DATADIR}")
    return volume


def _wrong(what: str, instead: str) -> ClusterFileError:
    return ClusterFileError([Finding(Severity.ERROR, what, instead, where="layers.database")])
