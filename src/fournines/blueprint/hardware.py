"""Hardware: what a layer needs of the machine itself. A lab makes it; a real machine has to have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disk:
    """A block device, empty at first; ``path`` is where the cluster file says that it is, such as
    ``/dev/disk/by-id/virtio-mysql``. ``size_mib`` is what a lab makes it; a real one is as it is. One that is
    ``shared`` is the same disk on every node that asks for this path; others are the node's own."""

    path: str
    size_mib: int = 1024
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Hardware:
    """Of one node. ``kernel_modules`` are loaded by the layer; here it says that the machine's kernel must
    have them, be its own, and may be changed. ``watchdog``: it resets itself when nobody feeds /dev/watchdog,
    as the board of a real machine does."""

    node: str
    kernel_modules: tuple[str, ...] = ()
    disks: tuple[Disk, ...] = ()
    watchdog: bool = False


def by_node(asked: Iterable[Hardware]) -> Mapping[str, Hardware]:
    """What all layers together ask of each node that any of them asks something of. Raises ``ValueError``
    for two sizes or kinds of one disk: a mistake in a layer."""
    together: dict[str, Hardware] = {}
    for item in asked:
        before = together.get(item.node, Hardware(item.node))
        disks = tuple(dict.fromkeys((*before.disks, *item.disks)))
        if len({disk.path for disk in disks}) < len(disks):
            raise ValueError(f"layers ask for one disk of {item.node} in two ways: {disks}")
        modules = tuple(dict.fromkeys((*before.kernel_modules, *item.kernel_modules)))
        together[item.node] = Hardware(item.node, modules, disks, before.watchdog or item.watchdog)
    return together
