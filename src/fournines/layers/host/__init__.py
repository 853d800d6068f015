"""The host: what every node needs before anything else. Names, time, kernel settings, directories."""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.blueprint.predicate import Answers
from fournines.blueprint.requests import Run
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.host import artifacts, health
from fournines.layers.host.spec import HostSpec
from fournines.layers.layer import Layer, Site

PACKAGES = ("chrony", "procps", "python3")


def exchange(cluster: Cluster, timers: Timers) -> Exchange:
    """Nothing is needed from others."""
    return Exchange()


def contribute(site: Site) -> Contribution:
    """The same on every node, arbitrators included."""
    spec = site.cluster.spec(HostSpec) or HostSpec()
    nodes = tuple(node.name for node in site.cluster.nodes)
    kernel = artifacts.kernel(site.timers)
    return Contribution(
        packages=dict.fromkeys(nodes, PACKAGES),
        directories=dict.fromkeys(nodes, artifacts.DIRECTORIES),
        files={node.name: artifacts.files(site.cluster, site.timers, spec, node)
               for node in site.cluster.nodes},
        services=(Service(artifacts.CHRONY_UNIT, nodes, (artifacts.CHRONY_FILE, artifacts.CHRONY_DROP_IN),
                          ready=Gate(Answers(health.TIMEKEEPER), 30.0)),),
        steps=(Step("host: load the kernel settings", On.EACH,
                    {name: (Run(("sysctl", "--load", artifacts.SYSCTL_FILE)),) for name in nodes},
                    why="they are read from the file only when a node starts",
                    unless=health.kernel_as(kernel)),),
        probes=health.probes(site.cluster, kernel),
        invariants=health.invariants(site.cluster, kernel))


LAYER = Layer("host", HostSpec, after=(), exchange=exchange, contribute=contribute)
