"""A process is killed, hangs, is stopped or restarted in good order, or is not reached any more; its node
lives on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fournines.cluster.timers.chains import ACTIVE_ACTIVE
from fournines.drills.drill import Drill, Fault, Target
from fournines.drills.faults import hang, kill, restart, stop, swallow
from fournines.layers.api.services.cinder import UNIT as CINDER
from fournines.layers.api.services.glance import UNIT as GLANCE
from fournines.layers.api.services.keystone import UNIT as KEYSTONE
from fournines.layers.api.services.neutron import RPC_UNIT as NEUTRON_RPC
from fournines.layers.api.services.neutron import UNIT as NEUTRON
from fournines.layers.api.settings import IDENTITY_PORT
from fournines.layers.cache.artifacts import UNIT as MEMCACHED
from fournines.layers.database.artifacts import MARIADB_UNIT
from fournines.layers.loadbalancer.artifacts import HAPROXY_UNIT, KEEPALIVED_UNIT
from fournines.layers.messaging.artifacts import BROKER_UNIT


@dataclass(frozen=True, slots=True)
class Process:
    """One that can end in every way. ``name`` ends the names of its drills, ``what`` begins their summaries.
    ``layer`` is in the cluster file, in that ``pattern`` if it has several, and ``service`` among those of it
    that not every such cluster has. ``crash_chain`` and ``hang_chain`` are what the chains call its failures;
    empty where they have none. ``watched``: systemd kills it when it hangs."""

    name: str
    what: str
    target: Target
    unit: str
    layer: str
    crash_chain: str = ""
    hang_chain: str = ""
    service: str = ""
    pattern: str = ""
    watched: bool = False

    def drills(self) -> Iterator[Drill]:
        """Of every way to end."""
        yield self._drill("kill", "is killed", kill, self.crash_chain)
        yield self._drill("hang", "hangs", hang, self.hang_chain, mended=self.watched)
        # Who leaves with a farewell is missed for less than who is killed: that is the most that may pass.
        yield self._drill("stop", "is stopped, as for maintenance", stop, self.crash_chain, lower_holds=False)
        yield self._drill("restart", "is restarted", restart)

    def _drill(self, verb: str, happens: str, fault: Callable[[Target, str], Fault], chain: str = "", *,
               lower_holds: bool = True, mended: bool = False) -> Drill:
        return Drill(f"{verb}-{self.name}", f"{self.what} {happens}", fault(self.target, self.unit),
                     layer=self.layer, pattern=self.pattern, service=self.service, chain=chain,
                     lower_holds=lower_holds, mended=mended)


def _api(name: str, what: str, unit: str, layer: str = "api", service: str = "") -> Process:
    """A service of OpenStack that is called: on every controller, or where Pacemaker runs all of them."""
    return Process(name, f"{what} on one controller", Target.API, unit, layer, "API crash", "API hang",
                    service or name)


_PROCESSES = (
    Process("database-writer", "the database that takes all writes", Target.DATABASE_WRITER, MARIADB_UNIT,
             "database", "database crash", "database hang"),
    Process("haproxy-on-vip-holder", "the load balancer that everything goes through", Target.VIP_HOLDER,
             HAPROXY_UNIT, "loadbalancer", "load balancer crash", "load balancer hang"),
    Process("keepalived-on-vip-holder", "what moves the service address, where the address is,",
             Target.VIP_HOLDER, KEEPALIVED_UNIT, "loadbalancer", "keepalived crash", watched=True),
    Process("broker", "the broker that leads the publisher's queue", Target.QUEUE_LEADER, BROKER_UNIT,
             "messaging", "broker crash", "broker hang"),
    _api("keystone", "Keystone", KEYSTONE),
    _api("glance", "Glance", GLANCE, "images"),
    _api("cinder", "Cinder", CINDER),
    _api("neutron", "Neutron's API", NEUTRON),
    _api("neutron-rpc", "what Neutron's agents talk to", NEUTRON_RPC, service="neutron"),
    Process("memcached-in-use", "the cache that everybody uses", Target.CACHE_IN_USE, MEMCACHED, "cache",
             "memcached crash", "memcached hang"),
)
DRILLS = (
    *(drill for process in _PROCESSES for drill in process.drills()),
    # A connection in vain is given up sooner than an answer in vain, so the hang's chain is the most. Where
    # Pacemaker runs Keystone, nothing comes to its node's own addresses: it listens on the VIP.
    Drill("swallow-keystone", "what comes to Keystone's port on one controller vanishes, as in a firewall",
          swallow(Target.ONE, IDENTITY_PORT), layer="api", pattern=ACTIVE_ACTIVE, chain="API hang",
          lower_holds=False),
)
