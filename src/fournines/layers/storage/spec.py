"""The settings of the storage layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass

from fournines.blueprint.volumes import MirroredVolume, sound
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
        sound(self.resources, "resource", ("name", "minor", "port", "disk", "mount"))
        for each in self.resources:
            if not 0 <= each.minor <= 255:
                raise Wrong(f"has resource {each.name} with minor {each.minor}", "write 0 to 255")
            if not 1 <= each.port <= 65535:
                raise Wrong(f"has resource {each.name} with port {each.port}",
                            "write 1 to 65535; DRBD's own begin at 7700")
        if not 1 <= self.resync_mib_s <= 4000:
            raise Wrong(f"has resync_mib_s {self.resync_mib_s}", "write 1 to 4000")
        if not 268 <= self.activity_log_mib <= 26132:
            raise Wrong(f"has activity_log_mib {self.activity_log_mib}", "write 268 to 26132")
