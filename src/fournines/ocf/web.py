"""One HTTP exchange, as little as an agent needs of it: no redirects, no proxies, one bound for all of it."""

from __future__ import annotations

import socket
import time

MAX_BYTES = 1 << 20
CHUNK = 1 << 16


class NoAnswer(Exception):
    """Refused, silent for too long, or not HTTP."""


class Answer:
    """``status``, ``headers`` (names in lower case) and ``body`` of what came back."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


def split(url: str) -> tuple[str, int, str]:
    """Host, port and path of ``http://HOST:PORT/PATH``; ValueError where it is something else."""
    scheme, colon, rest = url.partition("://")
    if not colon or scheme.lower() != "http":
        raise ValueError(f"not an http:// address: {url}")
    place, _, path = rest.partition("/")
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, "80"
    if not host or not port.isdigit():
        raise ValueError(f"not an http:// address: {url}")
    return host.strip("[]"), int(port), f"/{path}"


def ask(url: str, within_s: float, *, method: str = "GET", headers: dict[str, str] | None = None,
        body: bytes = b"", through: str = "") -> Answer:
    """One request, over TCP or ``through`` a UNIX socket. The whole exchange has ``within_s`` seconds, so a
    server that trickles is found too."""
    try:
        host, port, path = split(url)
    except ValueError as problem:
        raise NoAnswer(str(problem)) from None
    end = time.monotonic() + within_s
    lines = [f"{method} {path} HTTP/1.0", f"Host: {host}:{port}", "Accept: application/json",
             f"Content-Length: {len(body)}", "Connection: close",
             *(f"{name}: {value}" for name, value in (headers or {}).items())]
    try:
        with _opened(host, port, through, within_s) as link:
            link.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            received = bytearray()
            while not _complete(received):
                link.settimeout(max(0.001, end - time.monotonic()))
                part = link.recv(CHUNK)
                if not part or len(received) > MAX_BYTES:
                    break
                received += part
                if time.monotonic() > end:
                    raise TimeoutError
    except TimeoutError:
        raise NoAnswer(f"{method} {url}: no whole answer within {within_s:g} s") from None
    except OSError as problem:
        raise NoAnswer(f"{method} {url}: {problem.strerror or problem}") from None
    return _parsed(bytes(received), f"{method} {url}")


def _opened(host: str, port: int, through: str, within_s: float) -> socket.socket:
    if not through:
        return socket.create_connection((host, port), timeout=within_s)
    link = socket.socket(socket.AF_UNIX)
    try:
        link.settimeout(within_s)
        link.connect(through)
    except OSError:
        link.close()
        raise
    return link


def _complete(received: bytearray) -> bool:
    """Whether all that the head announced is there; without an announcement the end of the stream is it."""
    head, blank, body = bytes(received).partition(b"\r\n\r\n")
    if not blank:
        return False
    length = _headers(head).get("content-length", "")
    return length.isdigit() and len(body) >= int(length)


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _parsed(received: bytes, asked: str) -> Answer:
    head, blank, body = received.partition(b"\r\n\r\n")
    words = head.split(b"\r\n")[0].split()
    if not blank or len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise NoAnswer(f"{asked}: the answer is not HTTP")
    headers = _headers(head)
    length = headers.get("content-length", "")
    if length.isdigit() and len(body) < int(length):
        raise NoAnswer(f"{asked}: the answer breaks off")
    return Answer(int(words[1]), headers, body)
