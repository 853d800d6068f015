"""Agents as they are on a node, and small services for them to run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fournines.layers.resource_agents import shipped

HERE = Path(__file__).parent
AGENTS = ("keystone", "glance-api", "cinder-api", "neutron-server", "ceilometer-agent-central",
          "neutron-linuxbridge-agent", "neutron-agent-l3", "neutron-agent-dhcp", "neutron-metadata-agent",
          "mariadb", "rabbitmq")
UNITS = Path("/run/systemd/system")
GROUPS = next((path for path in (Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup")) if path.is_dir()),
              Path("/nowhere"))
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action ended with, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Node:
    """A folder with the agents in it, and a place for what they remember."""

    root: Path

    @property
    def ocf(self) -> Path:
        return self.root / "usr/lib/ocf"

    def run(self, agent: str, action: str, *, timeout_s: float = 20.0, interval_s: float = 10.0,
            level: str = "", **parameters: object) -> Outcome:
        """An action as Pacemaker asks for it."""
        env = {"PATH": f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "OCF_ROOT": str(self.ocf),
               "HA_RSCTMP": str(self.root / "run"), "OCF_RESOURCE_INSTANCE": f"p_{agent}",
               "OCF_RESKEY_CRM_meta_timeout": str(round(timeout_s * 1000)),
               "OCF_RESKEY_CRM_meta_interval": str(round(interval_s * 1000)),
               **{f"OCF_RESKEY_{name}": str(value) for name, value in parameters.items()}}
        if level:
            env["OCF_CHECK_LEVEL"] = level
        ended = subprocess.run([self.ocf / "resource.d/openstack" / agent, action], env=env, text=True,
                               capture_output=True, timeout=TIMEOUT_S, check=False)
        return Outcome(ended.returncode, ended.stdout, ended.stderr)


    def start(self, unit: str) -> None:
        """Behind the agents' back."""
        subprocess.run([self.root / "bin/systemctl", "start", unit], check=True, timeout=TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class SmallService:
    """A unit and the folder that says how its service behaves."""

    unit: str
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, *lines: str) -> None:
        """What it answers from now on: ``PATH STATUS BODY``."""
        new = self.folder / "answers.new"
        new.write_text("\n".join(lines))
        new.rename(self.folder / "answers")

    @property
    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def pids(self) -> list[int]:
        """Its living processes; one that has ended may wait a moment for its parent to take notice."""
        path = GROUPS / self.unit / "cgroup.procs"
        listed = path.read_text().split() if path.exists() else []
        return [int(pid) for pid in listed if _lives(pid)]

    def tell(self, number: signal.Signals) -> None:
        """A process that runs at that moment stands still a little later."""
        for pid in self.pids:
            os.kill(pid, number)
        end = time.monotonic() + TIMEOUT_S
        while number is signal.SIGSTOP and not all(map(_stands, self.pids)):
            assert time.monotonic() < end, f"{self.unit} does not stand still"
            time.sleep(0.01)

    def be_gone(self) -> None:
        """Whatever is left of it."""
        end = time.monotonic() + TIMEOUT_S
        while self.pids and time.monotonic() < end:
            self.tell(signal.SIGKILL)
            time.sleep(0.02)
        while (GROUPS / self.unit).is_dir():
            try:
                (GROUPS / self.unit).rmdir()
            except OSError:   # busy while one that has ended is not taken notice of
                assert time.monotonic() < end, f"{self.unit} does not end"
                time.sleep(0.02)
        (UNITS / self.unit).unlink(missing_ok=True)


def _lives(pid: str) -> bool:
    return _state(pid) not in "ZX"


def _stands(pid: int) -> bool:
    return _state(str(pid)) in "TZX"


def _state(pid: str) -> str:
    """The letter that proc(5) has for it; X where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


@dataclass(slots=True)
class Services:
    """Makes small services; all of them go at the end of the test."""

    root: Path
    made: list[SmallService] = field(default_factory=list)

    def make(self, name: str = "small", *, program: str = "service.py", port: bool = True, broker: int = 0,
             obstinate: bool = False, stop_s: float = 1.0) -> SmallService:
        """A service under its unit; not started."""
        number = len(self.made)
        folder = self.root / f"{name}-{number}"
        folder.mkdir()
        service = SmallService(f"fournines-test-{os.getpid()}-{number}-{name}.service", folder, free_port())
        script = folder / program
        shutil.copy(HERE / "service.py", script)
        if port:
            (folder / "port").write_text(str(service.port))
        if program == "neutron-metadata-agent":
            (folder / "unix").touch()
        if broker:
            (folder / "broker").write_text(str(broker))
        if obstinate:
            (folder / "obstinate").touch()
        UNITS.mkdir(parents=True, exist_ok=True)
        (UNITS / service.unit).write_text(f"[Service]\nExecStart=/usr/bin/python3 -IS {script} {folder}\n"
                                          f"TimeoutStopSec={stop_s}\n")
        self.made.append(service)
        return service


def free_port() -> int:
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        return int(link.getsockname()[1])


@pytest.fixture(scope="session")
def shipped_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the layers ship, below a folder."""
    root = tmp_path_factory.mktemp("node")
    for item in shipped(AGENTS):
        path = root / item.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(item.content)
        path.chmod(item.mode)
    (root / "bin").mkdir()
    shutil.copy(HERE / "systemctl", root / "bin")
    return root


@pytest.fixture
def node(shipped_tree: Path) -> Iterator[Node]:
    yield Node(shipped_tree)
    shutil.rmtree(shipped_tree / "run", ignore_errors=True)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """Skips where control groups cannot be made, as for anybody but root."""
    probe = GROUPS / f"fournines-test-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as problem:
        pytest.skip(f"no control group can be made here: {problem}")
    made = Services(tmp_path)
    yield made
    for service in made.made:
        service.be_gone()
