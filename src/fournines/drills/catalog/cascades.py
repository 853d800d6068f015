"""A second fault, made when the first has just been taken away and the cluster is still becoming whole.

Both hit what the cluster can lose one of; the second is a process, as two members of a quorum of three at
once are more than any cluster promises to survive.
"""

from __future__ import annotations

from fournines.drills.drill import Drill, Target
from fournines.drills.faults import hang, kill, power_off
from fournines.layers.api.services.keystone import UNIT as KEYSTONE
from fournines.layers.database.artifacts import MARIADB_UNIT
from fournines.layers.loadbalancer.artifacts import HAPROXY_UNIT, KEEPALIVED_UNIT
from fournines.layers.messaging.artifacts import BROKER_UNIT

DRILLS = (
    Drill("power-off-then-kill-haproxy",
          "a controller comes back after a power loss, and the load balancer that all goes through is killed",
          power_off(Target.OTHER), then=kill(Target.VIP_HOLDER, HAPROXY_UNIT), then_layer="loadbalancer"),
    Drill("hang-database-writer-then-kill-keepalived",
          "the database that took all writes goes on after a hang, and what moves the address is killed",
          hang(Target.DATABASE_WRITER, MARIADB_UNIT), layer="database",
          then=kill(Target.VIP_HOLDER, KEEPALIVED_UNIT), then_layer="loadbalancer"),
    Drill("kill-broker-then-hang-keystone",
          "a broker comes back after a crash, and one Keystone hangs",
          kill(Target.QUEUE_LEADER, BROKER_UNIT), layer="messaging", then=hang(Target.API, KEYSTONE),
          then_layer="api"),
)
