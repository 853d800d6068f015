"""Files and trees of the node, as they are."""

from __future__ import annotations

import base64
import errno
import grp
import hashlib
import os
import pwd
import re
import stat

from fournines.nodes.agent import Refusal

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fournines.nodes.agent import Facts
    from fournines.nodes.agent.commands import Batch


def name_of(lookup: Callable[[int], Any], number: int) -> str:
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)


def look(path: str) -> tuple[os.stat_result, Facts] | None:
    """(stat, {"mode", "owner", "group"}) of what ``path`` leads to, or None where nothing is."""
    try:
        seen = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return seen, {"mode": stat.S_IMODE(seen.st_mode), "owner": name_of(pwd.getpwuid, seen.st_uid),
                  "group": name_of(grp.getgrgid, seen.st_gid)}


def sha256_of(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def file_facts(batch: Batch, paths: list[str]) -> dict[str, Facts | None]:
    facts: dict[str, Facts | None] = {}
    for path in paths:
        found = look(path)
        if found is None:
            facts[path] = None
            continue
        seen, of_file = found
        regular = stat.S_ISREG(seen.st_mode)
        facts[path] = dict(of_file, sha256=sha256_of(path) if regular else None, size=seen.st_size)
    return facts


def read_file(batch: Batch, path: str, max_bytes: int) -> Facts | None:
    found = look(path)
    if found is None:
        return None
    seen, facts = found
    if not stat.S_ISREG(seen.st_mode):
        raise Refusal(f"{path} is not a regular file")
    with open(path, "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise Refusal(f"{path} is larger than {max_bytes} bytes")
    return dict(facts, content=base64.b64encode(content).decode())


def read_tree(batch: Batch, paths: list[str], pattern: str, most_bytes: int, most_files: int) -> Facts:
    wanted = re.compile(pattern)
    files: Facts = {}
    unread: Facts = {}
    left = most_bytes

    def refused(problem: OSError) -> None:
        if problem.errno != errno.ENOENT:
            unread[str(problem.filename)] = problem.strerror

    for root in paths:
        for directory, inner, names in os.walk(root, onerror=refused):
            inner.sort()
            for name in sorted(names):
                path = os.path.join(directory, name)
                if not wanted.fullmatch(path):
                    continue
                try:
                    seen = os.stat(path)
                    if not stat.S_ISREG(seen.st_mode):
                        continue
                    if seen.st_size > left or len(files) >= most_files:
                        unread[path] = "more than is read of one node"
                        continue
                    with open(path, "rb") as file:
                        content = file.read(left)
                except OSError as problem:
                    unread[path] = problem.strerror
                    continue
                left -= len(content)
                files[path] = {"content": base64.b64encode(content).decode(),
                               "mode": stat.S_IMODE(seen.st_mode)}
    return {"files": files, "unread": unread}
