"""How a command reaches the machines: into the lab of the cluster, or over SSH."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from fournines.cli.opened import Opened
from fournines.errors import FourninesError

if TYPE_CHECKING:
    from fournines.nodes.channel import Door
    from fournines.nodes.node import Node


class Via(StrEnum):
    """Which machines are meant."""

    AUTO = "auto"   # those of the lab where one of this cluster is up, else real ones
    LAB = "lab"
    SSH = "ssh"


@asynccontextmanager
async def connected(opened: Opened, via: Via = Via.AUTO,
                    ssh_config: Path | None = None) -> AsyncIterator[Mapping[str, Node]]:
    """All nodes of the cluster by name. Connecting begins at once, all are left at the end."""
    from fournines.nodes.pipe import PipeNode

    doors = doors_of(opened, via, ssh_config)
    nodes = {name: PipeNode(door) for name, door in doors.items()}
    for node in nodes.values():
        node.approach()
    try:
        yield nodes
    finally:
        await leave(nodes, doors)


async def leave(nodes: Mapping[str, Node], doors: Mapping[str, Door]) -> None:
    """End every conversation, then what they went through."""
    await asyncio.gather(*(node.close() for node in nodes.values()))
    await asyncio.gather(*(door.close() for door in doors.values()))


def doors_of(opened: Opened, via: Via = Via.AUTO, ssh_config: Path | None = None) -> dict[str, Door]:
    """A door to every node by name; nothing is connected yet."""
    return _lab_doors(opened) if is_lab(opened, via) else _ssh_doors(opened, ssh_config)


def is_lab(opened: Opened, via: Via) -> bool:
    """Whether the machines of the lab are meant. Raises ``FourninesError`` where they are, and are not up."""
    if via is Via.LAB and not opened.has_lab:
        raise FourninesError(f"no lab of the cluster {opened.cluster.name} is up on this computer",
                             hint=f"fournines lab up {opened.file}, or --via ssh for real machines")
    return opened.has_lab and via is not Via.SSH


def _lab_doors(opened: Opened) -> dict[str, Door]:
    from fournines.lab.lab import Lab
    from fournines.nodes.door import CommandDoor

    return {machine.name: CommandDoor(machine.name, machine.enter_argv())
            for machine in Lab(opened.cluster).machines}


def _ssh_doors(opened: Opened, ssh_config: Path | None) -> dict[str, Door]:
    from fournines.nodes.hosts import doors
    from fournines.nodes.openssh import SshFiles

    files = SshFiles((ssh_config,), ()) if ssh_config else SshFiles.of_operator()
    return dict(doors(opened.cluster, files))


def doors_of_hosts(hosts: Sequence[str], ssh_config: Path | None, *, as_root: bool) -> dict[str, Door]:
    """A door to each ``[USER@]HOST[:PORT]`` over SSH, by that text; nothing is connected yet."""
    from fournines.cluster.topology import Reach
    from fournines.nodes.hosts import SshDoor
    from fournines.nodes.openssh import SshFiles

    files = SshFiles((ssh_config,), ()) if ssh_config else SshFiles.of_operator()
    found: dict[str, Door] = {}
    for text in hosts:
        match = _HOST.fullmatch(text)
        if match is None:
            raise FourninesError(f"{text!r} is no host", hint="write [USER@]HOST[:PORT], such as "
                                                              "admin@ctl1:22")
        port = int(match["port"] or 0)
        host = match["host"].strip("[]")
        found[host] = SshDoor(host, Reach(host, match["user"] or "", port), files, as_root)
    return found


_HOST = re.compile(r"(?:(?P<user>[\w.-]{1,64})@)?"
                   r"(?P<host>[A-Za-z0-9_.][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.%]+\])"
                   r"(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
