"""The BMC of a lab: a Redfish service outside of the machines that powers them, for real fence agents.

It listens on the lab's own address of the management network and nowhere else, over TLS with a certificate of
an authority of the lab's own that the nodes trust. It is a process that lives as long as the lab is up; every
power action that was asked of it is a line in its log.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from ipaddress import IPv4Address
from pathlib import Path

from fournines.durable import write_durably
from fournines.errors import LabError
from fournines.lab import redfish
from fournines.lab.authority import make_authority
from fournines.lab.pids import ProcessId
from fournines.lab.places import BmcPlaces, LabPlaces, Places
from fournines.lab.process import start_detached

USER = "fournines"
PORT = 443
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Access:
    """What a fence agent is told; ``systems`` maps each node to its ``systems_uri``."""

    address: str
    port: int
    user: str
    systems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PowerAction:
    """One that was asked of the BMC: when, by which address, of which machine, what (a Redfish
    ``ResetType``), how long it took and what came of it: the machine's power afterwards, or why it failed."""

    at: datetime
    by: str
    node: str
    asked: str
    took_s: float
    outcome: str


@dataclass(frozen=True, slots=True)
class BmcStatus:
    """The BMC as it is now; the password is in ``password_file``, what nodes trust in ``authority_file``."""

    access: Access
    running: bool
    password_file: str
    authority_file: str
    actions: int


class Bmc:
    """See the module. Its state is on disk: any process of this computer may hold one."""

    def __init__(self, everywhere: Places, lab: LabPlaces, address: IPv4Address) -> None:
        self._everywhere = everywhere
        self._lab = lab
        self._address = address

    @property
    def places(self) -> BmcPlaces:
        return self._lab.bmc

    @property
    def password(self) -> str:
        """Raises ``LabError`` when the lab is not up."""
        return self._read(self.places.password)

    @property
    def authority(self) -> str:
        """The certificate of the authority, PEM. Raises ``LabError`` when the lab is not up."""
        return self._read(self.places.authority)

    @property
    def running(self) -> bool:
        process = self._process()
        return process is not None and process.alive

    def access(self, nodes: tuple[str, ...]) -> Access:
        """For fence agents on the nodes."""
        return Access(str(self._address), PORT, USER, {node: redfish.system_uri(node) for node in nodes})

    def status(self, nodes: tuple[str, ...]) -> BmcStatus:
        return BmcStatus(self.access(nodes), self.running, str(self.places.password),
                         str(self.places.authority), len(self.actions()))

    def actions(self) -> tuple[PowerAction, ...]:
        """All that was asked of it since the lab was made, oldest first."""
        try:
            lines = self.places.actions.read_text().splitlines()
        except FileNotFoundError:
            return ()
        return tuple(PowerAction(**{**data, "at": datetime.fromisoformat(data["at"])})
                     for data in map(json.loads, lines))

    def prepare(self) -> None:
        """A password and certificates of its own; the authority's key is kept by nobody."""
        self.places.directory.mkdir(mode=0o700, exist_ok=True)
        write_durably(self.places.password, secrets.token_urlsafe(24).encode())
        made = make_authority(f"Fournines lab {self._lab.directory.name}", self._address)
        write_durably(self.places.key, made.key)
        write_durably(self.places.certificate, made.certificate, 0o644)
        write_durably(self.places.authority, made.authority, 0o644)

    def start(self) -> None:
        """Returns once it listens; does nothing where it runs. Raises ``LabError``."""
        if self.running:
            return
        self.places.process.unlink(missing_ok=True)
        self.places.log.write_text("")   # before it listens, it writes nothing but why it cannot
        start_detached([sys.executable, "-m", "fournines.lab.bmc_server", str(self._everywhere.images),
                        str(self._lab.directory), str(self._address), str(PORT)], self.places.log, {})
        end = time.monotonic() + START_TIMEOUT_S
        while not self.running:
            last = self.places.log.read_text(errors="replace").strip().splitlines()[-1:]
            if last and not self._process():
                raise LabError(f"the BMC of the lab did not start: {last[0]}", hint=f"see {self.places.log}")
            if time.monotonic() > end:
                raise LabError("the BMC of the lab did not start in time", hint=f"see {self.places.log}")
            time.sleep(0.05)

    def stop(self) -> None:
        """It answers nobody any more: fencing through it fails until it is started again."""
        process = self._process()
        if process is not None:
            process.kill()
            if not process.wait_gone(STOP_TIMEOUT_S):
                raise LabError(f"the BMC of the lab (process {process.pid}) survives being killed",
                               hint="a power action of it may be stuck: see dmesg")
        self.places.process.unlink(missing_ok=True)

    def _process(self) -> ProcessId | None:
        try:
            return ProcessId(**json.loads(self.places.process.read_text()))
        except FileNotFoundError:
            return None

    def _read(self, path: Path) -> str:
        try:
            return path.read_text()
        except FileNotFoundError:
            raise LabError(f"lab {self._lab.directory.name} is not up",
                           hint="fournines lab up CLUSTER_FILE") from None


def write_process(places: BmcPlaces, process: ProcessId) -> None:
    """Said by the service itself, once it listens."""
    write_durably(places.process, json.dumps(asdict(process)).encode())


def note_action(places: BmcPlaces, action: PowerAction) -> None:
    """Append to the log; lines of several at once do not mix."""
    line = json.dumps({**asdict(action), "at": action.at.isoformat()}) + "\n"
    with places.actions.open("a") as file:
        file.write(line)
