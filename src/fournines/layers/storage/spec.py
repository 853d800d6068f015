"""The settings of the storage layer in the cluster file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fournines.blueprint.volumes import MirroredVolume
from fournines.cluster.notation import Wrong


@dataclass(frozen=True, slots=True)
class StorageSpec:
    """Data on two nodes at once, used on one: DRBD below the file systems that Pacemaker mounts.

    resources: the volumes.
    resync_mib_s: how fast a side that was away catches up, in MiB a second: what the replication network and
    the disks can spare.
    activity_log_mib: how much of each device may be written to at a time without a note in the metadata; all
    of it is copied again after the loss of the node that wrote. DRBD counts it in 4 MiB, from 67 of them on.
    """

    resources: tuple[MirroredVolume, ...]
    resync_mib_s: int = 100
    activity_log_mib: int = 268

    def __post_init__(self) -> None:
        if not self.resources:
            raise Wrong("has no resources", "write at least one, or leave the layer out")
        for each in self.resources:
            _sound(each)
        for what in ("name", "minor", "port", "disk", "mount"):
            value, count = Counter(getattr(each, what) for each in self.resources).most_common(1)[0]
            if count > 1:
                raise Wrong(f"has two resources with {what} {value}", f"give each its own {what}")
        if not 1 <= self.resync_mib_s <= 4000:
            raise Wrong(f"has resync_mib_s {self.resync_mib_s}", "write 1 to 4000")
        if not 268 <= self.activity_log_mib <= 26132:
            raise Wrong(f"has activity_log_mib {self.activity_log_mib}", "write 268 to 26132")


def _sound(volume: MirroredVolume) -> None:
    """Refuse what DRBD, or a path, cannot be."""
    where = f"has resource {volume.name}"
    if not volume.name.replace("-", "").replace("_", "").isalnum() or not volume.name[:1].isalpha():
        raise Wrong(where, "write a name of letters, digits, - and _ that begins with a letter")
    if not 0 <= volume.minor <= 255:
        raise Wrong(f"{where} with minor {volume.minor}", "write 0 to 255")
    if not 1 <= volume.port <= 65535:
        raise Wrong(f"{where} with port {volume.port}", "write 1 to 65535; DRBD's own begin at 7700")
    for what, path in (("disk", volume.disk), ("mount", volume.mount)):
        if not path.startswith("/") or any(part in ("", ".", "..") for part in path[1:].split("/")):
            raise Wrong(f"{where} with {what} {path or 'empty'}", "write an absolute path")
    if not volume.disk.startswith("/dev/"):
        raise Wrong(f"{where} with disk {volume.disk}", "write a device, such as /dev/vg/name")
