"""SAN: file systems on disks that every node reaches, each of which Pacemaker mounts on one."""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.blueprint.hardware import Disk, Hardware
from fournines.blueprint.resources import Resources
from fournines.blueprint.volumes import file_system
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.layer import Layer, Site
from fournines.layers.san.spec import SanSpec

PACKAGES = ("util-linux", "xfsprogs")
LAB_DISK_MIB = 640


def _exchange(cluster: Cluster, timers: Timers) -> Exchange:
    """Its file systems, for Pacemaker."""
    volumes = _spec(cluster).volumes
    disks = tuple(Disk(each.disk, LAB_DISK_MIB, shared=True) for each in volumes)
    return Exchange(resources=Resources(primitives=tuple(file_system(each, timers) for each in volumes)),
                    before_resources=tuple(each.ready for each in volumes),
                    hardware=tuple(Hardware(node.name, disks=disks) for node in cluster.controllers))


def _contribute(site: Site) -> Contribution:
    from fournines.layers.san import artifacts, health, procedures

    volumes, nodes = _spec(site.cluster).volumes, site.controllers
    return Contribution(
        packages=dict.fromkeys(nodes, PACKAGES),
        files=dict.fromkeys(nodes, artifacts.files(volumes)),
        steps=procedures.steps(volumes, nodes),
        probes=health.probes(nodes),
        invariants=health.invariants(volumes, nodes),
        seats=health.seats(volumes, nodes))


def _spec(cluster: Cluster) -> SanSpec:
    spec = cluster.spec(SanSpec)
    if spec is None:
        raise ValueError("the cluster file does not ask for the layer san")
    return spec


LAYER = Layer("san", SanSpec, after=("host",), exchange=_exchange, contribute=_contribute)
