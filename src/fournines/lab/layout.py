"""Layout: what a lab was made of, as kept in its ``lab.json``. Whoever has it can name and power every
machine without the cluster file, which may have changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from fournines.blueprint.hardware import Disk, Hardware
from fournines.cluster.topology import Cluster
from fournines.durable import write_durably
from fournines.errors import LabError
from fournines.lab import image, rootfs, uml_disk
from fournines.lab.driver import Machine
from fournines.lab.nspawn import NspawnMachine
from fournines.lab.places import LabPlaces
from fournines.lab.uml import UmlMachine
from fournines.lab.wires import Cables


class Driver(StrEnum):
    """What a machine is made of."""

    NSPAWN = "nspawn"
    UML = "uml"


@dataclass(frozen=True, slots=True)
class Made:
    """One machine: its address in each network, the interface there, and the disks beside the first."""

    driver: Driver
    addresses: Mapping[str, str]
    interfaces: Mapping[str, str]
    disks: tuple[Disk, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """``image`` is the image's key; ``system`` the system disk in it for machines with a kernel of their own,
    empty where none has one. ``networks`` are all of the lab's, in the order of the cluster file."""

    lab: str
    image: str
    system: str
    networks: tuple[str, ...]
    machines: Mapping[str, Made]

    def machine(self, name: str, images: Path, places: LabPlaces) -> Machine:
        """KeyError for a name that it does not have."""
        made = self.machines[name]
        cables = Cables(self.lab, list(self.machines), self.networks)
        if made.driver is Driver.NSPAWN:
            return NspawnMachine(self.lab, name, made.interfaces, places.node(name), cables,
                                 image.root_of(images / self.image), made.disks)
        disks = uml_disk.disks_of(places.node(name), images / self.image / self.system, made.disks)
        return UmlMachine(self.lab, name, made.interfaces, places, cables, disks)


def choose(hardware: Hardware | None, *, own_kernel: bool = False) -> Driver:
    """A container, unless a layer needs the machine's kernel or disks of its own there (or the user does).
    Raises ``LabError`` for such a machine with a disk that it is to share."""
    asked = hardware or Hardware("")
    shares = [disk.path for disk in asked.disks if disk.shared]
    if own_kernel or asked.kernel_modules or asked.watchdog or len(shares) < len(asked.disks):
        if shares:
            raise LabError(f"{asked.node} needs a kernel of its own, and is to share {', '.join(shares)}, "
                           "which only containers can",
                           hint="try the layers san and storage in labs of their own, without --own-kernel")
        return Driver.UML
    return Driver.NSPAWN


def machines_of(cluster: Cluster, hardware: Mapping[str, Hardware], *,
                own_kernel: bool = False) -> Mapping[str, Made]:
    """What each node is to be made of. ``own_kernel``: each of them has a kernel of its own."""
    return {node.name: Made(choose(hardware.get(node.name), own_kernel=own_kernel),
                            {name: str(address) for name, address in node.addresses.items()},
                            rootfs.networks_of(cluster, node),
                            hardware[node.name].disks if node.name in hardware else ())
            for node in cluster.nodes}


def write_layout(path: Path, layout: Layout) -> None:
    """For ``read_layout``."""
    write_durably(path, (json.dumps(asdict(layout), indent=1) + "\n").encode())


def read_layout(path: Path) -> Layout | None:
    """None where the lab is not up. Raises ``LabError`` for what another version wrote."""
    try:
        data = json.loads(path.read_text())
        machines = {name: Made(Driver(made["driver"]), made["addresses"], made["interfaces"],
                               tuple(Disk(**disk) for disk in made["disks"]))
                    for name, made in data["machines"].items()}
        return Layout(data["lab"], data["image"], data["system"], tuple(data["networks"]), machines)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as problem:
        raise LabError(f"{path} cannot be read: {type(problem).__name__} {problem}",
                       hint="it is another version's: take the lab down and up again") from None
