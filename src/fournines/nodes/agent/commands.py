"""Commands: run to their end or killed as a group, with the end of what they said."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import threading
import time

from fournines.nodes.agent import Refusal

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    from typing import IO, Any

    from fournines.nodes.agent import Facts

OUTPUT_LIMIT = 1 << 20        # of each of stdout and stderr, the end is kept
REASON_LIMIT = 4000           # characters of a command's words in a reason
PIPE_GRACE_S = 1.0            # how long to read on when a command has left a daemon holding its output
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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


class Tail(threading.Thread):
    """Reads a stream to its end and keeps the last OUTPUT_LIMIT bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.kept = bytearray()
        self.cut = False
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                piece = os.read(self.stream.fileno(), 65536)
                if not piece:
                    return
                self.kept += piece
                if len(self.kept) > OUTPUT_LIMIT:
                    self.cut = True
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
    if tails[0].cut and process.returncode == 0:   # whoever reads it would take a part for the whole
        raise Refusal(f"{argv[0]} printed more than {OUTPUT_LIMIT >> 20} MiB")
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
