"""The files of the storage layer: DRBD's configuration and the node scripts."""

from __future__ import annotations

import json
import shlex
from importlib import resources
from pathlib import PurePosixPath

from fournines.artifacts import drbd
from fournines.blueprint.files import NodeFile
from fournines.blueprint.requests import NODE_PYTHON
from fournines.blueprint.volumes import MirroredVolume
from fournines.layers.layer import Site
from fournines.layers.shipped_library import library
from fournines.layers.storage.spec import StorageSpec

COMMON = "/etc/drbd.d/global_common.conf"
SCRIPT, FENCE_SCRIPT = "/usr/lib/fournines/drbd_device.py", "/usr/lib/fournines/fence_peer.py"
SETTINGS_FILE = "/etc/fournines/storage.json"
UNIT = "drbd.service"
# What ocf:linbit:drbd sets where all is well, as resources.py tells it. It looks every half a minute, and a
# side that was copied to could not be promoted until then.
EAGER = "attrd_updater --name=master-p_drbd_$DRBD_RESOURCE --update=10000"
FENCE, UNFENCE = shlex.join((*NODE_PYTHON, FENCE_SCRIPT)), "/usr/lib/drbd/crm-unfence-peer.sh"
EXTENT_MIB = 4


def files(site: Site, spec: StorageSpec) -> tuple[NodeFile, ...]:
    """Everything that the layer writes on a node, the same on both."""
    scripts = resources.files("fournines.layers.storage.node")
    return (
        NodeFile(COMMON, drbd.emit(common(site, spec)).encode()),
        *(NodeFile(f"/etc/drbd.d/{each.name}.res", drbd.emit(resource(site, each)).encode())
          for each in spec.resources),
        NodeFile(SETTINGS_FILE, (json.dumps(settings(spec), indent=1) + "\n").encode()),
        *(NodeFile(path, scripts.joinpath(PurePosixPath(path).name).read_bytes(), mode=0o755)
          for path in (SCRIPT, FENCE_SCRIPT)),
        *library("disk_content"))


def options(site: Site, spec: StorageSpec) -> dict[str, str]:
    """What holds for all resources while they are up: keyword -> value, as ``drbdsetup show`` tells them."""
    (_, made) = common(site, spec).sections
    told = {each.keyword: each.value for name in ("net", "disk") for section in made.all(name)
            for each in section.statements}
    return told | {"resync-rate": f"{spec.resync_mib_s * 1024}k"}


def common(site: Site, spec: StorageSpec) -> drbd.Document:
    """What holds for all resources, as DRBD 8.4 reads it, which is what Debian's kernel has."""
    timers = site.timers

    def tenths(name: str) -> int:
        return round(timers.seconds(name) * 10)

    return drbd.document(
        drbd.section("global", [("usage-count", False), ("udev-always-use-vnr",)]),
        drbd.section("common", [
            drbd.section("net", [
                # A write is acknowledged once it is on both disks.
                ("protocol", "C"),
                ("timeout", tenths("drbd.timeout")),
                ("ping-int", round(timers.seconds("drbd.ping_interval"))),
                ("ping-timeout", tenths("drbd.ping_timeout")),
                ("connect-int", round(timers.seconds("drbd.connect_interval"))),
                ("ko-count", timers.count("drbd.ko_count")),
                ("max-buffers", 8000),
                # What `drbdadm verify` compares the two sides with.
                ("verify-alg", "crc32c"),
                # Two histories are never merged by a rule: somebody has to say which one is to be lost.
                ("after-sb-0pri", "disconnect"),
                ("after-sb-1pri", "disconnect"),
                ("after-sb-2pri", "disconnect"),
            ]),
            drbd.section("disk", [
                # Writes stand still when the other side is silent, until it is known to be fenced.
                ("fencing", "resource-and-stonith"),
                # A disk that fails is left, and the other node's is used over the network.
                ("on-io-error", "detach"),
                # A rate that is kept: the other way of DRBD's finds it out anew each time, and slowly.
                ("c-plan-ahead", 0),
                ("resync-rate", f"{spec.resync_mib_s}M"),
                ("al-extents", spec.activity_log_mib // EXTENT_MIB),
            ]),
            drbd.section("handlers", [
                ("fence-peer", FENCE),
                # A connection that was lost for a moment, without a write, is followed by no resync: only the
                # first of the two then lets the other side be promoted again.
                ("unfence-peer", UNFENCE),
                ("after-resync-target", f"{UNFENCE}; {EAGER}"),
            ]),
        ]))


def resource(site: Site, volume: MirroredVolume) -> drbd.Document:
    """A .res file: the guide's, with the addresses of the replication network."""
    return drbd.document(drbd.section(f"resource {volume.name}", [
        ("device", "minor", volume.minor),
        ("disk", volume.disk),
        ("meta-disk", "internal"),
        *(drbd.section(f"on {node.name}", [("address", "ipv4", f"{node.replication}:{volume.port}")])
          for node in site.cluster.controllers)]))


def settings(spec: StorageSpec) -> dict[str, object]:
    """What the scripts are told."""
    return {"devices": [{"name": each.name, "minor": each.minor, "disk": each.disk,
                         "filesystem": each.filesystem, "clone": each.promoted_id}
                        for each in spec.resources]}
