"""The one part of the audit that reads: paths on this computer become a ``Cloud``. Nothing is ever written.

A directory may be a node's ``etc``, hold one, or hold one folder for each node with an ``etc`` in it, or with
the files of a ``crm report``; it may hold archives of these, and a path may be such an archive. A link
is followed as the node would: an absolute one from the folder that holds ``etc``. Nothing outside of that is
read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from fournines.audit.archives import is_archive, read_archive
from fournines.audit.cloud import Cloud, Enabled, File, Unread
from fournines.audit.formats import BESIDE_ETC, by_name, read, reader_of
from fournines.audit.looks import LOOKS

LARGEST_BYTES = 64 * 1024 * 1024
"""What is larger is no configuration file, and is said to be unread."""

_DEEPEST = 20
_MOST_LINKS = 40


def collect(paths: Iterable[Path]) -> Cloud:
    """Every file in a known format below the paths; those that cannot be read are named with the reason."""
    collector = _Collector()
    for path in paths:
        collector.add(path)
    return Cloud(tuple(collector.files.values()), tuple(dict.fromkeys(collector.unread)))


class _Collector:
    def __init__(self) -> None:
        self.files: dict[tuple[str, str], File] = {}
        self.unread: list[Unread] = []

    def add(self, path: Path) -> None:
        if is_archive(path) and path.is_file():
            self._archive(path)
            return
        if not path.is_dir():
            root, node = _root_of(path)
            name = f"/{path.absolute().relative_to(root).as_posix()}" if root else f"/{path.name}"
            if reader_of(name) is None and reader_of(f"/{path.name}") is None:
                self.unread.append(Unread(str(path), "its name is that of no file that is known here"))
            else:
                self._read(node, name if reader_of(name) else f"/{path.name}", path,
                           root or path.absolute().parent)
            return
        if path.absolute().name != "etc" and not (path / "etc").is_dir():
            for entry in self._entries(path):
                if is_archive(Path(entry.path)) and entry.is_file(follow_symlinks=False):
                    self._archive(Path(entry.path))
        roots = tuple(self._roots(path, _DEEPEST))
        if roots:
            for root in roots:
                self._node(root, path)
            return
        root_above, node = _root_of(path / "any")
        for below in self._below(path, _DEEPEST):
            start = root_above or path.absolute()
            self._read(node or path.name, f"/{below.absolute().relative_to(start).as_posix()}", below, start)

    def _archive(self, path: Path) -> None:
        files, unread = read_archive(path)
        for file in files:
            self.files.setdefault((file.node, file.path), file)
        self.unread += unread
        if not files and not unread:
            self.unread.append(Unread(str(path), "it holds no file of a kind that is audited"))

    def _roots(self, directory: Path, depth: int) -> Iterator[Path]:
        """The directories at or below this one that hold a node's ``etc``; the parent of one that is an
        etc."""
        if directory.absolute().name == "etc":
            yield directory.absolute().parent if directory.name != "etc" else directory.parent
            return
        entries = self._entries(directory)
        if any(entry.name == "etc" and entry.is_dir(follow_symlinks=False) for entry in entries):
            yield directory
            return
        names = {entry.name for entry in entries}
        if names & {"cib.xml", "cib.txt"} and names & {"sysinfo.txt", "crm_mon.txt", "corosync.conf"}:
            yield directory   # of a crm report: everything of a node is in one folder
            return
        for entry in entries if depth else ():
            if entry.is_dir(follow_symlinks=False):
                yield from self._roots(Path(entry.path), depth - 1)

    def _node(self, root: Path, given: Path) -> None:
        if (root / "etc").is_dir():
            for path in self._of_node(root, given):
                self._read(_name(root, given), f"/{path.relative_to(root).as_posix()}", path, root)
            return
        for entry in self._entries(root):
            if entry.is_file(follow_symlinks=False) and not entry.name.endswith((".sh", ".sql")):
                self._read(_name(root, given), f"/{entry.name}", Path(entry.path), root)

    def _of_node(self, root: Path, given: Path) -> Iterator[Path]:
        """The files of a node; beside its etc, scripts and states only where more than that was given."""
        yield from self._below(root / "etc", _DEEPEST)
        if given.absolute().name == "etc":
            return
        for path in BESIDE_ETC:
            beside = root / path.lstrip("/")
            if beside.is_dir() and not beside.is_symlink():
                yield from self._below(beside, 0)
        yield from (root / look.name for look in LOOKS if (root / look.name).is_file())

    def _below(self, directory: Path, depth: int) -> Iterator[Path]:
        """Files at and below a directory, in order of their names; links to directories are not entered."""
        for entry in self._entries(directory):
            if entry.is_dir(follow_symlinks=False):
                if depth:
                    yield from self._below(Path(entry.path), depth - 1)
            else:
                yield Path(entry.path)

    def _entries(self, directory: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(directory) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as problem:
            self.unread.append(Unread(str(directory), problem.strerror or str(problem)))
            return []

    def _read(self, node: str, name: str, path: Path, root: Path) -> None:
        if reader_of(name) is None or (node, name) in self.files:
            return
        if by_name(name):
            self.files[node, name] = File(node, name, str(path), Enabled())
            return
        try:
            status, content = _content(_followed(path, root))
        except (OSError, ValueError) as problem:
            self.unread.append(Unread(str(path), getattr(problem, "strerror", None) or str(problem)))
            return
        mode = stat.S_IMODE(status.st_mode) if _is_live(root) else None
        file = read(node, name, str(path), content, mode)
        if file is not None:
            self.files[node, name] = file


def _content(path: Path) -> tuple[os.stat_result, bytes]:
    """A file's status and bytes. ValueError for what is no plain file, or too large to be configuration."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no plain file")
    if status.st_size > LARGEST_BYTES:
        raise ValueError(f"it is larger than {LARGEST_BYTES // 1024**2} MB")
    return status, path.read_bytes()


def _followed(path: Path, root: Path) -> Path:
    """Where a link leads on its node. ValueError for one that leaves the node's tree, or goes round."""
    for _ in range(_MOST_LINKS):
        if not path.is_symlink():
            return path
        target = os.readlink(path)
        start = root if target.startswith("/") else path.parent
        path = Path(os.path.normpath(start / target.lstrip("/")))
        if not path.absolute().is_relative_to(root.absolute()):
            raise ValueError("it is a link that leads out of the directory")
    raise ValueError("its links go round")


def _root_of(path: Path) -> tuple[Path | None, str]:
    """(the directory that holds the ``etc`` that the path is in, name of the node); (None, "") if in none."""
    for parent in path.absolute().parents:
        if parent.name == "etc":
            return parent.parent, _name(parent.parent, parent.parent)
    return None, ""


def _name(root: Path, given: Path) -> str:
    """A node is called as its folder below the given one; the one given itself, as that; / as this node."""
    absolute, start = root.absolute(), given.absolute()
    if absolute != start and absolute.is_relative_to(start):
        return absolute.relative_to(start).as_posix()
    return absolute.name or "this node"


def _is_live(root: Path) -> bool:
    """Whether the tree is this machine's own: only there do permissions say something; a copy has its
    copier's."""
    return root.absolute() == Path(root.absolute().anchor)
