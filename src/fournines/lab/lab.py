"""Lab: the machines of one cluster, on this computer. ``up`` makes them, ``down`` leaves nothing behind.

Everything here blocks; call it with ``asyncio.to_thread`` where something else goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from fournines.blueprint.hardware import Hardware
from fournines.cluster.topology import Cluster
from fournines.distros import DISTROS
from fournines.durable import PRIVATE_DIRECTORY, write_durably
from fournines.errors import LabError, Refused
from fournines.lab import image, keys, rootfs, shared_disk, uml_disk
from fournines.lab.archive import archives
from fournines.lab.bmc import Bmc, BmcStatus
from fournines.lab.driver import Machine, Power
from fournines.lab.events import Event, Progress, silently
from fournines.lab.layout import Driver, Layout, Made, machines_of, read_layout, write_layout
from fournines.lab.nspawn import NspawnMachine
from fournines.lab.places import Places
from fournines.lab.recipe import recipe_for
from fournines.lab.requirements import demand
from fournines.lab.wires import Fabric, client_address

BOOT_TIMEOUT_S = 300.0   # a second each on an idle computer


@dataclass(frozen=True, slots=True)
class MachineStatus:
    """``driver`` is what it is made of; ``links`` maps each of its networks to whether its cable is plugged
    in and the machine on."""

    name: str
    driver: Driver
    power: Power
    addresses: Mapping[str, str]
    links: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class LabStatus:
    """A lab as it is now; ``clients`` maps each network to the address that clients in the fabric have.
    ``bmc`` is None where it is not up."""

    name: str
    up: bool
    image: str
    namespace: str
    clients: Mapping[str, str]
    machines: tuple[MachineStatus, ...]
    bmc: BmcStatus | None = None

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return asdict(self)


class Lab:
    """The lab of one cluster; its name is the cluster's. Nothing is touched before ``up``."""

    def __init__(self, cluster: Cluster, *, places: Places | None = None,
                 progress: Progress = silently) -> None:
        self._cluster = cluster
        self._everywhere = places or Places()
        self._places = self._everywhere.lab(cluster.name)
        self._progress = progress
        self.fabric = Fabric(cluster)

    @property
    def name(self) -> str:
        return self._cluster.name

    @property
    def ssh_config(self) -> Path:
        """For ``ssh -F``: names the lab's key, its known hosts and the way into the fabric."""
        return self._places.ssh_config

    @property
    def known_hosts(self) -> Path:
        return self._places.known_hosts

    @property
    def key(self) -> Path:
        """The private key that opens every node, as root."""
        return self._places.key

    @property
    def machines(self) -> tuple[Machine, ...]:
        """In the order of the cluster file. Raises ``LabError`` when the lab is not up."""
        layout = self._layout()
        return tuple(layout.machine(node.name, self._everywhere.images, self._places)
                     for node in self._cluster.nodes)

    @property
    def drivers(self) -> Mapping[str, Driver]:
        """What each machine is made of, by its name. Raises ``LabError`` when the lab is not up."""
        return {name: made.driver for name, made in self._layout().machines.items()}

    @property
    def bmc(self) -> Bmc:
        """What powers the machines from outside, for fence agents on them."""
        management = self._cluster.networks["management"]
        return Bmc(self._everywhere, self._places, client_address(self._cluster, management))

    def machine(self, name: str) -> Machine:
        """Raises ``LabError`` for a name that the cluster does not have."""
        for machine in self.machines:
            if machine.name == name:
                return machine
        raise LabError(f"lab {self.name} has no machine {name}",
                       hint=f"it has: {', '.join(node.name for node in self._cluster.nodes)}")

    def make_image(self, hardware: Mapping[str, Hardware] = MappingProxyType({})) -> Path:
        """What the machines boot from, made if it is not there: then ``up`` has only to boot them."""
        return self._bootable(self._wanted(hardware))[0]

    def up(self, hardware: Mapping[str, Hardware] = MappingProxyType({}), *, own_kernel: bool = False,
           timeout_s: float = BOOT_TIMEOUT_S) -> LabStatus:
        """All machines on and open for logins. What is there already is used: a running machine is left
        alone, one that is off is powered on with its disk. Interrupted, it takes back what it did.

        ``hardware`` is what layers need of the nodes, by name; a node that needs a kernel or disks of its own
        gets them, the rest are containers. ``own_kernel`` gives every node a kernel of its own."""
        wanted = self._wanted(hardware, own_kernel=own_kernel)
        with self._alone():
            fresh = not self._places.state.exists()
            started: list[Machine] = []
            try:
                if fresh:
                    self._prepare(wanted)
                else:
                    self._refuse_lack(wanted)
                self.fabric.create()
                self.bmc.start()
                self._boot(started, timeout_s)
            except BaseException:
                self._progress(Event("lab", "taking back what was begun"))
                if fresh:
                    self._remove()
                else:
                    for machine in started:
                        machine.power_off()
                raise
        return self.status()

    def status(self) -> LabStatus:
        """What there is now; also of a lab that is not up."""
        clients = {network.name: str(client_address(self._cluster, network))
                   for network in self._cluster.networks.values()}
        up = self._places.state.exists()
        machines = self.machines if up else ()
        return LabStatus(self.name, up, self._layout().image if up else "", self.fabric.namespace, clients,
                         tuple(self._status_of(machine) for machine in machines),
                         self.bmc.status(tuple(machine.name for machine in machines)) if up else None)

    def down(self) -> None:
        """Power off and remove all but the image: processes, mounts, network, control groups, disks."""
        if not self._places.directory.exists():
            self.fabric.remove()
            return
        with self._alone():
            self._remove()

    def inside(self, argv: Sequence[str] = ()) -> tuple[str, ...]:
        """The command, run on this computer, that runs ``argv`` as a client in the lab's network."""
        return self.fabric.inside(argv)

    def _status_of(self, machine: Machine) -> MachineStatus:
        node = self._cluster.node(machine.name)
        return MachineStatus(machine.name, self._layout().machines[machine.name].driver, machine.power,
                             {name: str(address) for name, address in node.addresses.items()},
                             {name: machine.has_link(name) for name in machine.networks})

    def _wanted(self, hardware: Mapping[str, Hardware], *, own_kernel: bool = False) -> Mapping[str, Made]:
        """Its machines. Raises ``LabUnavailable`` where this computer cannot be host to them."""
        wanted = machines_of(self._cluster, hardware, own_kernel=own_kernel)
        demand(own_kernel=any(made.driver is Driver.UML for made in wanted.values()),
               shared_disks=any(disk.shared for made in wanted.values() for disk in made.disks))
        return wanted

    def _bootable(self, wanted: Mapping[str, Made]) -> tuple[Path, str]:
        """The image, and the name of the system disk made of it; empty where none has its own kernel."""
        distro = DISTROS[self._cluster.distro]
        recipe = recipe_for(distro, archives(distro.codename))
        made = image.ensure(self._everywhere.images, recipe, self._progress, self._used())
        kernels = any(machine.driver is Driver.UML for machine in wanted.values())
        return made, uml_disk.ensure(made, self._progress).name if kernels else ""

    def _prepare(self, wanted: Mapping[str, Made]) -> None:
        """Keys, and the own files of every node; the state file comes last and says that all is there."""
        made, system = self._bootable(wanted)
        shutil.rmtree(self._places.nodes, ignore_errors=True)
        self.bmc.prepare()
        trusted = rootfs.trust(image.root_of(made), self.bmc.authority.encode())
        login = keys.write_login_key(self._places.key, f"fournines lab {self.name}")
        known = []
        for node in self._cluster.nodes:
            private, public = keys.make_pair(f"root@{node.name}")
            known.append(keys.known_host([node.name, *node.addresses.values()], public))
            files = (*trusted, *rootfs.own_files(self._cluster, node, login_key=login, host_private=private,
                                                 host_public=public))
            if wanted[node.name].driver is Driver.UML:
                uml_disk.prepare(self._places.node(node.name), files, wanted[node.name].disks)
            else:
                rootfs.write(self._places.node(node.name), files)
        shared_disk.prepare({node.name: self._places.node(node.name) for node in self._cluster.nodes},
                            {name: made.disks for name, made in wanted.items()})
        write_durably(self._places.known_hosts, "".join(known).encode(), 0o644)
        config = keys.ssh_config(self._cluster, self.fabric.path, self._places.key, self._places.known_hosts)
        write_durably(self._places.ssh_config, config.encode(), 0o644)
        write_layout(self._places.state, Layout(self.name, made.name, system, tuple(self._cluster.networks),
                                                wanted))

    def _boot(self, started: list[Machine], timeout_s: float) -> None:
        begun = time.monotonic()
        for machine in self.machines:
            if machine.power is Power.FROZEN:
                raise LabError(f"{machine.name} is frozen", hint=f"fournines lab power {machine.name} thaw")
            if not machine.power.runs:
                self._progress(Event(machine.name, "power on"))
                started.append(machine)
                machine.power_on()
        for machine in self.machines:
            machine.wait_up(timeout_s - (time.monotonic() - begun))
            self._progress(Event(machine.name, "is up"))

    def _remove(self) -> None:
        self.bmc.stop()   # first: it must not power on what is powered off here
        if self._places.nodes.is_dir():
            for entry in sorted(self._places.nodes.iterdir()):
                self._progress(Event(entry.name, "power off"))
                # By what is on the disk, not by the cluster file, which may have changed since; to this, all
                # machines are alike.
                NspawnMachine(self.name, entry.name, {}, self._places.node(entry.name), self.fabric,
                              Path()).power_off()
        self.fabric.remove()
        shutil.rmtree(self._places.directory)

    def _layout(self) -> Layout:
        """As it was made. The cluster may have lost nodes since, which leaves their machines as they are."""
        layout = read_layout(self._places.state)
        if layout is None:
            raise LabError(f"lab {self.name} is not up", hint="fournines lab up CLUSTER_FILE")
        made = {name: machine.addresses for name, machine in layout.machines.items()}
        if any(made.get(node.name) != {name: str(address) for name, address in node.addresses.items()}
               for node in self._cluster.nodes):
            raise LabError(f"lab {self.name} was made for other nodes or addresses than the cluster has now",
                           hint="fournines lab down, then up again")
        return layout

    def _refuse_lack(self, wanted: Mapping[str, Made]) -> None:
        """A lab that is up may have more than what is needed, not less."""
        there = self._layout().machines
        lacking = [name for name, made in wanted.items()
                   if (made.driver is Driver.UML and there[name].driver is not Driver.UML)
                   or set(made.disks) - set(there[name].disks)]
        if lacking:
            raise LabError(f"lab {self.name} was made without the kernels or disks that are needed now on "
                           f"{', '.join(lacking)}", hint="fournines lab down, then up again")

    def _used(self) -> set[str]:
        """The images that labs on this computer lie over."""
        return {str(json.loads(state.read_text())["image"])
                for state in self._everywhere.labs.glob("*/lab.json")}

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lab's directory (made if need be) against other commands that change the lab."""
        self._everywhere.labs.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self._places.directory.mkdir(PRIVATE_DIRECTORY)
        busy = Refused(f"another command is changing lab {self.name}", hint="wait until it has finished")
        try:
            descriptor = os.open(self._places.directory, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            raise busy from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.fstat(descriptor).st_nlink:   # a `down` removed it between our open and our lock
                raise busy
            yield
        except BlockingIOError:
            raise busy from None
        finally:
            os.close(descriptor)
