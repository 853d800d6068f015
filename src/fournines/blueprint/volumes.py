"""Volumes: file systems that hold a service's data and are used on one node at a time, as the layers speak of
them.

The layers storage and san make them and say how Pacemaker brings them to a node; a service's layer puts its
resources beside them. All use the names that are made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from fournines.blueprint.predicate import All, Fact, OnEvery, Predicate, Test
from fournines.blueprint.resources import Colocation, Operation, Order, Primitive, Resources
from fournines.cluster.notation import Wrong
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster

DEVICES: Final = "storage.devices"
"""The probe that maps a mirrored volume's name to its side on the node: ``disk`` and ``role`` are DRBD's own
words."""

DISKS: Final = "san.disks"
"""The probe that maps a shared volume's name to what the node sees of its disk."""

# What ocf:heartbeat:Filesystem advises in its metadata. Each look of it starts dozens of processes, and what
# it looks at does not end by itself: a service that cannot read is found by its own monitor.
MOUNT_S, MOUNT_EVERY = 60.0, 10


class Volume(Protocol):
    """A file system that can be mounted on more than one node, and is on one of them.

    ``name`` is how the cluster file calls it; ``mount`` where its file system belongs.
    """

    @property
    def name(self) -> str: ...

    @property
    def mount(self) -> str: ...

    @property
    def filesystem(self) -> str: ...

    @property
    def device(self) -> str:
        """What is mounted."""

    @property
    def promotes(self) -> bool:
        """Whether a node has to be made primary before it may mount it."""

    @property
    def ready(self) -> str:
        """The step after which its device has a file system on it."""

    @property
    def mounted_id(self) -> str:
        """The primitive that is active where its file system is mounted; to be a group's first member."""

    @property
    def has_data(self) -> Predicate:
        """The node could take it over."""

    def free(self, nodes: tuple[str, ...]) -> Predicate:
        """The node may mount it now, before Pacemaker has it."""

    def carries(self, group: str) -> Resources:
        """What binds ``group`` to it, beside the group's own order."""


@dataclass(frozen=True, slots=True)
class MirroredVolume:
    """A volume of which two nodes have a copy each, DRBD's.

    ``name`` is DRBD's resource; ``minor`` the number of its device; ``port`` the TCP port between the nodes;
    ``disk`` the device below, of the same path and size on both; ``mount`` where its file system belongs.
    """

    name: str
    minor: int
    port: int
    disk: str
    mount: str
    filesystem: Literal["xfs"] = "xfs"

    @property
    def device(self) -> str:
        """Its device. The guide's /dev/drbd/by-res/NAME is a directory with drbd-utils 9, and udev's."""
        return f"/dev/drbd{self.minor}"

    @property
    def promotes(self) -> bool:
        return True

    @property
    def ready(self) -> str:
        return f"storage: make the file system of {self.name}"

    @property
    def promoted_id(self) -> str:
        """The clone that is promoted where the volume is."""
        return f"ms_drbd_{self.name}"

    @property
    def primitive_id(self) -> str:
        """What it is a clone of."""
        return f"p_drbd_{self.name}"

    @property
    def mounted_id(self) -> str:
        return f"p_fs_{self.name}"

    @property
    def has_data(self) -> Predicate:
        """The node's side is up to date."""
        return Fact(DEVICES, f"{self.name}.disk", Test.EQ, "UpToDate")

    def free(self, nodes: tuple[str, ...]) -> Predicate:
        """DRBD lets one node only be primary."""
        return self.has_data

    def carries(self, group: str) -> Resources:
        """``group`` runs where the volume is promoted, and after that."""
        return Resources(
            colocations=(Colocation(f"c_{self.name}_on_drbd", group, self.promoted_id,
                                    with_role="Promoted"),),
            orders=(Order(f"o_drbd_before_{self.name}", self.promoted_id, group, "promote", "start"),))


@dataclass(frozen=True, slots=True)
class SharedVolume:
    """A volume on a disk that every node reaches, such as a LUN of a storage array.

    ``disk`` is its device, of the same path on every node: a name that follows the disk, such as
    /dev/disk/by-id/wwn-0x5000c500a0b1c2d3 or /dev/mapper/NAME; ``mount`` where its file system belongs.
    """

    name: str
    disk: str
    mount: str
    filesystem: Literal["xfs"] = "xfs"

    @property
    def device(self) -> str:
        return self.disk

    @property
    def promotes(self) -> bool:
        return False

    @property
    def ready(self) -> str:
        return f"san: make the file system of {self.name}"

    @property
    def mounted_id(self) -> str:
        return f"p_fs_{self.name}"

    @property
    def has_data(self) -> Predicate:
        """The node sees its file system."""
        return Fact(DISKS, f"{self.name}.filesystem", Test.EQ, self.filesystem)

    def free(self, nodes: tuple[str, ...]) -> Predicate:
        """Nothing but fencing keeps two nodes from writing: all have to say that they do not."""
        return All((self.has_data, OnEvery(nodes, Fact(DISKS, f"{self.name}.mounted", wanted=False))))

    def carries(self, group: str) -> Resources:
        """Nothing: the group mounts it by itself."""
        return Resources()


def file_system(volume: Volume, timers: Timers) -> Primitive:
    """The volume's file system as Pacemaker mounts it."""
    longest_s = timers.seconds("pacemaker.operation_timeout")
    return Primitive(
        volume.mounted_id, "ocf:heartbeat:Filesystem",
        {"device": volume.device, "directory": volume.mount, "fstype": volume.filesystem,
         "options": "relatime"}, (
            Operation("start", 0, max(MOUNT_S, longest_s)),
            Operation("stop", 0, max(MOUNT_S, longest_s)),
            Operation("monitor", MOUNT_EVERY * timers.seconds("pacemaker.monitor_interval"), longest_s)))


def sound(found: Sequence[MirroredVolume] | Sequence[SharedVolume], kind: str,
          apart: tuple[str, ...] = ("name", "disk", "mount")) -> None:
    """Refuse what no path or name can be, and two with the same of what keeps them ``apart``. ``kind`` is how
    the cluster file calls them. Raises Wrong."""
    if not found:
        raise Wrong(f"has no {kind}s", "write at least one, or leave the layer out")
    for volume in found:
        where = f"has {kind} {volume.name}"
        if not volume.name.replace("-", "").replace("_", "").isalnum() or not volume.name[:1].isalpha():
            raise Wrong(where, "write a name of letters, digits, - and _ that begins with a letter")
        for what, path in (("disk", volume.disk), ("mount", volume.mount)):
            if not path.startswith("/") or any(part in ("", ".", "..") for part in path[1:].split("/")):
                raise Wrong(f"{where} with {what} {path or 'empty'}", "write an absolute path")
        if not volume.disk.startswith("/dev/"):
            raise Wrong(f"{where} with disk {volume.disk}", "write a device, such as /dev/vg/name")
    for what in apart:
        value, count = Counter(getattr(each, what) for each in found).most_common(1)[0]
        if count > 1:
            raise Wrong(f"has two {kind}s with {what} {value}", f"give each its own {what}")


def volume_named(cluster: Cluster, name: str) -> Volume | None:
    """The volume of that name, if some layer of the cluster file makes it."""
    made = (each for settings in cluster.layers.values() for field in ("resources", "volumes")
            for each in getattr(settings, field, ()) if isinstance(each, MirroredVolume | SharedVolume))
    return next((each for each in made if each.name == name), None)


def how_to_write(name: str, mount: str) -> str:
    """What to do about a volume that no layer makes."""
    both = f"disk: /dev/..., mount: {mount}"
    return (f"write it under layers.storage.resources, {{name: {name}, minor: 0, port: 7700, {both}}}, or "
            f"under layers.san.volumes, {{name: {name}, {both}}}")
