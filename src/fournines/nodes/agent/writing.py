"""Files and directories of the node, put in place as a whole, durable, with their owner and mode."""

from __future__ import annotations

import base64
import contextlib
import grp
import os
import pwd
import stat
import threading

from fournines.nodes.agent import Refusal
from fournines.nodes.agent.reading import look

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    from fournines.nodes.agent import Facts
    from fournines.nodes.agent.commands import Batch

WRITING = threading.Lock()   # one temporary name per target and process


def ids(owner: str, group: str) -> tuple[int, int]:
    try:
        uid = int(owner) if owner.isdigit() else pwd.getpwnam(owner).pw_uid
    except KeyError:
        raise Refusal(f"there is no user {owner} on this node") from None
    try:
        return uid, int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise Refusal(f"there is no group {group} on this node") from None


def sync_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_parents(path: str) -> None:
    """Missing parents of ``path``, 0755, each one durable in its own parent."""
    parent = os.path.dirname(path)
    if os.path.isdir(parent):
        return
    make_parents(parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(parent, 0o755)
        os.chmod(parent, 0o755)   # noqa: S103 - whatever the umask
    sync_directory(os.path.dirname(parent))


def absolute(path: str) -> None:
    if not path.startswith("/") or path != os.path.normpath(path):
        raise Refusal(f"{path!r} is not a plain absolute path")


def same(path: str, content: bytes, mode: int, uid: int, gid: int) -> bool:
    """Whether the file is there already exactly as wanted."""
    found = look(path)
    if found is None or not stat.S_ISREG(found[0].st_mode):
        return False
    seen = found[0]
    if (found[1]["mode"], seen.st_uid, seen.st_gid, seen.st_size) != (mode, uid, gid, len(content)):
        return False
    with open(path, "rb") as file:
        return file.read() == content


def sweep(directory: str, prefix: str) -> None:
    """Remove temporaries of agents that were killed while writing."""
    for name in os.listdir(directory):
        owner = name[len(prefix):]
        if name.startswith(prefix) and owner.isdigit() and not os.path.exists("/proc/" + owner):
            os.unlink(os.path.join(directory, name))


def write_file(batch: Batch, path: str, content: str, mode: int, owner: str, group: str) -> Facts:
    absolute(path)
    data = base64.b64decode(content)
    uid, gid = ids(owner, group)
    with WRITING:
        if same(path, data, mode, uid, gid):
            return {"changed": False}
        if os.path.isdir(path):
            raise Refusal(f"{path} is a directory")
        make_parents(path)
        directory, name = os.path.split(path)
        prefix = f".{name[:200]}.fournines-"
        sweep(directory, prefix)
        replace(path, os.path.join(directory, prefix + str(os.getpid())), data, mode, uid, gid)
        sync_directory(directory)
    return {"changed": True}


def replace(path: str, temporary: str, content: bytes, mode: int, uid: int, gid: int) -> None:
    """Write ``temporary`` with its final mode and owner, make it durable, put it in place of ``path``."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        try:
            os.fchown(handle, uid, gid)
            os.fchmod(handle, mode)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest):]
            os.fsync(handle)
        finally:
            os.close(handle)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def make_directory(batch: Batch, path: str, mode: int, owner: str, group: str) -> Facts:
    absolute(path)
    uid, gid = ids(owner, group)
    found = look(path)
    if found is not None and not stat.S_ISDIR(found[0].st_mode):
        raise Refusal(f"{path} is there and is not a directory")
    if found is not None and (found[1]["mode"], found[0].st_uid, found[0].st_gid) == (mode, uid, gid):
        return {"changed": False}
    if found is None:
        make_parents(path)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:   # a request of another batch has made it meanwhile
            return make_directory(batch, path, mode, owner, group)
    os.chown(path, uid, gid)
    os.chmod(path, mode)
    sync_directory(os.path.dirname(path))
    return {"changed": True}


def remove_file(batch: Batch, path: str) -> Facts:
    absolute(path)
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"changed": False}
    sync_directory(os.path.dirname(path))
    return {"changed": True}
