"""Where a lab keeps what it has on this computer; the only module that joins these paths.

    /var/cache/fournines/images/HASH/       node images; stay when a lab goes
    /var/lib/fournines/labs/NAME/           one lab; removed as a whole when it goes down
        lab.json  ssh_config  known_hosts  key  key.pub
        bmc/          password  authority.pem  certificate.pem  key.pem  process.json  actions.jsonl  log
        nodes/NODE/   machine.json  console.log  firmware
                      a container's:            upper/ work/ root/ (overlay) srv/ (its /srv) data-N.img
                      with its own kernel:      own.cow seed.tar data-N.img  start.json  memory/
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NodePlaces:
    """One node's directory and what is in it."""

    directory: Path

    @property
    def state(self) -> Path:
        return self.directory / "machine.json"

    @property
    def firmware(self) -> Path:
        """There while the machine is on and no system runs yet."""
        return self.directory / "firmware"

    @property
    def console(self) -> Path:
        return self.directory / "console.log"

    @property
    def upper(self) -> Path:
        return self.directory / "upper"

    @property
    def work(self) -> Path:
        return self.directory / "work"

    @property
    def root(self) -> Path:
        return self.directory / "root"

    @property
    def srv(self) -> Path:
        return self.directory / "srv"

    @property
    def own(self) -> Path:
        """What it wrote over its system disk."""
        return self.directory / "own.cow"

    @property
    def seed(self) -> Path:
        return self.directory / "seed.tar"

    @property
    def start(self) -> Path:
        return self.directory / "start.json"

    @property
    def memory(self) -> Path:
        return self.directory / "memory"

    def data(self, number: int) -> Path:
        """A disk of the layers'; one that nodes share is a hard link."""
        return self.directory / f"data-{number}.img"


@dataclass(frozen=True, slots=True)
class BmcPlaces:
    """The BMC's directory and what is in it."""

    directory: Path

    @property
    def password(self) -> Path:
        return self.directory / "password"

    @property
    def authority(self) -> Path:
        """The certificate of who vouches for it."""
        return self.directory / "authority.pem"

    @property
    def certificate(self) -> Path:
        return self.directory / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.directory / "key.pem"

    @property
    def process(self) -> Path:
        return self.directory / "process.json"

    @property
    def actions(self) -> Path:
        """A line of JSON for each power action."""
        return self.directory / "actions.jsonl"

    @property
    def log(self) -> Path:
        return self.directory / "log"


@dataclass(frozen=True, slots=True)
class LabPlaces:
    """One lab's directory and what is in it."""

    directory: Path

    @property
    def state(self) -> Path:
        return self.directory / "lab.json"

    @property
    def key(self) -> Path:
        """The private key that opens every node of this lab; its public half is beside it, ``.pub``."""
        return self.directory / "key"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        return self.directory / "ssh_config"

    @property
    def bmc(self) -> BmcPlaces:
        return BmcPlaces(self.directory / "bmc")

    @property
    def nodes(self) -> Path:
        return self.directory / "nodes"

    def node(self, name: str) -> NodePlaces:
        return NodePlaces(self.nodes / name)


@dataclass(frozen=True, slots=True)
class Places:
    """The roots of it all; tests use others."""

    images: Path = Path("/var/cache/fournines/images")
    labs: Path = Path("/var/lib/fournines/labs")

    def lab(self, name: str) -> LabPlaces:
        return LabPlaces(self.labs / name)
