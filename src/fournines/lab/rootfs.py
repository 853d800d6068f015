"""What makes one node of an image: the files of its own that lie over the image's, and the overlay of both.

Pure but for ``trust``, ``write`` and the two mounts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fournines.cluster.topology import Cluster, Node
from fournines.lab.places import NodePlaces
from fournines.lab.process import run

TRUSTED = "etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file of the node's own; ``path`` without the leading slash."""

    path: str
    content: bytes
    mode: int = 0o644


def own_files(cluster: Cluster, node: Node, *, login_key: bytes, host_private: bytes,
              host_public: bytes) -> tuple[OwnFile, ...]:
    """Name, identity, addresses and keys of one node."""
    return (
        OwnFile("etc/hostname", f"{node.name}\n".encode()),
        OwnFile("etc/hosts", hosts(cluster).encode()),
        OwnFile("etc/machine-id", f"{uuid.uuid4().hex}\n".encode(), 0o444),
        OwnFile("etc/network/interfaces", interfaces(cluster, node).encode()),
        OwnFile("etc/ssh/ssh_host_ed25519_key", host_private, 0o600),
        OwnFile("etc/ssh/ssh_host_ed25519_key.pub", host_public),
        OwnFile("root/.ssh/authorized_keys", login_key, 0o600),
    )


def trust(image: Path, authority: bytes) -> tuple[OwnFile, ...]:
    """What makes a node trust an authority (PEM) beside those that the image trusts: what
    update-ca-certificates(8) would do, without the seconds that it takes on each node."""
    known = (image / TRUSTED).read_bytes()
    return (OwnFile(TRUSTED, known + authority),
            OwnFile("usr/local/share/ca-certificates/fournines-lab.crt", authority))


def networks_of(cluster: Cluster, node: Node) -> Mapping[str, str]:
    """Interface name in the node for each network it is on, in the order of the cluster file."""
    names = [name for name in cluster.networks if name in node.addresses]
    return {name: f"eth{number}" for number, name in enumerate(names)}


def hosts(cluster: Cluster) -> str:
    """/etc/hosts: no 127.0.1.1 line, since cluster software must find its name at an address others reach."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [f"{node.management} {node.name}" for node in cluster.nodes]
    return "".join(f"{line}\n" for line in lines)


def interfaces(cluster: Cluster, node: Node) -> str:
    """/etc/network/interfaces, see interfaces(5): static, as on a Debian server, so that addresses stay when
    a cable is pulled."""
    stanzas = ["auto lo\niface lo inet loopback\n"]
    stanzas += [f"auto {interface}\niface {interface} inet static\n"
                f"    address {node.addresses[name]}/{cluster.networks[name].cidr.prefixlen}\n"
                for name, interface in networks_of(cluster, node).items()]
    return "source /etc/network/interfaces.d/*\n\n" + "\n".join(stanzas)


def write(places: NodePlaces, files: tuple[OwnFile, ...]) -> None:
    """Make the node's directories and put its own files into the upper layer of the overlay."""
    for directory in (places.upper, places.work, places.root, places.srv):
        directory.mkdir(parents=True, mode=0o755)
        directory.chmod(0o755)   # whatever the umask: the upper directory is the node's root directory
    for file in files:
        path = places.upper / file.path
        for above in reversed(path.relative_to(places.upper).parents):
            directory = places.upper / above
            private = above.parts[:1] == ("root",)
            directory.mkdir(exist_ok=True)
            directory.chmod(0o700 if private else 0o755)
        path.write_bytes(file.content)
        path.chmod(file.mode)


def mount(places: NodePlaces, image: Path, name: str) -> None:
    """Lay the node's own files over the image; see mount(8) on overlay."""
    run(["mount", "-t", "overlay", name, "-o",
         f"lowerdir={image},upperdir={places.upper},workdir={places.work}", str(places.root)])


def unmount(places: NodePlaces) -> None:
    """Does nothing where it is not mounted."""
    while places.root.is_mount():
        run(["umount", str(places.root)])
