"""Two Keystones behind HAProxy in a network namespace of its own, and one of them hangs: run by
test_sent_again.py. Argument: the configuration. Prints for each request what its client got, and what the one
that hangs had been given."""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time

from stage import Player, haproxy, listen

KINDS = ("GET /v3/auth/tokens", "POST /v3/auth/tokens", "POST /v3/users", "DELETE /v3/auth/tokens")
BODY = b'{"auth": {}}'


class Keystone(Player):
    """Answers at once who asks whether it is well, and others so late that the next goes elsewhere."""

    hung = threading.Event()
    given: tuple[str, ...] = ()

    def answer(self) -> None:
        if Keystone.hung.is_set() and self.server.server_address[0] == "127.42.0.11":
            Keystone.given += (f"{self.command} {self.path}",)
            time.sleep(60)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/healthcheck":
            time.sleep(1.0)
        self.say(200)

    do_GET = do_POST = do_DELETE = answer


def ask(kind: str, statuses: list[int]) -> None:
    """The body in a packet of its own, as clients do."""
    method, path = kind.split()
    body = BODY if method == "POST" else b""
    asked = http.client.HTTPConnection("127.42.0.101", 5000, timeout=30)
    try:
        asked.putrequest(method, path)
        asked.putheader("Content-Length", str(len(body)))
        asked.endheaders()
        time.sleep(0.02)   # HAProxy would have passed the head on
        asked.send(body)
        statuses.append(asked.getresponse().status)
    finally:
        asked.close()


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in ("127.42.0.11", "127.42.0.12"):
        listen(address, 5000, Keystone)
    told: dict[str, list[int]] = {kind: [] for kind in KINDS}
    with haproxy(3.5):
        Keystone.hung.set()
        asking = [threading.Thread(target=ask, args=(kind, told[kind])) for kind in KINDS for _ in range(2)]
        for each in asking:   # of two, who has fewer connections gets the next
            each.start()
            time.sleep(0.05)
        for each in asking:
            each.join()
    print(json.dumps({"told": told, "given": [kind for kind in KINDS if kind in Keystone.given]}))


main()
