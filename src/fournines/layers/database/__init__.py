"""The database: MariaDB with Galera on every controller, or one MariaDB that Pacemaker moves."""

from __future__ import annotations

from fournines.blueprint.contribution import (
    Contribution,
    Exchange,
    Listener,
    SecretKind,
    SecretNeed,
    Spread,
    SqlAccount,
)
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.database import artifacts, health, procedures
from fournines.layers.database.spec import DatabaseSpec
from fournines.layers.layer import Layer, Site

PACKAGES = ("mariadb-server", "mariadb-backup", "galera-4", "socat", "python3-pymysql")
DRILL = SqlAccount("fournines_drill", "fournines_drill", "database.drill")


def exchange(cluster: Cluster, timers: Timers) -> Exchange:
    """One listener that always leads to one writer; an account that drills write with.

    The first VIP is on the first controller, so the last one is the first writer: then the loss of one node
    moves one of the two roles.
    """
    spec = cluster.spec(DatabaseSpec) or DatabaseSpec()
    if spec.pattern == "active-passive":
        from fournines.layers.database import active_passive

        return active_passive.exchange(cluster, timers, spec, DRILL)
    members = tuple(node.name for node in reversed(cluster.controllers))
    return Exchange(
        listeners=(Listener("database", cluster.service_vip.name, artifacts.SQL_PORT, kind="database",
                            members=members, spread=Spread.ONE_ACTIVE, mode="tcp", check_path="/",
                            check_port=artifacts.HEALTH_PORT, unit=artifacts.MARIADB_UNIT),),
        sql_accounts=(DRILL,),
        secrets=(SecretNeed(artifacts.SST_SECRET, SecretKind.PASSWORD),
                 SecretNeed(DRILL.secret, SecretKind.PASSWORD)))


def contribute(site: Site) -> Contribution:
    """Everything on every controller."""
    spec = site.cluster.spec(DatabaseSpec) or DatabaseSpec()
    if spec.pattern == "active-passive":
        from fournines.layers.database import active_passive

        return active_passive.contribute(site, spec)
    members = site.controllers
    return Contribution(
        packages=dict.fromkeys(members, PACKAGES),
        files={node.name: artifacts.files(site, spec, node) for node in site.cluster.controllers},
        services=procedures.services(members),
        steps=procedures.steps(site),
        probes=health.probes(site.cluster),
        invariants=health.invariants(members),
        members=(health.membership(members),))


LAYER = Layer("database", DatabaseSpec, after=("host", "storage", "san"), exchange=exchange,
              contribute=contribute)
