"""ctl1's HAProxy in a network namespace of its own, told twice to go on with a new configuration: first while
somebody else has an address of it, then while nobody has. Run by test_loadbalancer_health.py; argument: the
configuration. Prints what the socket of its operators answers each time, and whether /alive does."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

CONFIGURATION = Path(sys.argv[1])
SOCKET = CONFIGURATION.with_name("admin.sock")
STARTED_S = 30.0
QUESTION = b"show info;show stat -1 4 -1\n"
OWN = f"\nglobal\n    stats socket {SOCKET} level operator\n"


def ask() -> str:
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(str(SOCKET))
        asked.sendall(QUESTION)
        return b"".join(iter(lambda: asked.recv(65536), b"")).decode()


def wait_until(words: str) -> None:
    """It says so; in vain where it does not in time, which what it says then shows."""
    end = time.monotonic() + STARTED_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):   # the one does not listen any more, or the other not yet
            if words in ask():
                return
        time.sleep(0.1)


def alive() -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", 8404, timeout=5)
    try:
        asked.request("GET", "/alive")
        asked.getresponse().read()
        return True
    finally:
        asked.close()


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    text = CONFIGURATION.read_text()
    CONFIGURATION.write_text(text + OWN)
    haproxy = subprocess.Popen(["haproxy", "-W", "-f", CONFIGURATION], stderr=subprocess.DEVNULL)
    try:
        wait_until("configuration ")
        told = {"before": ask()}
        CONFIGURATION.write_text(text.replace("'configuration ", "'configuration 1234") + OWN
                                 + "listen taken\n    bind 127.0.0.1:7777\n")
        with socket.create_server(("127.0.0.1", 7777)):
            subprocess.run(["haproxy", "-c", "-q", "-f", CONFIGURATION], check=True)
            haproxy.send_signal(signal.SIGUSR2)
            time.sleep(2.5)
            told["failed"], served = ask(), alive()
        haproxy.send_signal(signal.SIGUSR2)
        wait_until("configuration 1234")
        told["done"] = ask()
    finally:
        haproxy.terminate()
        haproxy.wait(10)
    print(json.dumps({**told, "served": served}))


main()
