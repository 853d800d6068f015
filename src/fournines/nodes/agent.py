"""The agent: what runs on a node and answers requests. Standard library only, Python 3.9 or newer.

Never installed: ``pipe.py`` sends this file to ``python3`` on the node, and it lives as long as the pipe.
Frames both ways are a 4-byte big-endian length and that much JSON:

    to the node     {"id": n, "together": bool, "requests": [{"verb": ..., ...}]}   or  {"cancel": n}
    from the node   {"id": n, "replies": [{"ok": value} | {"failed": reason}]}

The verbs and the shape of each value are those of ``blueprint/requests.py``. Batches run side by side, the
requests of one batch in order unless ``together``. When the pipe closes, everything started here is killed.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import grp
import hashlib
import json
import os
import pwd
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable
    from typing import IO, Any, NoReturn

    Facts = dict[str, Any]   # a JSON object

READY = b"\n\x00fournines-agent-ready\x00\n"   # whatever a login shell prints comes before this
MAX_FRAME = 64 << 20
OUTPUT_LIMIT = 64 << 10       # of each of stdout and stderr, the end is kept
REASON_LIMIT = 4000           # characters of a command's words in a reason
BODY_LIMIT = 256 << 10
PLAIN_TIMEOUT_S = 30.0        # of a request that names no timeout: only a hanging file system needs it
MARGIN_S = 10.0               # what a request may take beyond its own timeout, to clean up and explain
PIPE_GRACE_S = 1.0            # how long to read on when a command has left a daemon holding its output
POLICY = "/usr/sbin/policy-rc.d"
POLICY_TEXT = "#!/bin/sh\n# Made by fournines for the time of a package installation.\nexit 101\n"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"



class Refusal(Exception):
    """The request cannot be carried out; the text is the reason."""


class Batch:
    """The processes of one batch, so that it can be cancelled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: set[subprocess.Popen[bytes]] = set()
        self.cancelled = False

    def start(self, argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Popen as the leader of a new session, remembered until ``forget``."""
        with self.lock:
            if self.cancelled:
                raise Refusal("cancelled")
            process: subprocess.Popen[bytes] = subprocess.Popen(argv, start_new_session=True, cwd="/",
                                                                **options)
            self.running.add(process)
            return process

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        with self.lock:
            self.running.discard(process)

    def cancel(self) -> None:
        with self.lock:
            self.cancelled = True
            for process in self.running:
                kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the whole group. Only before the leader is reaped is its number certainly still its own."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


# ---- running commands ----------------------------------------------------------------------------

class Tail(threading.Thread):
    """Reads a stream to its end and keeps the last OUTPUT_LIMIT bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.kept = bytearray()
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                piece = os.read(self.stream.fileno(), 65536)
                if not piece:
                    return
                self.kept += piece
                if len(self.kept) > OUTPUT_LIMIT:
                    del self.kept[:-OUTPUT_LIMIT]

    def text(self) -> str:
        return bytes(self.kept).decode("utf-8", "replace")


def feed(stream: IO[bytes], data: bytes) -> None:
    """Write all of a command's input; that the command does not want it is its own affair."""
    with contextlib.suppress(OSError):
        stream.write(data)
    with contextlib.suppress(OSError):
        stream.close()


def identity(user: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Popen options and environment for ``user``; empty means whoever runs the agent."""
    account = pwd.getpwuid(os.getuid())
    options: dict[str, Any] = {}
    if user:
        try:
            account = pwd.getpwnam(user)
        except KeyError:
            raise Refusal(f"there is no user {user} on this node") from None
        if account.pw_uid != os.getuid():
            groups = os.getgrouplist(user, account.pw_gid)
            options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": groups}
    env = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": account.pw_dir}
    if user:
        env.update(USER=user, LOGNAME=user)
    return options, env


def execute(batch: Batch, argv: list[str], stdin: str = "", env: dict[str, str] | None = None, user: str = "",
            timeout_s: float = 30.0) -> tuple[int, str, str]:
    """Run ``argv`` to its end: (returncode, stdout, stderr). Past ``timeout_s`` its whole group is killed."""
    options, environment = identity(user)
    environment.update(env or {})
    source = subprocess.PIPE if stdin else subprocess.DEVNULL
    try:
        process = batch.start(argv, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment, **options)
    except OSError as problem:
        raise Refusal(f"{argv[0]} cannot be started: {problem.strerror}") from None
    tails = [Tail(stream) for stream in (process.stdout, process.stderr) if stream is not None]
    try:
        if stdin:
            threading.Thread(target=feed, args=(process.stdin, stdin.encode()), daemon=True).start()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            kill_group(process)
            process.wait()
            join_all(tails)
            said = words(tails[1].text() or tails[0].text())
            raise Refusal(f"{argv[0]} was killed: not done within {timeout_s:g} s{said}") from None
        join_all(tails)
    finally:
        batch.forget(process)
    if batch.cancelled:
        raise Refusal("cancelled")
    return process.returncode, tails[0].text(), tails[1].text()


def join_all(tails: list[Tail]) -> None:
    """Wait for the streams to end, but not for a daemon that keeps them open."""
    deadline = time.monotonic() + PIPE_GRACE_S
    for tail in tails:
        tail.join(max(0.0, deadline - time.monotonic()))


def words(text: str) -> str:
    """``: `` and what a command said, or nothing. Of a long text both ends: the cause is mostly in the last
    lines, but Python programs go on to complain while they shut down."""
    text = text.strip()
    if len(text) > REASON_LIMIT:
        head = REASON_LIMIT // 4
        text = f"{text[:head]}\n[...]\n{text[head - REASON_LIMIT:]}"
    return ": " + text if text else ""


def ended(code: int) -> str:
    return f"exited with {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"


def must(batch: Batch, argv: list[str], timeout_s: float = 30.0) -> str:
    """stdout of a command that has to succeed."""
    code, out, err = execute(batch, argv, timeout_s=timeout_s)
    if code != 0:
        raise Refusal(f"{argv[0]} {ended(code)}{words(err or out)}")
    return out


def run(batch: Batch, argv: list[str], stdin: str, env: dict[str, str], user: str, timeout_s: float,
        check: bool) -> Facts:
    code, out, err = execute(batch, argv, stdin, env, user, timeout_s)
    if check and code != 0:
        raise Refusal(f"{argv[0]} {ended(code)}{words(err or out)}")
    return {"rc": code, "stdout": out, "stderr": err}


# ---- files ---------------------------------------------------------------------------------------

WRITING = threading.Lock()   # one temporary name per target and process


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


# ---- systemd and packages ------------------------------------------------------------------------

UNIT_FACTS = {"LoadState": "load", "ActiveState": "active", "SubState": "sub", "UnitFileState": "enabled",
              "MainPID": "main_pid", "ActiveEnterTimestampMonotonic": "since_monotonic_us"}
UNIT_ACTS = ("start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "reset-failed",
             "kill")


def unit_facts(batch: Batch, units: list[str]) -> dict[str, Facts]:
    for name in units:
        if not re.fullmatch(r"[\w:.\\@][\w:.\\@-]*", name):
            raise Refusal(f"{name!r} is not the name of a unit")
    if not units:
        return {}
    out = must(batch, ["systemctl", "show", "--property=" + ",".join(UNIT_FACTS), "--", *units])
    blocks = out.strip("\n").split("\n\n")
    if len(blocks) != len(units):
        raise Refusal(f"systemctl described {len(blocks)} units instead of {len(units)}")
    paired = zip(units, blocks)   # noqa: B905 - Python 3.9; counted above
    return {unit: one_unit(block) for unit, block in paired}


def one_unit(block: str) -> Facts:
    facts: Facts = {"load": "", "active": "", "sub": "", "enabled": "", "main_pid": 0,
                    "since_monotonic_us": 0}
    for line in block.splitlines():
        key, _, value = line.partition("=")
        name = UNIT_FACTS.get(key)
        if name is not None:
            facts[name] = int(value or 0) if isinstance(facts[name], int) else value
    return facts


def unit_processes(batch: Batch, unit: str) -> dict[str, Facts]:
    """By control group, never by name: a process belongs to the unit in whose group, or below, it is."""
    found: dict[str, Facts] = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cgroup") as file:
                groups = re.split(r"[/\n]", file.read())
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()   # the name before it may contain anything
        except (FileNotFoundError, ProcessLookupError):   # it ended meanwhile
            continue
        if unit in groups and fields[0] not in "ZX":
            found[pid] = {"state": fields[0], "started": int(fields[19])}
    return found


def unit(batch: Batch, act: str, unit: str, timeout_s: float) -> Facts:
    if act == "daemon-reload":
        must(batch, ["systemctl", "daemon-reload"], timeout_s=timeout_s)
        return {}
    if act not in UNIT_ACTS:
        raise Refusal(f"{act!r} is not something this agent does to a unit")
    try:
        must(batch, ["systemctl", act, "--", unit], timeout_s=timeout_s)
    except Refusal as refusal:
        if act not in ("start", "restart", "reload"):
            raise
        raise Refusal(str(refusal) + journal_of(batch, unit)) from None
    return {}


def journal_of(batch: Batch, unit: str) -> str:
    argv = ["journalctl", "--unit=" + unit, "--lines=20", "--no-pager", "--output=cat"]
    try:
        lines = must(batch, argv, timeout_s=5.0).strip()
    except Refusal as refusal:
        return f"\n(no journal: {refusal})"
    return f"\nlast lines of its journal:\n{lines[-REASON_LIMIT:]}"


def package_facts(batch: Batch, names: list[str]) -> dict[str, str | None]:
    if not names:
        return {}
    shape = "-f=${Package}\\t${db:Status-Abbrev}\\t${Version}\\n"
    code, out, err = execute(batch, ["dpkg-query", "-W", shape, "--", *names])
    if code not in (0, 1):   # 1: some are not known
        raise Refusal(f"dpkg-query {ended(code)}{words(err)}")
    found: dict[str, str | None] = dict.fromkeys(names)
    for line in out.splitlines():
        name, status, version = line.split("\t")
        if status[1:] == "i " and name in found:
            found[name] = version
    return found


def install_packages(batch: Batch, names: list[str], timeout_s: float) -> Facts:
    deadline = time.monotonic() + timeout_s
    env = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends",
               "-oDPkg::Lock::Timeout=120", "-oDpkg::Options::=--force-confdef",
               "-oDpkg::Options::=--force-confold", "--", *names]

    def step(argv: list[str]) -> tuple[int, str, str]:
        return execute(batch, argv, env=env, timeout_s=max(1.0, deadline - time.monotonic()))

    HOLDING_BACK.place()
    try:
        step(["dpkg", "--configure", "-a"])   # what an interrupted installation has left
        code, out, err = step(install)
        if code != 0 and not batch.cancelled:   # most often the lists are missing or old
            updated, _, complaint = step(["apt-get", "update", "--quiet"])
            if updated != 0:
                err = f"{err}\napt-get update: {complaint.strip()[-REASON_LIMIT // 2:]}"
                raise Refusal(f"apt-get install {ended(code)}{words(err)}")
            code, out, err = step(install)
    finally:
        HOLDING_BACK.remove()
    if code != 0:
        raise Refusal(f"apt-get install {ended(code)}{words(err or out)}")
    return {}


class Policy:
    """While it is in place no package may start its service (invoke-rc.d(8)). One that somebody else has
    placed stays as it is; one that a killed agent has left behind is ours."""

    def __init__(self) -> None:
        self.ours = False

    def place(self) -> None:
        try:
            handle = os.open(POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
        except FileExistsError:
            with open(POLICY) as file:
                self.ours = file.read() == POLICY_TEXT
            return
        self.ours = True
        with os.fdopen(handle, "w") as file:
            os.fchmod(handle, 0o755)
            file.write(POLICY_TEXT)

    def remove(self) -> None:
        if self.ours:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(POLICY)
        self.ours = False


HOLDING_BACK = Policy()


# ---- asking other processes ----------------------------------------------------------------------

def http_get(batch: Batch, url: str, timeout_s: float) -> Facts:
    """No proxy, no redirect: what this very address answers."""
    import http.client  # here: the slowest to import, and most conversations do without
    import ssl
    import urllib.parse

    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refusal(f"{url!r} is not an HTTP address")
    started = time.monotonic()
    asked: http.client.HTTPConnection
    if parts.scheme == "https":
        asked = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout_s,
                                            context=ssl.create_default_context())
    else:
        asked = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    watchdog = threading.Timer(timeout_s, hang_up, (asked,))   # the socket's own timeout is per read
    watchdog.daemon = True
    watchdog.start()
    try:
        asked.request("GET", (parts.path or "/") + ("?" + parts.query if parts.query else ""))
        answer = asked.getresponse()
        body = answer.read(BODY_LIMIT)
        taken = time.monotonic() - started
        if taken >= timeout_s:
            raise Refusal(f"{url}: no full answer within {timeout_s:g} s")
        return {"status": answer.status, "body": body.decode("utf-8", "replace"), "seconds": taken}
    except (OSError, http.client.HTTPException) as problem:
        late = time.monotonic() - started >= timeout_s
        what = f"no full answer within {timeout_s:g} s" if late else str(problem) or type(problem).__name__
        raise Refusal(f"{url}: {what}") from None
    finally:
        watchdog.cancel()
        asked.close()


def hang_up(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def tcp_connect(batch: Batch, host: str, port: int, timeout_s: float) -> Facts:
    started = time.monotonic()
    error = ""
    try:
        socket.create_connection((host, port), timeout_s).close()
    except OSError as problem:
        error = problem.strerror or str(problem) or type(problem).__name__
    return {"open": not error, "seconds": time.monotonic() - started, "error": error}


def unix_ask(batch: Batch, path: str, question: str, answer_bytes: int, timeout_s: float) -> Facts:
    deadline = time.monotonic() + timeout_s
    answer = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        try:
            asked.settimeout(timeout_s)
            asked.connect(path)
            asked.sendall(base64.b64decode(question))
            while len(answer) < MAX_FRAME // 4:
                asked.settimeout(max(0.001, deadline - time.monotonic()))
                piece = asked.recv(answer_bytes - len(answer) if answer_bytes else 65536)
                answer += piece
                if not piece or len(answer) == answer_bytes:
                    return {"answer": base64.b64encode(answer).decode()}
        except OSError as problem:   # a timeout too
            raise Refusal(f"{path}: {problem.strerror or problem}") from None
    raise Refusal(f"{path}: the answer has no end")


# ---- the conversation ----------------------------------------------------------------------------

VERBS: dict[str, Callable[..., object]] = {
    "file_facts": file_facts, "read_file": read_file, "read_tree": read_tree,
    "write_file": write_file,
    "make_directory": make_directory, "remove_file": remove_file, "run": run, "unit_facts": unit_facts,
    "unit_processes": unit_processes, "unit": unit, "http_get": http_get, "tcp_connect": tcp_connect,
    "unix_ask": unix_ask, "package_facts": package_facts, "install_packages": install_packages}


def explain(problem: OSError) -> str:
    """What an error of the system means to the person who reads it."""
    where = f" ({problem.filename})" if problem.filename else ""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{where}: {problem.strerror}; nothing was changed"
    if problem.errno == errno.EROFS:
        return f"the file system is mounted read-only{where}"
    return f"{problem.strerror or problem}{where}"


def attempt(batch: Batch, request: Facts) -> Facts:
    """One request's reply."""
    options = dict(request)
    verb = VERBS.get(options.pop("verb", ""))
    try:
        if verb is None:
            raise Refusal("the agent does not know the verb {!r}".format(request.get("verb")))
        if batch.cancelled:
            raise Refusal("cancelled")
        return {"ok": verb(batch, **options)}
    except Refusal as refusal:
        return {"failed": str(refusal)}
    except OSError as problem:
        return {"failed": explain(problem)}
    except (TypeError, ValueError, KeyError) as problem:
        return {"failed": f"{type(problem).__name__}: {problem}"}


class Attempt(threading.Thread):
    """A request on its own thread, because a hanging file system cannot be interrupted, only left alone."""

    def __init__(self, batch: Batch, request: Facts) -> None:
        super().__init__(daemon=True)
        self.batch = batch
        self.request = request
        self.reply: Facts | None = None
        self.deadline = time.monotonic() + request.get("timeout_s", PLAIN_TIMEOUT_S) + MARGIN_S
        self.start()

    def run(self) -> None:
        self.reply = attempt(self.batch, self.request)

    def result(self) -> Facts:
        self.join(max(0.0, self.deadline - time.monotonic()))
        return self.reply or {"failed": "no end after its time; a file system may hang"}


def answer(batch: Batch, frame: Facts) -> list[Facts]:
    if frame.get("together"):
        return [started.result() for started in [Attempt(batch, request) for request in frame["requests"]]]
    return [Attempt(batch, request).result() for request in frame["requests"]]


class Conversation:
    """The frames of one pipe; ``out`` is a descriptor that nothing else writes to."""

    def __init__(self, source: IO[bytes], out: int) -> None:
        self.source = source
        self.out = out
        self.sending = threading.Lock()
        self.batches: dict[int, Batch] = {}

    def send(self, frame: Facts) -> None:
        data = json.dumps(frame, separators=(",", ":")).encode()
        rest = memoryview(struct.pack(">I", len(data)) + data)
        with self.sending:
            try:
                while rest:
                    rest = rest[os.write(self.out, rest):]
            except OSError:
                self.leave()

    def receive(self) -> Facts | None:
        """The next frame; None at the end of the pipe."""
        head = self.source.read(4)
        if len(head) < 4:
            return None
        size = struct.unpack(">I", head)[0]
        data = self.source.read(size) if size <= MAX_FRAME else b""
        frame: Facts | None = json.loads(data) if len(data) == size else None
        return frame

    def serve(self, number: int, frame: Facts, batch: Batch) -> None:
        replies = answer(batch, frame)
        self.batches.pop(number, None)
        self.send({"id": number, "replies": replies})

    def talk(self) -> NoReturn:
        while True:
            frame = self.receive()
            if frame is None:
                self.leave()
            if "cancel" in frame:
                batch = self.batches.get(frame["cancel"])
                if batch is not None:
                    batch.cancel()
                continue
            batch = self.batches[frame["id"]] = Batch()
            threading.Thread(target=self.serve, args=(frame["id"], frame, batch), daemon=True).start()

    def leave(self, *_: object) -> NoReturn:
        """Take the children along. Threads may be stuck in the kernel: do not wait for them."""
        for batch in list(self.batches.values()):
            batch.cancel()
        HOLDING_BACK.remove()
        os._exit(0)


def main() -> NoReturn:
    out = os.dup(1)
    fcntl.fcntl(out, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    os.dup2(2, 1)   # a stray print goes to stderr and cannot be mistaken for a frame
    os.umask(0o022)
    conversation = Conversation(sys.stdin.buffer, out)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, conversation.leave)
    os.write(out, READY)
    conversation.talk()


if __name__ == "__main__":
    main()
