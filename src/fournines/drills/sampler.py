"""Runs on a node during a drill and tells, many times a second, which addresses the node holds, and twice a
second in which primary component its database says that it is.

Sent like the agent and never installed; standard library only, Python 3.9 or newer. One line of JSON comes in
first: {"addresses": [...], "period_s": 0.1, "state_url": ""}. Out go {"t": seconds, "view": "uuid:number"},
{"t": seconds, "held": [...], "quiet": bool}, and {"pong": n, "t": seconds} for every line "n" that comes in;
"t" is the node's monotonic clock. "quiet" says that the kernel has told of no change of an address since the
line before, however long ago that was: this was held all along. Ends when its input does.
"""

from __future__ import annotations

import errno
import json
import os
import re
import select
import socket
import sys
import threading
import time
import urllib.request

READY = b"\n\x00fournines-sampler-ready\x00\n"
ROUTES = "/proc/net/fib_trie"
STATE_PERIOD_S = 0.5
ADDRESSES = 0x10   # rtnetlink(7): RTMGRP_IPV4_IFADDR


def held(addresses: list[str], routes: str) -> list[str]:
    """Those of ``addresses`` that are local. Binding would not tell: ip_nonlocal_bind may be on."""
    return [address for address in addresses
            if re.search(r"\|-- " + re.escape(address) + r"\n\s+/32 host LOCAL", routes)]


def listener() -> socket.socket:
    """What the kernel tells of this node's addresses, from now on."""
    told = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    told.bind((0, ADDRESSES))
    told.setblocking(False)
    return told


def changed(told: socket.socket) -> bool:
    """Whether it has told of anything since it was last asked, or of more than there was room for."""
    found = False
    while True:
        try:
            told.recv(65536)
        except BlockingIOError:
            return found
        except OSError as problem:
            if problem.errno != errno.ENOBUFS:
                raise
        found = True


def say(what: dict[str, object]) -> None:
    os.write(1, json.dumps(what, separators=(",", ":")).encode() + b"\n")


def view(state: dict[str, object]) -> str | None:
    """From the health endpoint's answer; empty where the database is in no primary component, None where it
    does not say."""
    status = state.get("status")
    if not isinstance(status, dict) or "wsrep_cluster_status" not in status:
        return None
    if status["wsrep_cluster_status"] != "Primary":
        return ""
    return f"{status.get('wsrep_cluster_state_uuid')}:{status.get('wsrep_cluster_conf_id')}"


def watch_component(url: str, period_s: float) -> None:
    """For ever, in a thread of its own: an answer that does not come holds up nothing else."""
    proxies = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with proxies.open(url, timeout=period_s) as answer:
                state = json.load(answer)
            seen = view(state)
            if seen is not None:
                say({"t": time.monotonic() - float(state["age_s"]), "view": seen})
        except (OSError, ValueError, KeyError, TypeError):
            pass
        time.sleep(period_s)


def main() -> None:
    os.write(1, READY)
    wanted = json.loads(sys.stdin.buffer.readline())
    if wanted.get("state_url"):
        threading.Thread(target=watch_component, args=(wanted["state_url"], STATE_PERIOD_S),
                         daemon=True).start()
    told, quiet = listener(), False
    due = time.monotonic()
    pending = b""
    while True:
        now = time.monotonic()
        if now >= due:
            quiet = not changed(told) and quiet
            with open(ROUTES) as routes:
                text = routes.read()
            say({"t": now, "held": held(wanted["addresses"], text), "quiet": quiet})
            quiet = True
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
