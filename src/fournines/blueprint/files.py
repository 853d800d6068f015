"""Files and directories that a layer wants on a node."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NodeFile:
    """One file. ``secret`` content is never shown, not even masked; other content is shown with every known
    secret value masked."""

    path: str
    content: bytes = field(repr=False)
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    secret: bool = False

    @property
    def sha256(self) -> str:
        """Of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class NodeDirectory:
    """One directory with its mode and owner."""

    path: str
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"
