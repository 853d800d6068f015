"""Other processes of the node, asked at their sockets."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time

from fournines.nodes.agent import MAX_FRAME, Refusal

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    import http.client

    from fournines.nodes.agent import Facts
    from fournines.nodes.agent.commands import Batch

BODY_LIMIT = 256 << 10


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
