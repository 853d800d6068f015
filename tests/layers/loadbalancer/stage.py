"""What scenes around a real HAProxy have in common; they run in a network namespace of their own."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Player(BaseHTTPRequestHandler):
    """Something that answers requests, and says nothing of them."""

    def say(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Not here."""


def listen(address: str, port: int, what: type[Player]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer((address, port), what)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


@contextmanager
def haproxy(settled_s: float) -> Iterator[None]:
    """With the configuration that is the scene's argument; after that time it listens, and knows by its
    checks who is there."""
    process = subprocess.Popen(["haproxy", "-db", "-f", sys.argv[1]], stderr=subprocess.DEVNULL)
    try:
        time.sleep(settled_s)
        yield
    finally:
        process.terminate()
        process.wait(10)
