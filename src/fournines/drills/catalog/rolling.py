"""Maintenance goes from controller to controller: the next when the cluster is whole again."""

from __future__ import annotations

from fournines.drills.drill import Drill, Target
from fournines.drills.faults import restart
from fournines.layers.api.services.keystone import UNIT as KEYSTONE
from fournines.layers.database.artifacts import MARIADB_UNIT
from fournines.layers.loadbalancer.artifacts import HAPROXY_UNIT
from fournines.layers.messaging.artifacts import BROKER_UNIT

TURN_S = 5.0   # of being looked at, before the next may come


def _rolling(name: str, what: str, unit: str, layer: str) -> Drill:
    return Drill(f"rolling-restart-of-{name}", f"{what} of every controller is restarted, in turns",
                 restart(Target.ONE, unit), observe_s=TURN_S, layer=layer, rolling=True)


DRILLS = (
    _rolling("databases", "the database", MARIADB_UNIT, "database"),
    _rolling("brokers", "the broker", BROKER_UNIT, "messaging"),
    _rolling("haproxy", "the load balancer", HAPROXY_UNIT, "loadbalancer"),
    _rolling("keystone", "Keystone", KEYSTONE, "api"),
)
