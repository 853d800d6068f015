"""Volumes: replicated devices that hold a service's data, as the layers speak of them.

The layer storage makes them and says how Pacemaker promotes and mounts them; a service's layer puts its
resources beside them. Both use the names that are made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from fournines.blueprint.predicate import Fact, Test
from fournines.blueprint.resources import Colocation, Order
from fournines.cluster.topology import Cluster

DEVICES: Final = "storage.devices"
"""The probe that maps a volume's name to its side on the node: ``disk`` and ``role`` are DRBD's own words."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A file system that is on two nodes and mounted on one of them.

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
    def ready(self) -> str:
        """The step after which its device has a file system on it."""
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
        """The primitive that is active where its file system is mounted; to be a group's first member."""
        return f"p_fs_{self.name}"

    def carries(self, group: str) -> tuple[Colocation, Order]:
        """``group`` runs where the volume is promoted, and after that."""
        return (Colocation(f"c_{self.name}_on_drbd", group, self.promoted_id, with_role="Promoted"),
                Order(f"o_drbd_before_{self.name}", self.promoted_id, group, "promote", "start"))


def volume_named(cluster: Cluster, name: str) -> Volume | None:
    """The volume of that name, if some layer of the cluster file makes it."""
    for settings in cluster.layers.values():
        for each in getattr(settings, "resources", ()):
            if isinstance(each, Volume) and each.name == name:
                return each
    return None


def has_data(volume: Volume) -> Fact:
    """The node's side of the volume is up to date: it could take over."""
    return Fact(DEVICES, f"{volume.name}.disk", Test.EQ, "UpToDate")
