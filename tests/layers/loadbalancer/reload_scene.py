"""ctl1's HAProxy in a network namespace of its own, told twice to go on with a new configuration: first while
somebody else has an address of it, then while nobody has. Run by test_loadbalancer_health.py; argument: the
configuration. Prints what the socket of its operators answers each time, and whether /alive does."""

from __future__ import annotations

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
QUESTION = b"show info;show stat -1 4 -1\n"
OWN = f"\nglobal\n    stats socket {SOCKET} level operator\n"


def ask() -> str:
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(str(SOCKET))
        asked.sendall(QUESTION)
        return b"".join(iter(lambda: asked.recv(65536), b"")).decode()


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
        time.sleep(1.5)
        told = {"before": ask()}
        CONFIGURATION.write_text(text.replace("'configuration ", "'configuration 1234") + OWN
                                 + "listen taken\n    bind 127.0.0.1:7777\n")
        with socket.create_server(("127.0.0.1", 7777)):
            subprocess.run(["haproxy", "-c", "-q", "-f", CONFIGURATION], check=True)
            haproxy.send_signal(signal.SIGUSR2)
            time.sleep(2.5)
            told["failed"], served = ask(), alive()
        haproxy.send_signal(signal.SIGUSR2)
        time.sleep(1.5)
        told["done"] = ask()
    finally:
        haproxy.terminate()
        haproxy.wait(10)
    print(json.dumps({**told, "served": served}))


main()
