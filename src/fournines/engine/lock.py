"""One apply at a time: a lock on the state directory of the cluster, which says who holds it."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fournines.durable import PRIVATE_FILE, make_private_directory
from fournines.errors import FourninesError, Refused


@contextmanager
def only_one(state: Path, what: str) -> Iterator[None]:
    """Hold the lock for the time of the block; ``what`` is shown to those who come meanwhile.

    The kernel lets go of it however this process ends. Raises ``Refused`` where another process holds it.
    """
    try:
        make_private_directory(state)
        descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as problem:
        raise FourninesError(f"{state}: {problem.strerror}",
                             hint="the directory of the cluster file has to be writable") from problem
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another run is under way: {_holder(descriptor)}",
                          hint="wait for it to end, or stop it with Ctrl-C where it runs") from None
        _sign(descriptor, what)
        yield
    finally:
        os.close(descriptor)


def _sign(descriptor: int, what: str) -> None:
    who = {"what": what, "user": _user(), "pid": os.getpid(), "host": socket.gethostname(),
           "since": datetime.now(UTC).isoformat(timespec="seconds")}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(who).encode(), 0)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):   # a number without a name, as in a container
        return str(os.getuid())


def _holder(descriptor: int) -> str:
    try:
        who = json.loads(os.pread(descriptor, 4096, 0))
        return f"{who['what']} by {who['user']} on {who['host']}, process {who['pid']}, since {who['since']}"
    except (ValueError, KeyError, TypeError):   # it has the lock and has not signed yet
        return "just begun"
