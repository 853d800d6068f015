"""The conversation: frames, batches side by side, and each request on a thread of its own."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import struct
import sys
import threading
import time

from fournines.nodes.agent import MAX_FRAME, READY, Refusal
from fournines.nodes.agent.asking import http_get, tcp_connect, unix_ask
from fournines.nodes.agent.commands import Batch, run
from fournines.nodes.agent.packages import HOLDING_BACK, install_packages, package_facts
from fournines.nodes.agent.reading import file_facts, read_file, read_tree
from fournines.nodes.agent.units import unit, unit_facts, unit_processes
from fournines.nodes.agent.writing import make_directory, remove_file, write_file

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, NoReturn

    from fournines.nodes.agent import Facts

PLAIN_TIMEOUT_S = 30.0        # of a request that names no timeout: only a hanging file system needs it
MARGIN_S = 10.0               # what a request may take beyond its own timeout, to clean up and explain
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
