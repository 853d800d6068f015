"""From the name of a cluster file to what commands work with: cluster, timers, secrets, blueprint."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fournines.cluster.topology import Cluster
from fournines.durable import write_durably
from fournines.errors import FourninesError
from fournines.lab.places import Places

if TYPE_CHECKING:   # what a command does not use is not imported: it has to answer at once
    from fournines.blueprint.contribution import Exchange
    from fournines.blueprint.hardware import Hardware
    from fournines.cluster.needs import SecretNeed
    from fournines.cluster.secrets import SecretStore
    from fournines.cluster.timers import Timers
    from fournines.engine.compile import Blueprint
    from fournines.findings import Finding

DEFAULT_FILE = Path("cluster.yaml")
_NOTE = "cluster_file"


@dataclass(frozen=True, slots=True)
class Opened:
    """A cluster file that has been read, judged, and found good."""

    file: Path
    cluster: Cluster
    timers: Timers

    @property
    def state(self) -> Path:
        """Where this computer keeps what belongs to the cluster: secrets, journals, the lock."""
        return self.file.resolve().parent / ".fournines" / self.cluster.name

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is allowed and unwise: overrides that break the promise, one rack or switch for too many."""
        from fournines.cluster.rules import advice

        return (*self.timers.warnings, *advice(self.cluster))

    def tell_warnings(self) -> None:
        """One line each, on standard error."""
        for finding in self.warnings:
            print(f"{finding.severity}: {finding}", file=sys.stderr)

    def store(self) -> SecretStore:
        """The secrets of the cluster; none is made yet."""
        from fournines.cluster.identity import identity_file
        from fournines.cluster.secrets import open_store

        return open_store(self.state / "secrets.age", identity_file(os.environ, Path.home()))

    def _exchange(self) -> Exchange:
        """What the layers ask of one another, of the secret store and of the machines."""
        from fournines.engine.compile import exchange
        from fournines.layers import LAYERS

        return exchange(self.cluster, self.timers, LAYERS)

    def secrets(self, store: SecretStore) -> Mapping[str, str]:
        """The values of all secrets that the layers need, by name; those not there yet are made."""
        from fournines.cluster.secrets import given_by

        needs = self._exchange().secrets
        return store.ensure(needs, {**given_by(os.environ, needs), **self._given_by_lab(needs)})

    def _given_by_lab(self, needs: Iterable[SecretNeed]) -> Mapping[str, str]:
        """What only the lab of this cluster knows: how to log in to the power switches of its machines."""
        from fournines.cluster.needs import LAB_SWITCHES

        if not self.has_lab or LAB_SWITCHES not in needs:
            return {}
        from fournines.lab.lab import Lab

        return {LAB_SWITCHES.name: Lab(self.cluster).bmc.password}

    def hardware(self) -> Mapping[str, Hardware]:
        """What the layers need of the machines themselves, by node; most need nothing."""
        from fournines.blueprint.hardware import by_node

        return by_node(self._exchange().hardware)

    def blueprint(self, store: SecretStore) -> Blueprint:
        """What the machines should be."""
        from fournines.engine.compile import compile
        from fournines.layers import LAYERS

        return compile(self.cluster, self.timers, self.secrets(store), LAYERS)

    def blueprint_with_placeholders(self) -> Blueprint:
        """The same with a word in the place of each secret, so that none has to be made or opened for it."""
        from fournines.engine.compile import compile
        from fournines.layers import LAYERS

        secrets = {need.name: _placeholder(need) for need in self._exchange().secrets}
        return compile(self.cluster, self.timers, secrets, LAYERS)

    @property
    def has_lab(self) -> bool:
        """Whether a lab of this cluster is up on this computer."""
        return Places().lab(self.cluster.name).state.exists()

    def note_in_lab(self) -> None:
        """Leave the name of the cluster file in its lab, so that commands without one find it."""
        note = Places().lab(self.cluster.name).directory / _NOTE
        write_durably(note, str(self.file.resolve()).encode())


def open_cluster(file: Path | None) -> Opened:
    """The cluster of the file, or of the default. Raises ``ClusterFileError`` with every problem in it."""
    from fournines.cluster.file import load
    from fournines.cluster.timers import derive
    from fournines.layers import SPECS

    path = file or _default_file()
    cluster = load(path, SPECS)
    return Opened(path, cluster, derive(cluster))


def _placeholder(need: SecretNeed) -> str:
    from fournines.cluster.needs import SecretKind

    if need.kind is SecretKind.COROSYNC_KEY:
        return base64.b64encode(b"the key of Corosync belongs here").decode()
    if need.kind is SecretKind.QUORUM_CERTIFICATES:
        from fournines.cluster.certificates import QuorumCertificates

        return QuorumCertificates("the arbitrator's key and certificates belong here\n",
                                  "the members' key and certificates belong here\n").as_json()
    if need.kind is not SecretKind.FERNET_KEYS:
        return f"SECRET-{need.name}"
    words = (b"the staged key belongs here", b"the primary key belongs here")
    return json.dumps([base64.urlsafe_b64encode(word.ljust(32, b".")).decode() for word in words])


def _default_file() -> Path:
    """That of the only lab on this computer, else ``cluster.yaml`` here."""
    notes = sorted(Places().labs.glob(f"*/{_NOTE}"))
    if len(notes) == 1:
        noted = Path(notes[0].read_text(encoding="utf-8"))
        if DEFAULT_FILE.exists() and DEFAULT_FILE.resolve() != noted:
            print(f"note: this is about the lab of {noted}, not about ./{DEFAULT_FILE}", file=sys.stderr)
        return noted
    if DEFAULT_FILE.exists():
        return DEFAULT_FILE
    several = f", and {len(notes)} labs are up" if notes else ", and no lab is up"
    raise FourninesError(f"no cluster file was given, there is no {DEFAULT_FILE} here{several}",
                         hint="name the cluster file: fournines COMMAND FILE")
