#!/usr/bin/python3
"""The health of this Galera member over HTTP: the endpoint that the guide leaves as "coming soon".

    GET /        200 when this member may take clients, else 503; the reason as text
    GET /state   200 and all that is known, as JSON; also while mariadbd is stopped, waits its turn, or hangs

One thread keeps one connection and asks every ``poll_s``; requests are answered from what it saw last. So any
number of checks costs the database the same, every answer is immediate, and a mariadbd that accepts but never
answers shows as an observation that grows old. Shipped as /usr/lib/fournines/galera_health.py.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Protocol

SETTINGS = "/etc/fournines/galera.json"
WAITING, JOINING = "/run/fournines/galera/waiting.json", "/run/fournines/galera/joining"
SYNCED, DONOR = "4", "2"


@dataclass(frozen=True)
class Settings:
    """What the endpoint is told; durations in seconds. After a silence of ``frozen_s`` the cluster may have
    gone on without this member, which learns it only within ``settle_s`` of its waking."""

    node: str
    address: str
    port: int
    socket: str
    account: str
    poll_s: float
    stale_after_s: float
    frozen_s: float
    settle_s: float
    serve_as_donor: bool

    @classmethod
    def load(cls, path: str) -> Settings:
        """The part of the settings file that is ours."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(data["node"], data["address"], data["port"], data["socket"], data["account"],
                   **data["health"])


@dataclass(frozen=True)
class Observation:
    """``at`` is monotonic seconds; ``problem`` is why mariadbd gave no answer, then ``status`` is empty.
    ``settling_until`` is when to believe a member that was silent for long."""

    at: float
    status: Mapping[str, str]
    problem: str = ""
    settling_until: float = 0.0


def verdict(seen: Observation, now: float, settings: Settings) -> tuple[bool, str]:
    """Whether clients may be sent here, and the reason. Pure."""
    age_s = now - seen.at
    if age_s > settings.stale_after_s:
        return False, f"mariadbd has not answered for {age_s:.1f} s"
    if seen.problem:
        return False, seen.problem
    if now < seen.settling_until:
        return False, f"mariadbd was silent; believed in {seen.settling_until - now:.1f} s"
    status = seen.status
    states = (SYNCED, DONOR) if settings.serve_as_donor else (SYNCED,)
    if status.get("wsrep_cluster_status") != "Primary":
        return False, f"in no primary component ({status.get('wsrep_cluster_status', 'no wsrep')})"
    if status.get("wsrep_ready") != "ON":
        return False, "wsrep_ready is OFF"
    if status.get("wsrep_local_state") not in states:
        return False, f"this member is {status.get('wsrep_local_state_comment', 'in an unknown state')}"
    if status.get("read_only", "OFF") != "OFF":
        return False, f"read_only is {status['read_only']}"
    return True, f"{status.get('wsrep_local_state_comment')}, cluster of {status.get('wsrep_cluster_size')}"


class Connection(Protocol):
    """One connection to mariadbd."""

    def status(self) -> dict[str, str]: ...


class SocketConnection:
    """Over the UNIX socket, authenticated by the operating system: there is no password to steal."""

    def __init__(self, settings: Settings) -> None:
        import pymysql

        # Not by init_command, which commits, and that is refused for want of a primary component.
        self._connection = pymysql.connect(
            unix_socket=settings.socket, user=settings.account, autocommit=None, connect_timeout=5,
            write_timeout=5, read_timeout=settings.frozen_s + 5)
        with self._connection.cursor() as cursor:
            # Waiting for causality, a member that cannot reach the others would hang instead of saying so.
            cursor.execute("SET SESSION wsrep_sync_wait = 0")

    def status(self) -> dict[str, str]:
        """Status and variables by name. SHOW also works where SELECT is refused for want of a component."""
        with self._connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'wsrep\\_%'")
            status = dict(cursor.fetchall())
            cursor.execute("SHOW GLOBAL VARIABLES LIKE 'read\\_only'")
            return {**status, **dict(cursor.fetchall())}


class Observer:
    """Asks again and again; ``latest`` is replaced as a whole, so readers need no lock."""

    def __init__(self, settings: Settings, connect: Callable[[Settings], Connection] = SocketConnection,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._connect = connect
        self._clock = clock
        self._connection: Connection | None = None
        self._settling_until = 0.0
        self.latest = Observation(clock(), {}, "mariadbd has not been asked yet")

    def observe(self) -> None:
        """Ask once; connect where there is no connection."""
        before = self.latest.at
        try:
            self._connection = self._connection or self._connect(self._settings)
            status, problem = self._connection.status(), ""
        except Exception as error:  # whatever the driver raises means the same: no answer, for this reason
            self._connection = None
            said = error.args[-1] if error.args else type(error).__name__
            status, problem = {}, f"mariadbd does not answer: {said}"
        now = self._clock()
        if now - before > self._settings.frozen_s:
            self._settling_until = now + self._settings.settle_s
        self.latest = Observation(now, status, problem, self._settling_until)

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set."""
        while not stop.wait(self._settings.poll_s):
            self.observe()


def waiting(path: str = WAITING) -> dict[str, object] | None:
    """What ``galera_start.py`` published, while it waits; None when it does not. Its process is told by
    number and start time, so that what a killed one left behind counts for nothing."""
    try:
        published = json.loads(Path(path).read_text(encoding="utf-8"))
        alive = process_started(published["pid"]) == published["pid_started"]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    return published if alive else None


def process_started(pid: int) -> str:
    """When the process began, in ticks since boot (proc(5), stat, field 22)."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]


def state(seen: Observation, now: float, settings: Settings) -> dict[str, object]:
    """The answer to ``/state``."""
    serving, reason = verdict(seen, now, settings)
    fresh = not seen.problem and now - seen.at <= settings.stale_after_s
    return {"node": settings.node, "serving": serving, "reason": reason, "age_s": round(now - seen.at, 3),
            "status": dict(seen.status) if fresh else {}, "waiting": waiting(),
            "joining": Path(JOINING).exists()}


def handler(observer: Observer, settings: Settings) -> type[BaseHTTPRequestHandler]:
    """The request handler that answers from ``observer``."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # a client that sends nothing does not keep its thread

        def do_GET(self) -> None:
            seen, now = observer.latest, time.monotonic()
            if self.path == "/state":
                self._answer(200, "application/json", json.dumps(state(seen, now, settings)))
            elif self.path == "/":
                serving, reason = verdict(seen, now, settings)
                self._answer(200 if serving else 503, "text/plain; charset=utf-8", reason + "\n")
            else:
                self._answer(404, "text/plain; charset=utf-8", "ask for / or /state\n")

        do_HEAD = do_GET
        do_OPTIONS = do_GET  # HAProxy's check when no method is named

        def _answer(self, code: int, kind: str, body: str) -> None:
            content = body.encode()
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Several checks a second are not worth a journal line each."""

    return Handler


class Server(ThreadingMixIn, TCPServer):
    """A thread per request. Not ``HTTPServer``, which asks the name service for its own name first."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away mid-answer is not worth a line."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"{client_address}: {error!r}", file=sys.stderr, flush=True)


def report_changes(observer: Observer, settings: Settings) -> None:
    """A journal line whenever the verdict changes; for ever."""
    last = ""
    while True:
        serving, reason = verdict(observer.latest, time.monotonic(), settings)
        line = f"{'serving' if serving else 'not serving'}: {reason}"
        kind = line if serving else line.rpartition(" for ")[0] or line
        if kind != last:
            print(line, flush=True)
            last = kind
        time.sleep(settings.stale_after_s)


def main() -> None:
    """Serve until stopped."""
    settings = Settings.load(SETTINGS)
    observer = Observer(settings)
    threading.Thread(target=observer.run, args=(threading.Event(),), daemon=True).start()
    threading.Thread(target=report_changes, args=(observer, settings), daemon=True).start()
    Server((settings.address, settings.port), handler(observer, settings)).serve_forever()


if __name__ == "__main__":
    main()
