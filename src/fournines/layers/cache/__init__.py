"""Cache: a memcached on every controller, of which the load balancer gives all clients one at a time."""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange, Listener, Spread
from fournines.blueprint.predicate import Answers, OnOthers
from fournines.blueprint.steps import Gate, Service
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.cache import artifacts, health
from fournines.layers.cache.spec import CacheSpec
from fournines.layers.layer import Layer, Site

_READY_S = 20.0


def _exchange(cluster: Cluster, timers: Timers) -> Exchange:
    """One listener that leads everybody to the same memcached, the last one first: a node that holds a VIP
    is rarely the one that is lost together with the cache."""
    members = tuple(node.name for node in reversed(cluster.controllers))
    return Exchange(listeners=(Listener("cache", cluster.service_vip.name, artifacts.PORT, "cache", members,
                                        Spread.ONE_ACTIVE, "tcp", unit=artifacts.UNIT),)
                    if cluster.vips else ())


def _contribute(site: Site) -> Contribution:
    names, answers = site.controllers, Answers(health.MEMCACHED)
    return Contribution(
        packages={name: ("memcached",) for name in names},
        files={node.name: artifacts.files(site, node) for node in site.cluster.controllers},
        services=(Service(artifacts.UNIT, names, (artifacts.DROP_IN,), Gate(answers, _READY_S),
                          others_ok=OnOthers(names, answers)),),
        probes=(health.probe(site),),
        invariants=health.invariants(site),
        members=(health.members(site),))


LAYER = Layer("cache", CacheSpec, after=("host",), exchange=_exchange, contribute=_contribute)
