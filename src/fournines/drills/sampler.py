"""Runs on a node during a drill and tells, many times a second, which addresses the node holds.

Sent like the agent and never installed; standard library only, Python 3.9 or newer. One line of JSON comes in
first: {"addresses": [...], "period_s": 0.1}. Out go {"t": seconds, "held": [...]}, and {"pong": n, "t":
seconds} for every line "n" that comes in; "t" is the node's monotonic clock. Ends when its input does.
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
import time

READY = b"\n\x00fournines-sampler-ready\x00\n"
ROUTES = "/proc/net/fib_trie"


def held(addresses: list[str], routes: str) -> list[str]:
    """Those of ``addresses`` that are local. Binding would not tell: ip_nonlocal_bind may be on."""
    return [address for address in addresses
            if re.search(r"\|-- " + re.escape(address) + r"\n\s+/32 host LOCAL", routes)]


def say(what: dict[str, object]) -> None:
    os.write(1, json.dumps(what, separators=(",", ":")).encode() + b"\n")


def main() -> None:
    os.write(1, READY)
    wanted = json.loads(sys.stdin.buffer.readline())
    due = time.monotonic()
    pending = b""
    while True:
        now = time.monotonic()
        if now >= due:
            with open(ROUTES) as routes:
                text = routes.read()
            say({"t": now, "held": held(wanted["addresses"], text)})
            due = max(due + wanted["period_s"], now)   # late ones are left out, not made up for
            continue
        if select.select([0], [], [], due - now)[0]:
            piece = os.read(0, 4096)
            if not piece:
                return
            *lines, pending = (pending + piece).split(b"\n")
            for line in lines:
                say({"pong": int(line), "t": time.monotonic()})


if __name__ == "__main__":
    main()
