"""Storage: volumes that are on two nodes at once, DRBD below a file system that Pacemaker mounts on one."""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.blueprint.hardware import Disk, Hardware
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError
from fournines.findings import Finding, Severity
from fournines.layers.layer import Layer, Site
from fournines.layers.storage.spec import StorageSpec

PACKAGES = ("drbd-utils", "kmod", "udev", "util-linux", "xfsprogs")
SIDES = 2
MODULES = ("drbd", "xfs")
LAB_DISK_MIB = 448   # a database, its log and the 300 that mkfs.xfs asks for; all of it is copied once
# What takes the volumes from a node, and gives them back.
RESTARTED = ("corosync.service", "pacemaker.service")


def _exchange(cluster: Cluster, timers: Timers) -> Exchange:
    """Its resources, for Pacemaker. Raises ClusterFileError where DRBD cannot do what the file asks for."""
    wrong = []
    if "membership" not in cluster.layers:
        wrong.append(Finding(
            Severity.ERROR, "the layer storage needs the layer membership",
            "add membership with its fencing under layers: nothing else keeps two nodes from writing",
            where="layers.storage"))
    if len(cluster.controllers) != SIDES:
        wrong.append(Finding(
            Severity.ERROR, f"the layer storage is for {SIDES} nodes, and {len(cluster.controllers)} run "
            "services", "leave the others out: DRBD 8.4, which Debian's kernel has, knows two sides",
            where="layers.storage"))
    if wrong:
        raise ClusterFileError(wrong)
    from fournines.layers.storage import procedures
    from fournines.layers.storage.resources import resources

    volumes = _spec(cluster).resources
    disks = tuple(Disk(each.disk, LAB_DISK_MIB) for each in volumes)
    return Exchange(resources=resources(volumes, timers),
                    before_resources=procedures.before_resources(volumes),
                    hardware=tuple(Hardware(node.name, MODULES, disks) for node in cluster.controllers))


def _contribute(site: Site) -> Contribution:
    from fournines.layers.storage import artifacts, health, procedures
    from fournines.layers.storage.invariants import invariants

    spec, nodes = _spec(site.cluster), site.controllers
    return Contribution(
        packages=dict.fromkeys(nodes, PACKAGES),
        files=dict.fromkeys(nodes, artifacts.files(site, spec)),
        steps=procedures.steps(spec.resources, nodes, artifacts.options(site, spec)),
        probes=health.probes(nodes),
        invariants=invariants(spec.resources, nodes),
        gates=dict.fromkeys(RESTARTED, health.back(spec.resources, nodes)),
        seats=health.seats(spec.resources, nodes),
        members=(health.members(spec.resources, nodes),))


def _spec(cluster: Cluster) -> StorageSpec:
    spec = cluster.spec(StorageSpec)
    if spec is None:
        raise ValueError("the cluster file does not ask for the layer storage")
    return spec


LAYER = Layer("storage", StorageSpec, after=("host",), exchange=_exchange, contribute=_contribute)
