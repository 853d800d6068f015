"""Load balancing: HAProxy on every controller, and Keepalived, which keeps each VIP on exactly one."""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.layer import Layer, Site
from fournines.layers.loadbalancer import artifacts, health, procedures
from fournines.layers.loadbalancer.spec import LoadbalancerSpec

PACKAGES = ("haproxy", "keepalived")


def _exchange(cluster: Cluster, timers: Timers) -> Exchange:
    return Exchange()


def _contribute(site: Site) -> Contribution:
    return Contribution(
        packages={name: PACKAGES for name in site.controllers},
        files={node.name: artifacts.files(site, node) for node in site.cluster.controllers},
        services=procedures.services(site),
        gates=health.gates(site),
        steps=procedures.steps(site),
        probes=(*health.probes(site), procedures.probe(site)),
        invariants=(*health.invariants(site), *procedures.invariants(site)),
        seats=health.seats(site),
        members=(health.members(site),))


LAYER = Layer("loadbalancer", LoadbalancerSpec, after=("host", "database", "messaging", "cache"),
              exchange=_exchange, contribute=_contribute)
