"""The operator's age identity: the one file that opens the secret stores. Made once, never replaced.

The only module that knows pyrage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyrage  # type: ignore[import-untyped]

from fournines.durable import make_private_directory, write_durably
from fournines.errors import SecretsError

VARIABLE = "FOURNINES_IDENTITY"


class WrongIdentity(Exception):
    """The content was encrypted for somebody else."""


class Damaged(Exception):
    """The content is not whole, or was never encrypted with age."""


@dataclass(frozen=True, slots=True)
class IdentityFile:
    """Where the identity is. One that the operator named is never made: the name may be a typing mistake."""

    path: Path
    may_create: bool = True


def identity_file(environment: Mapping[str, str], home: Path) -> IdentityFile:
    """The file that ``$FOURNINES_IDENTITY`` names, else ``~/.config/fournines/identity.txt``."""
    named = environment.get(VARIABLE, "")
    if named:
        return IdentityFile(Path(named), may_create=False)
    return IdentityFile(home / ".config" / "fournines" / "identity.txt")


class Identity:
    """An age X25519 key pair that encrypts for itself."""

    def __init__(self, text: str) -> None:
        self._pair = pyrage.x25519.Identity.from_str(text)

    def encrypt(self, plain: bytes) -> bytes:
        """``plain`` for this identity, as age(1) reads it."""
        sealed: bytes = pyrage.encrypt(plain, [self._pair.to_public()])
        return sealed

    def decrypt(self, sealed: bytes) -> bytes:
        """What ``encrypt`` was given. Raises ``WrongIdentity`` or ``Damaged``."""
        try:
            plain: bytes = pyrage.decrypt(sealed, [self._pair])
        except pyrage.DecryptError as error:
            raise (WrongIdentity if "No matching keys" in str(error) else Damaged)(str(error)) from error
        return plain


def read_identity(path: Path) -> Identity:
    """The identity in a file as age-keygen(1) writes it, which nobody else may read.

    Raises ``SecretsError``; the message never holds the identity.
    """
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SecretsError(f"the identity {path} cannot be read: {error.strerror}",
                           hint=f"name your identity file in ${VARIABLE}, or restore it") from error
    if mode & 0o077:
        raise SecretsError(f"the identity {path} can be read by others (mode {mode:04o})",
                           hint=f"chmod 600 {path}; if somebody may have read it, change the secrets")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        return Identity(lines[0] if lines else "")
    except pyrage.IdentityError:
        raise SecretsError(f"{path} is not an age identity",
                           hint="it holds a line AGE-SECRET-KEY-1..., as age-keygen writes it") from None


def create_identity(path: Path) -> Identity:
    """A new identity in ``path``, mode 0600. Raises ``SecretsError``."""
    pair = pyrage.x25519.Identity.generate()
    text = ("# Opens the secret stores of your Fournines clusters. Keep a copy in a safe place.\n"
            f"# public key: {pair.to_public()}\n{pair}\n")
    try:
        make_private_directory(path.parent)
        write_durably(path, text.encode())
    except OSError as error:
        raise SecretsError(f"the identity {path} cannot be written: {error.strerror}",
                           hint=f"make room, or name another file in ${VARIABLE}") from error
    return Identity(str(pair))
