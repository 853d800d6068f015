"""Can this computer host a lab? Each reason why not is a finding with what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from fournines.errors import CommandFailed, LabUnavailable
from fournines.findings import Finding, Severity
from fournines.lab.process import run

# The program that is needed, and the Debian package it comes in.
TOOLS: Mapping[str, str] = {
    "apt-get": "apt", "mmdebstrap": "mmdebstrap", "systemctl": "systemd",
    "systemd-nspawn": "systemd-container", "ip": "iproute2", "nft": "nftables", "mount": "mount",
    "socat": "socat", "losetup": "mount", "nsenter": "util-linux",
    "unshare": "util-linux", "setsid": "util-linux", "setpriv": "util-linux",
}
# Besides, for machines with a kernel of their own.
KERNEL_TOOLS: Mapping[str, str] = {
    "linux.uml": "user-mode-linux", "mke2fs": "e2fsprogs", "ssh": "openssh-client", "chroot": "coreutils",
    "tcc": "tcc",
}
# Tried for real, in namespaces that end with the command.
NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--fork")
LOOP_CONTROL = Path("/dev/loop-control")
DISK_GIB = 5   # an image and what three nodes write over it


def findings(*, own_kernel: bool = False, shared_disks: bool = False) -> tuple[Finding, ...]:
    """Empty when a lab can run here, ``own_kernel``: with machines that have a kernel of their own,
    ``shared_disks``: with disks that containers share. What an earlier answer makes pointless is not
    asked."""
    if platform.system() != "Linux":
        return (_no(f"this is {platform.system()}, a lab needs Linux", "use a Debian 12 machine"),)
    if os.geteuid() != 0:
        return (_no("a lab needs root", "run it again with sudo"),)
    tools = {**TOOLS, **KERNEL_TOOLS} if own_kernel else TOOLS
    missing = sorted({package for tool, package in tools.items() if shutil.which(tool) is None})
    if missing:
        return (_no(f"programs of these packages are missing: {' '.join(missing)}",
                    f"apt-get install --no-install-recommends {' '.join(missing)}"),)
    return tuple(found for found in (_kernel(), _overlay(), _disk(), *(_sharing() if shared_disks else ()))
                 if found)


def demand(*, own_kernel: bool = False, shared_disks: bool = False) -> None:
    """Raises ``LabUnavailable``, all reasons in one line, when this computer cannot host a lab."""
    found = findings(own_kernel=own_kernel, shared_disks=shared_disks)
    if found:
        raise LabUnavailable(f"no lab here: {'; '.join(finding.summary for finding in found)}",
                             hint="; ".join(finding.remedy for finding in found))


def _kernel() -> Finding | None:
    trials = {"namespaces": [*NAMESPACES, "true"],
              "network bridges": [*NAMESPACES, "ip", "link", "add", "name", "net0", "type", "bridge"],
              "veth cables": [*NAMESPACES, "ip", "link", "add", "name", "cable0", "type", "veth"]}
    for what, argv in trials.items():
        try:
            run(argv)
        except CommandFailed as failed:
            return _no(f"the kernel does not let this process make {what} ({failed.tail})",
                       "use a virtual machine, or a container with full privileges")
    return None


def _overlay() -> Finding | None:
    if "\toverlay\n" in Path("/proc/filesystems").read_text() or _loads("overlay"):
        return None
    return _no("the kernel has no overlay file system", "load the module: modprobe overlay")


def _sharing() -> Iterator[Finding]:
    """A shared disk is a loop device, and a container's file system on it is mounted by this kernel."""
    if not LOOP_CONTROL.exists() and not _loads("loop"):
        yield _no("the kernel has no loop devices, which disks that containers share are",
                  "load the module: modprobe loop")
    if "\txfs\n" not in Path("/proc/filesystems").read_text() and not _loads("xfs"):
        yield _no("the kernel has no XFS, which is what shared disks carry", "load the module: modprobe xfs")


def _loads(module: str) -> bool:
    return bool(shutil.which("modprobe")) and run(["modprobe", module], accept=None).returncode == 0


def _disk() -> Finding | None:
    for place in ("/var/lib", "/var/cache"):
        free_gib = shutil.disk_usage(place).free / (1 << 30)
        if free_gib < DISK_GIB:
            return _no(f"only {free_gib:.1f} GiB are free under {place}, a lab needs {DISK_GIB}",
                       "make room there")
    return None


def _no(summary: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, summary, remedy, where="this computer")
