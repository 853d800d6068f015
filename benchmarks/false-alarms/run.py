"""How often the derived timers raise an alarm when nothing has failed.

Stalls that a busy or virtualized machine really has: one node executes nothing for 200, 500 or 1000 ms (as
in a long garbage collection, or on a stolen processor), and all nodes saturate the processors while clients
ask more often than in a drill. Nothing is broken, so every alarm is a false one: a VIP that moves, a
member that HAProxy takes out, a Galera member that is suspected, a broker that is given up.

Needs root and the example's lab, which is built first.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from fournines.blueprint.requests import Failed, JsonValue, Request, Run, UnixAsk
from fournines.cli.drill_place import place_of
from fournines.cli.opened import Opened, open_cluster
from fournines.cli.reaching import Via, connected
from fournines.drills.crowd import crowd
from fournines.drills.history import HistoryWriter, read
from fournines.drills.settings import PERIOD_S
from fournines.lab.lab import Lab
from fournines.layers.loadbalancer.haproxy_config import SOCKET
from fournines.nodes.node import Node

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "three-controllers.yaml"
FOURNINES = ROOT / ".venv" / "bin" / "fournines"
SEED = 20260101
SETTLE_S = 8.0        # longer than the slowest alarm takes to show
QUIET_S = 60.0
BUSY_PROCESSES = 4    # per node, unless told; three nodes share the host's processors
MORE_OFTEN = 10.0     # than the clients of a drill ask, unless told
NO_MEMBERS = ("reached_", "with_")   # what HAProxies ask each other: down is an answer there
# How a node tells how often each alarm has been raised there: by what is written, or by a counter.
JOURNAL = ("journalctl", "-o", "cat", "-u")


def _questions(node: str) -> Mapping[str, Request]:
    log = f"/var/log/rabbitmq/rabbit@{node}.log"
    return {
        "VIP moved": Run((*JOURNAL, "keepalived", "-g", "Entering MASTER STATE"), check=False),
        "HAProxy member down": UnixAsk(SOCKET, b"show stat -1 4 -1\n"),
        "Galera member suspected": Run((*JOURNAL, "mariadb", "-g", "suspecting node"), check=False),
        "broker given up": Run(("grep", "-hE", "node rabbit@[^ ]+ down:", log), check=False),
    }


def main() -> int:
    """Build the lab, then stall it."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stalls", nargs="?", type=int, default=20, help="of each length")
    parser.add_argument("--busy-min", type=float, default=1.0, metavar="MINUTES", help="how long to saturate")
    parser.add_argument("--busy", type=int, default=BUSY_PROCESSES, metavar="PROCESSES",
                        help="in every node while it is saturated")
    parser.add_argument("--often", type=float, default=MORE_OFTEN, metavar="TIMES",
                        help="as often as in a drill clients ask meanwhile")
    asked = parser.parse_args()
    subprocess.run([FOURNINES, "lab", "up", EXAMPLE], check=True)
    return asyncio.run(_stall_all(asked.stalls, asked.busy_min * 60, asked.busy, asked.often))


async def _stall_all(stalls: int, busy_s: float, busy: int, often: float) -> int:
    """Every kind of stall, a line each, and the total."""
    opened = open_cluster(EXAMPLE)
    order = random.Random(SEED)  # noqa: S311 - which node is stalled, not a secret
    total = count = 0
    async with connected(opened, Via.LAB) as nodes:
        total += await _count("quiet", nodes, 1, lambda: asyncio.sleep(QUIET_S))
        for stall_ms in (200, 500, 1000):
            total += await _count(f"one node frozen for {stall_ms} ms", nodes, stalls,
                                  partial(_freeze, opened, order, stall_ms / 1000))
            count += stalls
        what = f"{busy} busy processes in every node and clients {often:g} times as often, for {busy_s:g} s"
        total += await _count(what, nodes, 1, lambda: _saturate(opened, nodes, busy_s, busy, often))
        count += 1
    print(f"seed {SEED}; false alarms {total} in {count} stalls")
    return 0


async def _count(what: str, nodes: Mapping[str, Node], times: int,
                 stall: Callable[[], Awaitable[None]]) -> int:
    before = await _alarms(nodes)
    for _ in range(times):
        await stall()
        await asyncio.sleep(SETTLE_S if times > 1 else 0)
    await asyncio.sleep(SETTLE_S)
    after = await _alarms(nodes)
    seen = {alarm: after[alarm] - before[alarm] for alarm in after}
    shown = ", ".join(f"{alarm} {count}" for alarm, count in seen.items())
    print(f"{what}, {times} times: {shown}", flush=True)
    return sum(seen.values())


async def _alarms(nodes: Mapping[str, Node]) -> dict[str, int]:
    """How often each alarm has ever been raised, on all nodes together."""
    total: dict[str, int] = {}
    for node in nodes.values():
        questions = _questions(node.name)
        for alarm, reply in zip(questions, await node.ask(list(questions.values())), strict=True):
            if isinstance(reply, Failed) or not isinstance(reply, dict):
                raise SystemExit(f"{node.name} does not tell of {alarm}: {reply}")
            total[alarm] = total.get(alarm, 0) + _count_of(reply)
    return total


def _count_of(reply: Mapping[str, JsonValue]) -> int:
    """Lines, or of HAProxy's statistics how often each member went down (column chkdown)."""
    if "answer" in reply:
        told = UnixAsk.answer(dict(reply)).decode("ascii", "replace")
        rows = csv.DictReader(io.StringIO(told.removeprefix("# ").strip()))
        return sum(int(row["chkdown"] or 0) for row in rows if not row["pxname"].startswith(NO_MEMBERS))
    return sum(not line.startswith("-- ") for line in str(reply["stdout"]).splitlines())


async def _freeze(opened: Opened, order: random.Random, stall_s: float) -> None:
    machine = order.choice(Lab(opened.cluster).machines)
    await asyncio.to_thread(machine.freeze)
    try:
        await asyncio.sleep(stall_s)
    finally:
        await asyncio.to_thread(machine.thaw)


async def _saturate(opened: Opened, nodes: Mapping[str, Node], busy_s: float, busy: int,
                    often: float) -> None:
    burn = ("timeout", f"{busy_s:g}", "python3", "-c", "while True: pass")
    requests = [Run(burn, check=False, timeout_s=busy_s + 30)] * busy
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "history.jsonl")
        async with place_of(opened, Via.LAB, None) as place:
            periods_s = {path: period_s / often for path, period_s in PERIOD_S.items()}
            # They are the load and not the instrument: before the nodes they would take a processor of two.
            settings = replace(place.clients(f"busy_{time.monotonic_ns():x}"), periods_s=periods_s,
                               ahead=False)
            with HistoryWriter(record) as written:
                log = Path(folder, "clients.log")
                async with crowd(place.client_prefix, settings, written, log) as clients:
                    await clients.ready()
                    await asyncio.gather(asyncio.sleep(busy_s), *(
                        node.ask(requests, together=True, timeout_s=busy_s + 60) for node in nodes.values()))
                    await clients.stop()
        outcomes = Counter(each.outcome.value for each in read(record).operations)
    shown = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    print(f"requests of clients meanwhile: {shown}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
