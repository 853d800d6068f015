"""Cache: a memcached on every controller, known to clients by all their addresses."""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.blueprint.predicate import Answers, OnOthers
from fournines.blueprint.steps import Gate, Service
from fournines.cluster.topology import Cluster
from fournines.layers.cache import artifacts, health
from fournines.layers.cache.spec import CacheSpec
from fournines.layers.layer import Layer, Site

_READY_S = 20.0


def _exchange(cluster: Cluster) -> Exchange:
    return Exchange()


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
