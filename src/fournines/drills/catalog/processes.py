"""A process is killed, hangs, is stopped in good order, or is not reached any more; its node lives on."""

from __future__ import annotations

from fournines.drills.drill import Drill, Target
from fournines.drills.faults import hang, kill, restart, stop, swallow
from fournines.layers.api.services.keystone import UNIT as KEYSTONE
from fournines.layers.api.settings import IDENTITY_PORT
from fournines.layers.cache.artifacts import UNIT as MEMCACHED
from fournines.layers.database.artifacts import MARIADB_UNIT
from fournines.layers.loadbalancer.artifacts import HAPROXY_UNIT, KEEPALIVED_UNIT
from fournines.layers.messaging.artifacts import BROKER_UNIT

_DATABASE = (
    Drill("kill-database-writer", "the database that takes all writes is killed",
          kill(Target.DATABASE_WRITER, MARIADB_UNIT), layer="database", chain="database crash"),
    Drill("hang-database-writer", "the database that takes all writes hangs",
          hang(Target.DATABASE_WRITER, MARIADB_UNIT), layer="database", chain="database hang"),
    # It leaves the group with a farewell, so the crash's chain is only the most that may pass.
    Drill("stop-database-writer", "the database that takes all writes is stopped, as for maintenance",
          stop(Target.DATABASE_WRITER, MARIADB_UNIT), layer="database", chain="database crash",
          lower_holds=False),
)
_LOAD_BALANCER = (
    Drill("kill-haproxy-on-vip-holder", "the load balancer that everything goes through is killed",
          kill(Target.VIP_HOLDER, HAPROXY_UNIT), layer="loadbalancer", chain="load balancer crash"),
    Drill("hang-haproxy-on-vip-holder", "the load balancer that everything goes through hangs",
          hang(Target.VIP_HOLDER, HAPROXY_UNIT), layer="loadbalancer", chain="load balancer hang"),
    Drill("restart-haproxy-on-vip-holder", "the load balancer that everything goes through is restarted",
          restart(Target.VIP_HOLDER, HAPROXY_UNIT), layer="loadbalancer"),
    Drill("kill-keepalived-on-vip-holder", "what moves the service address is killed where the address is",
          kill(Target.VIP_HOLDER, KEEPALIVED_UNIT), layer="loadbalancer", chain="keepalived crash"),
)
_BROKER = (
    Drill("kill-broker", "the broker that leads the publisher's queue is killed",
          kill(Target.QUEUE_LEADER, BROKER_UNIT), layer="messaging", chain="broker crash"),
    Drill("hang-broker", "the broker that leads the publisher's queue hangs",
          hang(Target.QUEUE_LEADER, BROKER_UNIT), layer="messaging", chain="broker hang"),
)
_API = (
    Drill("kill-keystone", "Keystone is killed on one controller",
          kill(Target.ONE, KEYSTONE), layer="api", chain="API crash"),
    Drill("hang-keystone", "Keystone hangs on one controller",
          hang(Target.ONE, KEYSTONE), layer="api", chain="API hang"),
    # A connection in vain is given up sooner than an answer in vain, so the hang's chain is the most.
    Drill("swallow-keystone", "what comes to Keystone's port on one controller vanishes, as in a firewall",
          swallow(Target.ONE, IDENTITY_PORT), layer="api", chain="API hang", lower_holds=False),
)
_CACHE = (
    Drill("kill-memcached-in-use", "the cache that everybody uses is killed",
          kill(Target.CACHE_IN_USE, MEMCACHED), layer="cache", chain="memcached crash"),
    Drill("hang-memcached-in-use", "the cache that everybody uses hangs",
          hang(Target.CACHE_IN_USE, MEMCACHED), layer="cache", chain="memcached hang"),
)
DRILLS = (*_DATABASE, *_LOAD_BALANCER, *_BROKER, *_API, *_CACHE)
