"""Files on the operator's machine that must be whole or not there: the one way Fournines writes them.

Below everything else in the import order, so that every part can use it. Errors are the operating system's
own (``OSError``); callers say in their own words what could not be written.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def write_durably(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> None:
    """Replace ``path`` by ``content`` in one step: a reader, or a power cut, finds the old file or the new.

    The new file is written beside the old one, gets ``mode`` (whatever the umask) before its first byte, is
    flushed to the disk and renamed over it. The directory must exist. Raises ``OSError``; then the old file
    is as it was and nothing is left beside it.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as new:
            os.fchmod(new.fileno(), mode)
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _flush_directory(path.parent)


def make_private_directory(path: Path) -> None:
    """Make ``path`` and what is missing above it, each readable by its owner alone.

    One that exists is left as it is. Raises ``OSError``.
    """
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    for directory in reversed(missing):
        with suppress(FileExistsError):
            directory.mkdir(mode=PRIVATE_DIRECTORY)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def _flush_directory(directory: Path) -> None:
    """A rename survives a power cut only once its directory has been flushed."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
