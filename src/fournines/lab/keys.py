"""SSH keys of a lab: one pair that opens its nodes, and a host key of its own for every node."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from fournines.cluster.topology import Cluster
from fournines.durable import write_durably
from fournines.lab.dial import dial

KIND = "ssh-ed25519"
PUBLIC_FILE = 0o644


def make_pair(comment: str) -> tuple[bytes, bytes]:
    """A fresh private key and its public half, in OpenSSH's formats."""
    import asyncssh  # only here: it takes longer to load than a plan takes to make

    key = asyncssh.generate_private_key(KIND, comment)
    return key.export_private_key(), key.export_public_key()


def known_host(names: Sequence[str | IPv4Address], public: bytes) -> str:
    """A line of a known_hosts file, see sshd(8)."""
    return f"{','.join(map(str, names))} {' '.join(public.decode().split()[:2])}\n"


def write_login_key(path: Path, comment: str) -> bytes:
    """Make the lab's own pair at ``path`` and ``path``.pub; the public half is returned."""
    private, public = make_pair(comment)
    write_durably(path, private)
    write_durably(path.with_name(f"{path.name}.pub"), public, PUBLIC_FILE)
    return public


def ssh_config(cluster: Cluster, namespace: Path, key: Path, known_hosts: Path) -> str:
    """An OpenSSH configuration with which ``ssh -F FILE NODE`` logs in from here, see ssh_config(5)."""
    through = " ".join((f"nsenter --net={namespace}", *dial("%h", "%p")))
    hosts = "".join(f"Host {node.name}\n    HostName {node.management}\n" for node in cluster.nodes)
    return (f"{hosts}Host *\n    User root\n    IdentityFile {key}\n    IdentitiesOnly yes\n"
            f"    UserKnownHostsFile {known_hosts}\n    StrictHostKeyChecking yes\n"
            f"    ProxyCommand {through}\n")
