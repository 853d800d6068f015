"""Processes that no client talks to: they watch, measure, name or mount what clients talk to, keep the time,
or do work that nobody waits for. Clients should notice nothing, and the cluster becomes whole by itself."""

from __future__ import annotations

from fournines.cluster.timers.chains import ACTIVE_ACTIVE
from fournines.drills.catalog.processes import Process
from fournines.drills.drill import Target
from fournines.layers.api.services.ceilometer import UNIT as CEILOMETER
from fournines.layers.database.artifacts import GUARD_UNIT as DATABASE_GUARD
from fournines.layers.database.artifacts import HEALTH_UNIT as DATABASE_HEALTH
from fournines.layers.host.artifacts import CHRONY_UNIT
from fournines.layers.images.artifacts import GLUSTERD_UNIT, MOUNT_UNIT
from fournines.layers.messaging.artifacts import GUARD_UNIT as BROKER_GUARD
from fournines.layers.network.artifacts import AGENTS

_PORT_MAPPER = "epmd.service"   # which its socket starts

_ATTENDANTS = (
    Process("database-health", "what tells the load balancer how the writing database is",
            Target.DATABASE_WRITER, DATABASE_HEALTH, "database", pattern=ACTIVE_ACTIVE),
    Process("database-guard", "what restarts a database that is left alone", Target.ONE, DATABASE_GUARD,
            "database", pattern=ACTIVE_ACTIVE),
    Process("broker-guard", "what restarts a broker that is left alone", Target.ONE, BROKER_GUARD,
            "messaging", pattern=ACTIVE_ACTIVE),
    Process("epmd", "what knows where a controller's broker listens", Target.ONE, _PORT_MAPPER, "messaging",
            pattern=ACTIVE_ACTIVE),
    Process("glusterd", "what replicates images, on one controller", Target.ONE, GLUSTERD_UNIT, "images"),
    Process("images-mount", "the file system of the images, on one controller", Target.ONE, MOUNT_UNIT,
            "images"),
    Process("chrony", "what keeps the time, on one controller", Target.ONE, CHRONY_UNIT, "host"),
    Process("ceilometer-central", "Telemetry's central agent", Target.API, CEILOMETER, "api",
            service="ceilometer-central"),
    *(Process(agent.name.removesuffix("-agent"), f"Neutron's {agent.description} agent", Target.NETWORK,
              agent.unit, "network") for agent in AGENTS),
)
DRILLS = tuple(drill for process in _ATTENDANTS for drill in process.drills())
