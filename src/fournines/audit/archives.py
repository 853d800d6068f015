"""Tar archives as sources: of nodes' etc, of sosreport, of ``crm report``. Nothing is ever unpacked to a
disc.

Members are read in one pass, in memory, and only those in a format that is audited. An archive comes from
anybody: its size, the number of its members and what is kept of them are bounded, links are followed within
it.
"""

from __future__ import annotations

import lzma
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fournines.audit.cloud import File, Unread
from fournines.audit.formats import BESIDE_ETC, by_name, read, reader_of

LARGEST_BYTES = 64 * 1024 * 1024
MOST_MEMBERS = 500_000
MOST_KEPT_BYTES = 512 * 1024 * 1024
MOST_BYTES = 16 * 1024**3
"""What is larger when unpacked is not read to its end, and said so."""

_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz")
_BESIDES = (*(f"{path}/" for path in BESIDE_ETC), "/proc/drbd")
_SCRIPTS = (".sh", ".bash", ".sql")
_MOST_LINKS = 40


def is_archive(path: Path) -> bool:
    """Whether a file is read as an archive, by its name."""
    return path.name.lower().endswith(_SUFFIXES)


@dataclass
class _Kept:
    """What one pass has gathered: contents and links by the member's path, without ./ and leading /."""

    contents: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    bytes: int = 0


def read_archive(path: Path) -> tuple[list[File], list[Unread]]:
    """The audited files in an archive, and what could not be read of it, with the reason."""
    kept = _Kept()
    try:
        with tarfile.open(path, "r|*") as archive:
            _gather(archive, str(path), kept)
    except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError) as problem:
        kept.unread.append(Unread(str(path), f"no whole tar archive: {problem}"))
    files: dict[tuple[str, str], File] = {}
    for member in (*kept.contents, *kept.links):
        for node, name in _places(member, path):
            content = b"" if by_name(name) else _content(member, kept)
            if content is None or (node, name) in files:
                continue
            file = read(node, name, f"{path}:{member}", content)
            if file is not None:
                files[node, name] = file
    return list(files.values()), kept.unread


def _gather(archive: tarfile.TarFile, shown: str, kept: _Kept) -> None:
    for number, member in enumerate(archive):
        if number >= MOST_MEMBERS or archive.offset > MOST_BYTES:
            kept.unread.append(Unread(shown, f"it has more than {MOST_MEMBERS} members or "
                                             f"{MOST_BYTES // 1024**3} GB, and was not read to its end"))
            return
        name = posixpath.normpath("/" + member.name).lstrip("/")
        wanted = any(_places(name, Path(shown)))
        if (member.issym() or member.islnk()) and (wanted
                                                   or _split(name)[1]):   # also those on the way to one
            target = member.linkname if member.islnk() else _target(name, member.linkname)
            kept.links[name] = posixpath.normpath("/" + target).lstrip("/")
        elif member.isfile() and wanted:
            if member.size > LARGEST_BYTES or kept.bytes + member.size > MOST_KEPT_BYTES:
                kept.unread.append(Unread(f"{shown}:{name}", "it is too large to be configuration"))
                continue
            source = archive.extractfile(member)
            if source is not None:
                kept.contents[name] = source.read()
                kept.bytes += member.size


def _target(name: str, link: str) -> str:
    """Where a symbolic link leads in the archive: an absolute one from the folder that holds the etc."""
    root = _split(name)[0]
    return posixpath.join(root, link.lstrip("/")) if link.startswith("/") else posixpath.join(
        posixpath.dirname(name), link)


def _content(member: str, kept: _Kept) -> bytes | None:
    for _ in range(_MOST_LINKS):
        if member in kept.contents:
            return kept.contents[member]
        if member not in kept.links:
            return None   # a dangling link, or one to something that is not audited
        member = kept.links[member]
    return None


def _split(member: str) -> tuple[str, str]:
    """(the folder of the node, the path on it) of a member: at its first etc, or at what else a node has."""
    whole = "/" + member
    position = whole.find("/etc/")
    for beside in _BESIDES:
        found = whole.find(beside)
        if found >= 0 and (position < 0 or found < position):
            position = found
    return (whole[:position].lstrip("/"), whole[position:]) if position >= 0 else ("", "")


def _places(member: str, archive: Path) -> Iterator[tuple[str, str]]:
    """(node, path on it) that a member is audited as: at most one."""
    root, name = _split(member)
    if name:
        if reader_of(name) is not None:
            yield _node(root, archive), name
        return
    folder, _, base = member.rpartition("/")
    if not base.endswith(_SCRIPTS) and reader_of("/" + base) is not None:   # crm report: all in one folder
        yield _node(folder, archive), "/" + base


def _node(folder: str, archive: Path) -> str:
    """The name of a node: its folder's, else the archive's without its ending."""
    name = folder.rstrip("/").rpartition("/")[2]
    return name or archive.name.partition(".tar")[0].partition(".t")[0]
