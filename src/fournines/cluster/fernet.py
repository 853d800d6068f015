"""Fernet keys as Keystone uses them, and their rotation. Pure: new keys come from the caller.

The order is that of Keystone's key repository: 0 is the staged key, which every node can already read but
none writes with; the last one is the primary, which writes; those between only read. Rotating makes the
staged key primary, so a node that has not got the new keys yet can read what one that has them writes.
(Keystone administrator guide, "Fernet - Frequently Asked Questions".)
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Self

LEAST_ACTIVE_KEYS = 3   # staged, primary, and the one that was primary: fewer lose tokens at a rotation


@dataclass(frozen=True, slots=True)
class FernetKeys:
    """The keys by their number in the repository: each 32 bytes in URL-safe base64."""

    keys: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.keys) < 2:
            raise ValueError("a Fernet key repository has at least a staged and a primary key")
        if any(not _is_key(key) for key in self.keys):
            raise ValueError("a Fernet key is 32 bytes in URL-safe base64")

    @property
    def staged(self) -> str:
        """The next primary."""
        return self.keys[0]

    @property
    def primary(self) -> str:
        """The one that new tokens are written with."""
        return self.keys[-1]

    def rotated(self, new_key: str, max_active_keys: int = LEAST_ACTIVE_KEYS) -> FernetKeys:
        """The staged key becomes primary, ``new_key`` is staged; beyond ``max_active_keys`` the oldest go."""
        if max_active_keys < LEAST_ACTIVE_KEYS:
            raise ValueError(f"max_active_keys must be at least {LEAST_ACTIVE_KEYS}")
        kept = (*self.keys[1:], self.staged)[-(max_active_keys - 1):]
        return FernetKeys((new_key, *kept))

    def as_json(self) -> str:
        """One JSON list, for the secret store."""
        return json.dumps(self.keys)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Of what ``as_json`` gave; ValueError for anything else."""
        keys = json.loads(text)
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ValueError("not a list of keys")
        return cls(tuple(keys))


def _is_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == 32
    except (binascii.Error, ValueError):
        return False
