"""The images: one directory, the same on every node, so that it does not matter which took the upload."""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.images import artifacts, health, procedures
from fournines.layers.images.spec import ImagesSpec
from fournines.layers.layer import Layer, Site

PACKAGES = ("glusterfs-server", "glusterfs-client", "glance-common")


def exchange(cluster: Cluster, timers: Timers) -> Exchange:
    """Nothing is needed from others."""
    return Exchange()


def contribute(site: Site) -> Contribution:
    """A mount on every controller, a copy on the first three."""
    spec = site.cluster.spec(ImagesSpec) or ImagesSpec()
    members = tuple(node.name for node in artifacts.copies(site.cluster))
    return Contribution(
        packages=dict.fromkeys(site.controllers, PACKAGES),
        directories=dict.fromkeys(members, artifacts.directories(spec)),
        files={node.name: artifacts.files(site, spec, node) for node in site.cluster.controllers},
        services=procedures.services(site),
        steps=procedures.steps(site, spec),
        probes=health.probes(site.controllers),
        invariants=health.invariants(site.controllers, len(members)),
        members=(health.membership(members, len(members)),))


LAYER = Layer("images", ImagesSpec, after=("host",), exchange=exchange, contribute=contribute)
