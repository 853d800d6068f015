"""The resource agents on a booted node, asked as Pacemaker asks them."""

from __future__ import annotations

import io
import tarfile
from base64 import b64encode
from collections.abc import Iterable

from fournines.lab.lab import Lab
from fournines.lab.process import Finished, run
from fournines.layers.resource_agents import AGENTS, shipped

UNPACK = ("import base64, io, sys, tarfile;"
          "tarfile.open(fileobj=io.BytesIO(base64.b64decode(sys.stdin.read()))).extractall('/')")
TIMEOUT_S = 600.0


def ship(lab: Lab, node: str, agents: Iterable[str]) -> None:
    """Put the agents onto a node as a layer would."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for item in shipped(agents):
            entry = tarfile.TarInfo(item.path.lstrip("/"))
            entry.size, entry.mode = len(item.content), item.mode
            archive.addfile(entry, io.BytesIO(item.content))
    run(lab.machine(node).enter_argv(("/usr/bin/python3", "-c", UNPACK)),
        stdin=b64encode(packed.getvalue()).decode(), timeout_s=TIMEOUT_S)


def ocf_tester(lab: Lab, node: str, agent: str, **parameters: str) -> Finished:
    """The resource-agents package's own test of an agent; it starts and stops the service."""
    options = [word for name, value in parameters.items() for word in ("-o", f"{name}={value}")]
    command = ("ocf-tester", "-n", f"p_{agent}", *options, f"{AGENTS}/{agent}")
    return run(lab.machine(node).enter_argv(command), accept=None, timeout_s=TIMEOUT_S)


def ask(lab: Lab, node: str, agent: str, action: str, **parameters: str) -> Finished:
    """One action; its exit code is OCF's."""
    given = [f"OCF_RESKEY_{name}={value}" for name, value in
             {"CRM_meta_timeout": "120000", "CRM_meta_interval": "10000", **parameters}.items()]
    return run(lab.machine(node).enter_argv(("env", "OCF_ROOT=/usr/lib/ocf", *given, f"{AGENTS}/{agent}",
                                             action)), accept=None, timeout_s=TIMEOUT_S)
