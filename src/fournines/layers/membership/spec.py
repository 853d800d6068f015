"""The settings of the membership layer in the cluster file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fournines.cluster.notation import HOST_PATTERN, Wrong

Scalar: TypeAlias = str | int | bool
LAB: Literal["lab"] = "lab"
WATCHDOG = "fence_watchdog"
SCRIPTED = ("password", "snmp_priv_passwd")   # what agents can be given as a command that prints it
_SECRET_WORDS = re.compile(r"passwd|password|community|secret|token", re.IGNORECASE)
_OURS = re.compile(r"pcmk_(host_|reboot_|off_|delay_).*|action|.*_script")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class FencingDevice:
    """A power switch that Pacemaker may use against a node that it has lost.

    ``agent`` is a stock fence agent: ``fence_redfish``, ``fence_ipmilan``, ``fence_apc``. ``parameters`` are
    the agent's own, the same for every node; ``nodes`` adds those of each node, and names the nodes that the
    device can power off: all, where it is left out. ``secrets`` names what is kept in the secret store:
    ``{password: bmc}`` is taken once from the environment variable FOURNINES_SECRET_FENCING_BMC.
    Devices of one ``level`` belong together (both feeds of a power supply); the next level is tried where
    one fails.

    ``fence_watchdog`` is no switch: every member resets itself by its own watchdog (sbd) once it has lost
    quorum, and the others wait for that. It is a last level; ``parameters: {device: /dev/watchdog}``.
    """

    agent: str
    level: int = 1
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    nodes: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"fence_[a-z0-9_]+", self.agent):
            raise Wrong(f"has agent {self.agent}", "write the name of a fence agent, such as fence_redfish")
        if not 1 <= self.level <= 9:
            raise Wrong(f"has level {self.level}", "write 1 for what is tried first, 2 for the next")
        for name in (*self.parameters, *(name for own in self.nodes.values() for name in own)):
            if _SECRET_WORDS.search(name):
                raise Wrong(f"has {name} in clear text",
                            f"write secrets: {{{name}: bmc}} instead, a name in the secret store")
            if _OURS.fullmatch(name):
                raise Wrong(f"has {name}, which Fournines writes itself", "leave it out")
        if self.agent == WATCHDOG:
            self._check_watchdog()
        for name, secret in self.secrets.items():
            if name not in SCRIPTED:
                raise Wrong(f"has secret {name}", f"write one of: {', '.join(SCRIPTED)}")
            if not _NAME.fullmatch(secret):
                raise Wrong(f"has secret {secret}", "write a name of small letters, digits and dashes")


    def _check_watchdog(self) -> None:
        if self.nodes or self.secrets or set(self.parameters) - {"device"}:
            raise Wrong("has more than a device for fence_watchdog, which every member has of its own",
                        "write {agent: fence_watchdog, level: 2}, with parameters: {device: /dev/watchdog} "
                        "where it is another")
        device = self.parameters.get("device", "/dev/watchdog")
        if not re.fullmatch(r"/dev/[\w/-]+", str(device)):
            raise Wrong(f"has watchdog {device}", "write the path of a device, such as /dev/watchdog")


@dataclass(frozen=True, slots=True)
class MembershipSpec:
    """Corosync and Pacemaker: which nodes are members, and what runs on exactly one of them.

    ``fencing`` are the devices that power a lost node off before anything of it is started elsewhere; nothing
    is started without. ``lab`` stands for the power switches of a lab's own machines.

    ``arbitrator`` is the address of a corosync-qnetd that others run; it votes for one side when the members
    lose each other. One of your own is a node with ``arbitrator: true``.
    """

    fencing: tuple[FencingDevice, ...] | Literal["lab"] = ()
    arbitrator: str = ""

    def __post_init__(self) -> None:
        if self.arbitrator and not re.fullmatch(HOST_PATTERN, self.arbitrator):
            raise Wrong(f"has arbitrator {self.arbitrator}", "write the host name or the IPv4 address of a "
                        "corosync-qnetd; for one of your own, a node with arbitrator: true")
