"""The secrets that layers ask for, as values: ``secrets.py`` makes them, layers only name them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SecretKind(StrEnum):
    """How a secret is made; see ``secrets.py``."""

    PASSWORD = "password"              # noqa: S105 - a kind, not a password
    ERLANG_COOKIE = "erlang-cookie"
    FERNET_KEYS = "fernet-keys"        # several keys as one JSON list: staged first, primary last
    COROSYNC_KEY = "corosync-key"      # random bytes, as base64
    QUORUM_CERTIFICATES = "quorum-certificates"   # of an arbitrator and of the members that it serves
    GIVEN = "given"                    # another system's: the operator gives it once, by the environment


@dataclass(frozen=True, slots=True)
class SecretNeed:
    """A secret that has to exist before the cluster can be built. ``subject`` is whom certificates name."""

    name: str
    kind: SecretKind
    subject: str = ""


LAB_SWITCHES = SecretNeed("lab.switches", SecretKind.GIVEN)
"""The password of the power switches of a lab's machines, which the lab knows."""
