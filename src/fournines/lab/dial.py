"""Run as a script inside the fabric: connect stdin and stdout to an address; OpenSSH's ProxyCommand here.

    nsenter --net=NAMESPACE python3 -I -S dial.py ADDRESS PORT

Standard library only.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

CONNECT_TIMEOUT_S = 10.0
CHUNK = 1 << 16


def main(address: str, port: int) -> None:
    """Ends when the other side closes."""
    with socket.create_connection((address, port), CONNECT_TIMEOUT_S) as link:
        link.settimeout(None)

        def send() -> None:
            while chunk := os.read(0, CHUNK):
                link.sendall(chunk)
            link.shutdown(socket.SHUT_WR)

        threading.Thread(target=send, daemon=True).start()
        while chunk := link.recv(CHUNK):
            os.write(1, chunk)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except OSError as problem:
        sys.exit(f"{sys.argv[1]}:{sys.argv[2]}: {problem}")
