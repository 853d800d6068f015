"""File systems that two would mount: the cluster, and the boot of each node."""

from __future__ import annotations

from fournines.artifacts import fstab
from fournines.artifacts.fstab import Mount
from fournines.audit.change import Remove
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.pacemaker import clusters
from fournines.audit.systems.resources import Primitive
from fournines.findings import Severity


@rule("FSY002", Severity.ERROR, Effect.DATA, "A file system of the cluster that is mounted at boot",
      consequence="A node that boots mounts it beside the one that uses it, which destroys a file system for "
                  "one; or the cluster's own mount fails.",
      fix="remove the line from fstab; Pacemaker mounts it", source="ocf_heartbeat_Filesystem(7); fstab(5)")
def mounted_twice(cloud: Cloud) -> Hits:
    managed = [each for cluster in clusters(cloud) for each in cluster.of_type("Filesystem")]
    for file, document in cloud.documents(fstab.Document):
        for mount in document.mounts:
            same = next((each for each in managed if _is(mount, each)), None)
            if same is not None and "noauto" not in mount.options:
                yield Hit(file.at(mount.line), f"{mount.directory} is mounted at boot, and by {same.id}",
                          change=Remove())


def _is(mount: Mount, primitive: Primitive) -> bool:
    device, directory = primitive.parameter("device"), primitive.parameter("directory")
    return (device is not None and device.text == mount.device) or (
        directory is not None and directory.text.rstrip("/") == mount.directory.rstrip("/") != "")
