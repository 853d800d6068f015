"""ctl3's HAProxy in a network namespace of its own, a service of the other two, and whom the second reaches:
run by test_alive.py. Argument: the configuration. Prints after how many seconds /alive changed, or null."""

from __future__ import annotations

import http.client
import json
import subprocess
import time

from stage import Player, haproxy, listen

LONGEST_S = 12.0


class Second(Player):
    """ctl2, which is asked whom it reaches."""

    reaches = True

    def do_GET(self) -> None:
        self.say(200 if Second.reaches and self.path == "/reaches/ctl1" else 404)


class Service(Player):
    """A service that is well."""

    def do_GET(self) -> None:
        self.say(200)


def alive() -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", 8404, timeout=5)
    try:
        asked.request("GET", "/alive")
        return asked.getresponse().status == 200
    finally:
        asked.close()


def until(wanted: bool, within_s: float) -> float | None:
    begun = time.monotonic()
    while time.monotonic() - begun < within_s:
        if alive() is wanted:
            return time.monotonic() - begun
        time.sleep(0.05)
    return None


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listen("127.42.0.12", 8405, Second)
    listen("127.42.0.12", 5000, Service)
    first = listen("127.42.0.11", 5000, Service)
    with haproxy(1.5):
        told: dict[str, float | None] = {"while all is well": until(False, 3.0)}
        Second.reaches = False
        first.shutdown()
        first.server_close()
        told["lost to all"] = until(False, LONGEST_S / 2)
        Second.reaches = True
        told["lost to this one"] = until(False, LONGEST_S)
        Second.reaches = False
        told["given up by the other, too"] = until(True, LONGEST_S)
        Second.reaches = True
        told["again"] = until(False, LONGEST_S)
        listen("127.42.0.11", 5000, Service)
        told["there again"] = until(True, LONGEST_S)
    print(json.dumps(told))


main()
