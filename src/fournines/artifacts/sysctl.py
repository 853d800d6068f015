"""Kernel settings in /etc/sysctl.d: ``key = value``, read by systemd-sysctl and by sysctl(8).

Source: sysctl.d(5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fournines.artifacts.document import (
    Complain,
    Scalar,
    notice,
    numbered,
    refuse,
    text_of,
    unpadded,
    writable,
)
from fournines.artifacts.document import Entry as Entry
from fournines.errors import Unparsable, Unwritable

FORMAT = "sysctl.d"


@dataclass(frozen=True, slots=True)
class Document:
    """A file of settings, in order; of two for one key the last holds. A key that begins with ``-`` may be
    unknown to the kernel."""

    entries: tuple[Entry, ...] = ()


def document(settings: Mapping[str, Scalar]) -> Document:
    """A file of these settings; True is 1, False is 0."""
    return Document(tuple(Entry(key, text_of(value, "1", "0")) for key, value in settings.items()))


_KEY = re.compile(r"-?[A-Za-z0-9_*/-]+(?:\.[A-Za-z0-9_*/-]+)*")


def emit(settings: Document) -> str:
    """The file's text; Unwritable where a key or value cannot be carried."""
    lines = [notice()]
    for entry in settings.entries:
        if not _KEY.fullmatch(entry.key):
            raise Unwritable(FORMAT, "a key is words of ASCII letters, digits, _, - joined by dots")
        where = f"{FORMAT} {entry.key}"
        value = unpadded(writable(entry.value, where, allow="\t"), where)
        if not value:
            raise Unwritable(where, "is empty, which sysctl refuses")
        lines.append(f"{entry.key} = {value}\n")
    return "".join(lines)


def parse(text: str, complain: Complain = refuse) -> Document:
    """The settings that ``text`` holds; Unparsable where a line is none."""
    entries: list[Entry] = []
    for number, line in numbered(text):
        content = line.strip()
        if not content or content[0] in "#;":
            continue
        key, separator, value = (part.strip() for part in content.partition("="))
        if not separator or not value or not _KEY.fullmatch(key):
            complain(Unparsable(FORMAT, number, "a setting is written: key = value"))
            continue
        entries.append(Entry(key, value, number))
    return Document(tuple(entries))
