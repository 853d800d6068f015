"""The fabric: a network namespace of the lab's own, with a bridge for each cluster network and a cable to
it from each node. The host's own network is never touched; ``fabric_socket`` is the way in for its processes.

Each bridge has an address, the highest of its network that nobody uses, for clients in the fabric; and
that of the network's gateway.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from fournines.cluster.topology import Cluster, Network
from fournines.errors import LabError
from fournines.lab.process import run

NETNS = Path("/run/netns")
CLONE_NEWNET = 0x40000000
APPEAR_TIMEOUT_S = 60.0
TABLE = "fournines"


def client_address(cluster: Cluster, network: Network) -> IPv4Address:
    """The fabric's own address in a network."""
    address = cluster.client_address(network)
    if address is not None:
        return address
    raise LabError(f"network {network.name} has no address left for the lab's clients",
                   hint=f"give {network.name} a larger cidr")


class Cables:
    """The cables of one lab by their names, which is all that a machine needs of the fabric. In the kernel
    ``node1net0`` is the second node's cable to the first network; real names are aliases (``ip link``)."""

    def __init__(self, lab: str, nodes: Sequence[str], networks: Sequence[str]) -> None:
        self.namespace = f"fournines-{lab}"
        self._nodes = list(nodes)
        self._networks = list(networks)

    @property
    def path(self) -> Path:
        """For ``nsenter --net=``."""
        return NETNS / self.namespace

    @property
    def exists(self) -> bool:
        return self.path.exists()

    def inside(self, argv: Sequence[str] = ()) -> tuple[str, ...]:
        """The command that runs ``argv`` as a client inside the fabric."""
        return ("nsenter", f"--net={self.path}", *argv)

    def number(self, node: str) -> int:
        """Which of the lab's nodes it is, from 0 on."""
        return self._nodes.index(node)

    def cable(self, node: str, network: str) -> str:
        """The name of the fabric's end of a cable."""
        return f"node{self.number(node)}net{self._networks.index(network)}"

    def plug(self, node: str, networks: Iterable[str], *, cut: Iterable[str] = ()) -> None:
        """Connect a node's cables once its machine has made them; those in ``cut`` stay without a link."""
        end = time.monotonic() + APPEAR_TIMEOUT_S
        for network in networks:
            cable = self.cable(node, network)
            while not self._has(cable):
                if time.monotonic() > end:
                    raise LabError(f"{node}: its link to {network} did not appear", hint="see its console")
                time.sleep(0.02)
            bridge = f"net{self._networks.index(network)}"
            self._ip("link", "set", cable, "alias", f"{node} {network}", "master", bridge,
                     "down" if network in set(cut) else "up")

    def unplug(self, node: str, networks: Iterable[str]) -> None:
        """Remove what a dead machine's cables have left; the kernel would do so too, at leisure."""
        for network in networks:
            run(self._ip_words("link", "delete", self.cable(node, network)), accept=None)

    def has_link(self, node: str, network: str) -> bool:
        """Whether the cable is there and not cut."""
        shown = run(self._ip_words("-oneline", "link", "show", self.cable(node, network)), accept=None)
        flags = shown.output.partition("<")[2].partition(">")[0].split(",")
        return shown.returncode == 0 and "UP" in flags

    def set_link(self, node: str, network: str, *, up: bool) -> None:
        """Plug in or pull the cable of a running node: both ends lose their link, nothing passes any more."""
        self._ip("link", "set", self.cable(node, network), "up" if up else "down")

    def _has(self, link: str) -> bool:
        return run(self._ip_words("link", "show", link), accept=None).returncode == 0

    def _ip(self, *words: str) -> None:
        run(self._ip_words(*words))

    def _ip_words(self, *words: str) -> list[str]:
        return ["ip", "-netns", self.namespace, *words]


class Fabric(Cables):
    """The cables and switches of one lab. ``net0`` in the kernel is the first network's bridge."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.name, [node.name for node in cluster.nodes], list(cluster.networks))
        self._cluster = cluster

    def create(self) -> None:
        """The namespace and its bridges; does nothing where they are already complete."""
        if not self.exists:
            run(["ip", "netns", "add", self.namespace])
        self._ip("link", "set", "lo", "up")
        for number, network in enumerate(self._cluster.networks.values()):
            bridge = f"net{number}"
            if self._has(bridge):
                continue
            # A fixed address: else the bridge takes that of its lowest port, and ARP caches go stale.
            self._ip("link", "add", "name", bridge, "address", f"02:f9:00:00:{number:02x}:fe",
                     "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
            gateway = (network.gateway,) if network.gateway is not None else ()
            for address in (client_address(self._cluster, network), *gateway):
                self._ip("address", "add", f"{address}/{network.cidr.prefixlen}", "dev", bridge)
            self._ip("link", "set", bridge, "alias", network.name, "up")

    def remove(self) -> None:
        if self.exists:
            run(["ip", "netns", "delete", self.namespace])

    def part(self, sides: Sequence[Iterable[str]]) -> None:
        """Split the network at packet level: nodes of different ``sides`` do not hear each other, though
        every link stays up and clients in the fabric reach all. Replaces an earlier split; none mends it."""
        pairs = [f"{self.cable(one, network)} . {self.cable(other, network)}"
                 for number, side in enumerate(sides) for one in side
                 for far, others in enumerate(sides) if far != number for other in others
                 for network in self._networks]
        rules = (f"table bridge {TABLE}\ndelete table bridge {TABLE}\n")
        if pairs:
            rules += (f"table bridge {TABLE} {{\n set parted {{\n  type ifname . ifname\n"
                      f"  elements = {{ {', '.join(pairs)} }}\n }}\n"
                      " chain forward {\n  type filter hook forward priority 0\n"
                      "  iifname . oifname @parted drop\n }\n}\n")
        run(self.inside(["nft", "-f", "-"]), stdin=rules)


def enter_network(path: Path) -> None:
    """Moves the calling thread, for good, into the network namespace at ``path``. See setns(2)."""
    namespace = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(namespace, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(namespace)


def fabric_socket(path: Path, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """An unconnected IPv4 socket that lives in the namespace at ``path`` and is used from this process.

    A socket belongs for good to the namespace of the thread that made it: a thread of its own goes there,
    makes it and ends. It cannot come back, so it must not be one of a pool.
    """
    made: list[socket.socket] = []
    failed: list[OSError] = []

    def make() -> None:
        try:
            enter_network(path)
            made.append(socket.socket(socket.AF_INET, kind))
        except OSError as problem:
            failed.append(problem)

    thread = threading.Thread(target=make, name="fabric-socket")
    thread.start()
    thread.join()
    if failed:
        raise LabError(f"{path}: cannot be entered: {failed[0].strerror}",
                       hint="is the lab up?") from failed[0]
    return made[0]
