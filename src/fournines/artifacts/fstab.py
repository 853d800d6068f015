"""fstab: what is mounted at boot. Read only, for Fournines mounts by Pacemaker and by units.

Source: fstab(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fournines.artifacts.document import Complain, numbered, refuse
from fournines.errors import Unparsable

FORMAT = "fstab"


@dataclass(frozen=True, slots=True)
class Mount:
    """``device directory kind options``."""

    device: str
    directory: str
    kind: str = ""
    options: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """The mounts, in order."""

    mounts: tuple[Mount, ...] = ()


_OCTAL = re.compile(r"\\([0-7]{3})")


def parse(text: str, complain: Complain = refuse) -> Document:
    """The mounts that ``text`` holds; Unparsable where a line names no directory."""
    mounts: list[Mount] = []
    for number, line in numbered(text):
        words = [_OCTAL.sub(lambda match: chr(int(match[1], 8)), word) for word in line.split()]
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 2:
            complain(Unparsable(FORMAT, number, "a device without a directory"))
            continue
        options = tuple(words[3].split(",")) if len(words) > 3 else ()
        mounts.append(Mount(words[0], words[1], words[2] if len(words) > 2 else "", options, number))
    return Document(tuple(mounts))
