"""How often the derived timers raise an alarm when nothing has failed.

Stalls that a busy or virtualized machine really has: one node executes nothing for 200, 500 or 1000 ms (as in
a long garbage collection, or on a stolen processor), and all nodes saturate the processors for a minute.
Nothing is broken, so every alarm is a false one: a VIP that moves, a member that HAProxy takes out, a Galera
member that is suspected, a broker that is given up.

Needs root and the example's lab, which is built first. Usage: run.py [STALLS]
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from fournines.blueprint.requests import Failed, Run
from fournines.cli.opened import Opened, open_cluster
from fournines.cli.reaching import Via, connected
from fournines.lab.lab import Lab
from fournines.nodes.node import Node

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "three-controllers.yaml"
FOURNINES = ROOT / ".venv" / "bin" / "fournines"
SEED = 20260101
SETTLE_S = 8.0        # longer than the slowest alarm takes to show
BUSY_S = 60.0
BUSY_PROCESSES = 4    # per node; three nodes share the host's processors
# What each component writes when it raises the alarm, from its journal or log.
ALARMS: Mapping[str, tuple[str, ...]] = {
    "VIP moved": ("journalctl", "-u", "keepalived", "-g", "Entering MASTER STATE"),
    "HAProxy member down": ("journalctl", "-u", "haproxy", "-g", "is DOWN"),
    "Galera member suspected": ("journalctl", "-u", "mariadb", "-g", "suspecting node"),
    "broker given up": ("journalctl", "-u", "rabbitmq-server", "-g", "node rabbit@.* down"),
}


def main() -> int:
    """Build the lab, then stall it."""
    stalls = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    subprocess.run([FOURNINES, "lab", "up", EXAMPLE], check=True)
    return asyncio.run(_stall_all(stalls))


async def _stall_all(stalls: int) -> int:
    """Every kind of stall, a line each, and the total."""
    opened = open_cluster(EXAMPLE)
    order = random.Random(SEED)  # noqa: S311 - which node is stalled, not a secret
    total = count = 0
    async with connected(opened, Via.LAB) as nodes:
        total += await _count("quiet", nodes, 1, lambda: asyncio.sleep(BUSY_S))
        for stall_ms in (200, 500, 1000):
            total += await _count(f"one node frozen for {stall_ms} ms", nodes, stalls,
                                  lambda ms=stall_ms: _freeze(opened, order, ms / 1000))
            count += stalls
        total += await _count(f"{BUSY_PROCESSES} busy processes in every node for {BUSY_S:g} s", nodes, 1,
                              lambda: _saturate(nodes))
        count += 1
    print(f"seed {SEED}; false alarms {total} in {count} stalls")
    return 0


async def _count(what: str, nodes: Mapping[str, Node], times: int, stall: object) -> int:
    began = int(time.time())
    for _ in range(times):
        await stall()  # type: ignore[operator]
        await asyncio.sleep(SETTLE_S if times > 1 else 0)
    await asyncio.sleep(SETTLE_S)
    seen = {alarm: await _alarms(nodes, argv, began) for alarm, argv in ALARMS.items()}
    shown = ", ".join(f"{alarm} {count}" for alarm, count in seen.items())
    print(f"{what}, {times} times: {shown}", flush=True)
    return sum(seen.values())


async def _alarms(nodes: Mapping[str, Node], argv: tuple[str, ...], since: int) -> int:
    count = 0
    for node in nodes.values():
        (reply,) = await node.ask([Run((*argv, "-o", "cat", "--since", f"@{since}"), check=False)])
        if isinstance(reply, Failed) or not isinstance(reply, dict):
            raise SystemExit(f"{node.name}: its journal cannot be read: {reply}")
        count += sum(not line.startswith("-- ") for line in str(reply["stdout"]).splitlines())
    return count


async def _freeze(opened: Opened, order: random.Random, stall_s: float) -> None:
    machine = order.choice(Lab(opened.cluster).machines)
    await asyncio.to_thread(machine.freeze)
    try:
        await asyncio.sleep(stall_s)
    finally:
        await asyncio.to_thread(machine.thaw)


async def _saturate(nodes: Mapping[str, Node]) -> None:
    burn = ("timeout", f"{BUSY_S:g}", "python3", "-c", "while True: pass")
    requests = [Run(burn, check=False, timeout_s=BUSY_S + 30)] * BUSY_PROCESSES
    await asyncio.gather(*(node.ask(requests, together=True, timeout_s=BUSY_S + 60)
                           for node in nodes.values()))


if __name__ == "__main__":
    raise SystemExit(main())
