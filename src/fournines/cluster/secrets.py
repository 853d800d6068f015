"""The secret store: what a cluster needs to keep to itself, made once and kept encrypted with age.

One file beside the cluster file, opened by the operator's identity. It is replaced only after it has been
read: a store that cannot be opened is never overwritten.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import secrets
import string
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from fournines.cluster import certificates
from fournines.cluster.fernet import LEAST_ACTIVE_KEYS, FernetKeys
from fournines.cluster.identity import (
    VARIABLE,
    Damaged,
    Identity,
    IdentityFile,
    WrongIdentity,
    create_identity,
    read_identity,
)
from fournines.cluster.masking import Mask
from fournines.cluster.needs import SecretKind, SecretNeed
from fournines.durable import make_private_directory, write_durably
from fournines.errors import SecretsError

_LETTERS = string.ascii_letters + string.digits   # safe unquoted in every configuration format and URL
_VERSION = 1
_LOCK_TIMEOUT_S = 10.0
Held: TypeAlias = Mapping[str, tuple[SecretKind, str]]


def _password() -> str:
    """32 letters and digits: 190 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(32))


def _corosync_key() -> str:
    """256 bytes, as ``corosync-keygen`` makes them."""
    return base64.b64encode(secrets.token_bytes(256)).decode()


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _fernet_keys() -> str:
    """A staged and a primary key, as ``keystone-manage fernet_setup`` leaves them."""
    return FernetKeys((_fernet_key(), _fernet_key())).as_json()


_MAKE: Mapping[SecretKind, Callable[[], str]] = {
    SecretKind.PASSWORD: _password,
    SecretKind.ERLANG_COOKIE: _password,
    SecretKind.FERNET_KEYS: _fernet_keys,
    SecretKind.COROSYNC_KEY: _corosync_key,
}


def _made(need: SecretNeed) -> str:
    if need.kind is SecretKind.QUORUM_CERTIFICATES:
        return certificates.made_for(need.subject).as_json()
    return _MAKE[need.kind]()


class SecretStore:
    """The secrets of one cluster by name. ``notes`` are for the operator: what was made in opening it."""

    def __init__(self, path: Path, identity: Identity, held: Held, notes: tuple[str, ...] = ()) -> None:
        self._path = path
        self._identity = identity
        self._held = held
        self._mask = _mask_of(held)
        self.notes = notes

    def __repr__(self) -> str:
        return f"SecretStore({str(self._path)!r}, {len(self._held)} secrets)"

    def ensure(self, needs: Iterable[SecretNeed], given: Mapping[str, str] | None = None,
               ) -> Mapping[str, str]:
        """The values of ``needs`` by name; those that are not there yet are made and stored first. ``given``
        are values of other systems' secrets by name: they replace what is stored.

        Raises ``SecretsError`` where one is stored as another kind, was never given, or the store cannot be
        read or written.
        """
        asked = {need.name: need for need in needs}
        wanted = {name: need.kind for name, need in asked.items()}
        told = {name: (kind, (given or {})[name]) for name, kind in wanted.items()
                if kind is SecretKind.GIVEN and name in (given or {})}
        news = {name: value for name, value in told.items() if self._held.get(name) != value}
        if news or wanted.keys() - self._held.keys():
            with _alone(self._path):
                held = {**self._stored(), **told}
                missing = {name: kind for name, kind in wanted.items() if name not in held}
                _refuse_ungiven([name for name, kind in missing.items() if kind is SecretKind.GIVEN])
                self._store({**held, **{name: (kind, _made(asked[name])) for name, kind in missing.items()}})
        for name, kind in wanted.items():
            if self._held[name][0] is not kind:
                raise SecretsError(f"the secret {name} is stored as {self._held[name][0].value}, "
                                   f"but {kind.value} is needed",
                                   hint="the store is of another version of Fournines: use that one")
        return {name: self._held[name][1] for name in wanted}

    def rotate_fernet_keys(self, name: str, max_active_keys: int = LEAST_ACTIVE_KEYS) -> None:
        """Make the staged key of ``name`` primary and stage a new one. Raises ``SecretsError``."""
        with _alone(self._path):
            held = self._stored()
            kind, value = held.get(name, (None, ""))
            if kind is not SecretKind.FERNET_KEYS:
                raise SecretsError(f"there are no Fernet keys called {name} in {self._path}",
                                   hint="apply the cluster first: that makes them")
            rotated = FernetKeys.from_json(value).rotated(_fernet_key(), max_active_keys)
            self._store({**held, name: (kind, rotated.as_json())})

    def mask(self, text: str) -> str:
        """The text with every secret of this store made unreadable."""
        return self._mask(text)

    def _stored(self) -> Held:
        """What is in the file now: another run may have added to it. What cannot be read is not replaced."""
        return _read(self._path, self._identity) if self._path.exists() else self._held

    def _store(self, held: Held) -> None:
        plain = json.dumps({"version": _VERSION, "secrets": {
            name: {"kind": kind.value, "value": value} for name, (kind, value) in sorted(held.items())}})
        try:
            write_durably(self._path, self._identity.encrypt(plain.encode()))
        except OSError as error:
            raise SecretsError(f"the secrets {self._path} cannot be written: {error.strerror}",
                               hint="make room or make it writable; what was there is unchanged") from error
        self._held = held
        self._mask = _mask_of(held)


def variable_of(name: str) -> str:
    """The environment variable that gives a secret of another system: ``fencing.bmc`` is
    FOURNINES_SECRET_FENCING_BMC."""
    return "FOURNINES_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def given_by(environment: Mapping[str, str], needs: Iterable[SecretNeed]) -> dict[str, str]:
    """Of other systems' secrets those that the environment holds, by name."""
    return {need.name: environment[variable_of(need.name)] for need in needs
            if need.kind is SecretKind.GIVEN and environment.get(variable_of(need.name))}


def _refuse_ungiven(names: list[str]) -> None:
    if names:
        raise SecretsError(f"the secret store does not hold {', '.join(names)}",
                           hint=f"set {' and '.join(map(variable_of, names))} in the environment for one "
                                "run: what is given so is kept encrypted from then on")


def open_store(path: Path, identity: IdentityFile) -> SecretStore:
    """The store in ``path``; empty where there is none yet (the first ``ensure`` makes it).

    An identity that does not exist is made, but not where a store is waiting for another one.
    Raises ``SecretsError``.
    """
    notes: tuple[str, ...] = ()
    if identity.may_create and not identity.path.exists():
        if path.exists():
            raise SecretsError(f"{path} is there, but the identity {identity.path} that opens it is not",
                               hint="restore the identity from your backup")
        with _alone(identity.path):
            if not identity.path.exists():
                create_identity(identity.path)
                notes = (f"made a new identity: {identity.path}. Back it up: without it the secrets of your "
                         "clusters cannot be read.",)
    key = read_identity(identity.path)
    return SecretStore(path, key, _read(path, key) if path.exists() else {}, notes)


def _read(path: Path, identity: Identity) -> Held:
    try:
        content = json.loads(identity.decrypt(path.read_bytes()))
        if content["version"] != _VERSION:
            raise SecretsError(f"{path} is of another version of Fournines", hint="use that version")
        return {name: (SecretKind(entry["kind"]), str(entry["value"]))
                for name, entry in content["secrets"].items()}
    except OSError as error:
        raise SecretsError(f"the secrets {path} cannot be read: {error.strerror}",
                           hint="make the file readable to you") from error
    except WrongIdentity:
        raise SecretsError(f"{path} was encrypted for another identity",
                           hint=f"name the one it was made with in ${VARIABLE}") from None
    except (Damaged, ValueError, KeyError, TypeError, AttributeError):
        raise SecretsError(f"{path} is damaged: it cannot be decrypted",   # the cause would quote the content
                           hint="restore the file from a backup; it has not been touched") from None


def _mask_of(held: Held) -> Mask:
    values = []
    for kind, value in held.values():
        values.append(value)
        if kind is SecretKind.FERNET_KEYS:
            values.extend(FernetKeys.from_json(value).keys)
        elif kind is SecretKind.QUORUM_CERTIFICATES:
            values.extend(certificates.QuorumCertificates.from_json(value).lines)
    return Mask(values)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One run at a time may replace ``path``; its directory is made. The lock ends with the process."""
    try:
        make_private_directory(path.parent)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise SecretsError(f"the directory of {path} cannot be used: {error.strerror}",
                           hint="make it writable to you") from error
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    give_up = time.monotonic() + _LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise SecretsError(f"another run has been changing {path} for {_LOCK_TIMEOUT_S:g} s",
                                   hint="wait until it has ended, or end it") from None
            time.sleep(0.05)
