"""The files of the san layer: the node script and what it is told."""

from __future__ import annotations

import json
from importlib import resources

from fournines.blueprint.files import NodeFile
from fournines.blueprint.volumes import SharedVolume
from fournines.layers.shipped_library import library

SCRIPT, SETTINGS = "/usr/lib/fournines/shared_disk.py", "/etc/fournines/san.json"


def files(volumes: tuple[SharedVolume, ...]) -> tuple[NodeFile, ...]:
    """Everything that the layer writes on a node, the same on all."""
    script = resources.files("fournines.layers.san.node").joinpath("shared_disk.py").read_bytes()
    told = {each.name: {"disk": each.disk, "filesystem": each.filesystem} for each in volumes}
    return (NodeFile(SETTINGS, (json.dumps(told, indent=1) + "\n").encode()),
            NodeFile(SCRIPT, script, mode=0o755), *library("disk_content"))
