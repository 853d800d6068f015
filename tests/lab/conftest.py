"""Real machines: one lab for the session, and what a test needs to look at a computer that has hosted one."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from fournines.blueprint.hardware import Hardware
from fournines.errors import CommandFailed
from fournines.findings import Finding
from fournines.lab.driver import Power
from fournines.lab.lab import Lab
from fournines.lab.process import run
from fournines.lab.requirements import findings
from fournines.lab.wires import fabric_socket
from lab_cluster import small_cluster

TIMEOUT_S = 120.0   # for what takes a second on an idle computer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.lab)


@pytest.fixture(scope="session")
def can_host() -> None:
    """Skips, with the reason, where this computer cannot host a lab."""
    if problems := findings():
        pytest.skip("; ".join(finding.summary for finding in problems))


@pytest.fixture(scope="session")
def lab(can_host: None) -> Iterator[Lab]:
    """Three machines; tests leave them as they found them."""
    made = Lab(small_cluster(f"test-{os.getpid()}"))
    try:
        made.up()
        yield made
    finally:
        made.down()


@contextmanager
def lab_with(name: str, hardware: Mapping[str, Hardware], problems: Sequence[Finding]) -> Iterator[Lab]:
    """Three machines, some with more to them than others; skips where there are ``problems``, and leaves no
    trace."""
    if problems:
        pytest.skip("; ".join(problem.summary for problem in problems))
    made = Lab(small_cluster(name))
    try:
        made.up(hardware)
        yield made
    finally:
        made.down()
        assert traces(name) == set()


def on(lab: Lab, node: str, *argv: str) -> str:
    """What a command on a node prints."""
    return run(lab.machine(node).enter_argv(argv), timeout_s=TIMEOUT_S).output.strip()


def hears(lab: Lab, node: str, address: str) -> bool:
    """Whether a ping from the node is answered."""
    ping = ("ping", "-n", "-q", "-c", "1", "-W", "1", address)
    return run(lab.machine(node).enter_argv(ping), accept=None, timeout_s=TIMEOUT_S).returncode == 0


def connect(lab: Lab, address: str, port: int = 22, timeout_s: float = TIMEOUT_S) -> socket.socket:
    """A connection from a client in the fabric."""
    link = fabric_socket(lab.fabric.path)
    link.settimeout(timeout_s)
    try:
        link.connect((address, port))
    except OSError:
        link.close()
        raise
    return link


def loses_power_without_a_word(lab: Lab, name: str, address: str) -> None:
    """Power it off while a client is connected, who must be told nothing; then nobody gets in."""
    machine = lab.machine(name)
    with connect(lab, address) as peer:
        assert peer.recv(100).startswith(b"SSH-2.0")

        machine.power_off()

        assert machine.power is Power.OFF
        peer.settimeout(2.0)
        with pytest.raises(TimeoutError):   # b"" would be a FIN, ConnectionResetError a RST
            peer.recv(1)
    with pytest.raises(CommandFailed, match="powered off"):
        on(lab, name, "true")


def eventually(holds: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> None:
    """Waits until it does; fails when it has not in time. A look that takes long leaves as long in between to
    what is looked at."""
    end = time.monotonic() + timeout_s
    while True:
        asked = time.monotonic()
        if holds():
            return
        assert time.monotonic() < end, f"not within {timeout_s:g} s: {what}"
        time.sleep(max(0.05, time.monotonic() - asked))


def traces(name: str) -> set[str]:
    """All that a lab of that name has on this computer now, but for its image."""
    mounts = {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines() if name in line}
    groups = {str(found) for found in Path("/sys/fs/cgroup").glob(f"**/fournines/{name}")}
    files = {str(found) for found in Path("/var/lib/fournines/labs").glob(f"{name}*")}
    namespaces = {str(found) for found in Path("/run/netns").glob(f"fournines-{name}")}
    backing = run(["losetup", "--list", "--noheadings", "--output", "BACK-FILE"]).output.splitlines()
    devices = {file.strip() for file in backing if f"/{name}/" in file}
    devices |= {str(found) for found in Path("/dev").glob(f"fournines-{name}-*")}
    return mounts | groups | files | namespaces | devices | _processes(name)


def _processes(name: str) -> set[str]:
    return {f"{pid} {words}" for pid, words in command_lines().items()
            if f"--machine={name}-" in words or f"labs/{name}/" in words}


def command_lines() -> dict[int, str]:
    """What every process here was started with, by its pid; one that ends meanwhile is left out."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
