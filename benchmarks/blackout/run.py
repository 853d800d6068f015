"""All nodes lose their power at once while clients write, several times: seconds until everything serves
again without a person, and what of the acknowledged writes is lost.

The cables go first and everything on the nodes dies; the host's page cache stays, so this shows recovery, not
whether writes were flushed. Needs root; the lab of the example is built first. Usage: run.py [TIMES]
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fournines.cli.opened import Opened, open_cluster
from fournines.cli.reaching import Via, connected
from fournines.drills import history
from fournines.drills.checkers.writes import compare
from fournines.drills.crowd import crowd
from fournines.drills.history import HistoryWriter
from fournines.drills.place import health_of
from fournines.drills.reading import drop, rows_everywhere
from fournines.drills.settings import AMQP, SQL_STANDING
from fournines.drills.targets import clients_of
from fournines.lab.lab import Lab

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "three-controllers.yaml"
FOURNINES = ROOT / ".venv" / "bin" / "fournines"
WRITING_S = 5.0
DARK_S = 3.0
TIMEOUT_S = 300.0
LOOK_AGAIN_S = 2.0


def main() -> int:
    """Black out, print a line each, then how often everything came back and what was lost."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    subprocess.run([FOURNINES, "lab", "up", EXAMPLE], check=True)
    opened = open_cluster(EXAMPLE)
    whole, lost = [], 0
    for number in range(1, times + 1):
        with tempfile.TemporaryDirectory() as scratch:
            seconds, acknowledged, gone = asyncio.run(_blackout(opened, Path(scratch), f"blackout_{number}"))
        lost += gone
        if seconds is not None:
            whole.append(seconds)
        shown = "not whole" if seconds is None else f"whole again after {seconds:.1f} s"
        print(f"blackout {number}: {shown}; {acknowledged} writes acknowledged, {gone} lost", flush=True)
    if whole:
        median, worst = statistics.median(whole), max(whole)
        print(f"until every invariant holds: median {median:.1f} s, worst {worst:.1f} s")
    print(f"acknowledged writes lost: {lost}")
    print(f"recovered {len(whole)} of {times}")
    return 0 if len(whole) == times and not lost else 1


async def _blackout(opened: Opened, scratch: Path, run_name: str) -> tuple[float | None, int, int]:
    """Seconds from power on until every invariant holds (None: not in time), writes acknowledged, lost."""
    store = opened.store()
    lab = Lab(opened.cluster)
    settings = clients_of(opened.cluster, opened.timers, opened.secrets(store))(run_name)
    async with connected(opened, Via.LAB) as nodes:
        health = health_of(opened.blueprint(store), nodes)
        with HistoryWriter(scratch / "history.jsonl") as record:
            async with crowd(lab.inside(), settings, record, scratch / "clients.log") as clients:
                await clients.ready()
                await asyncio.sleep(WRITING_S)
                await asyncio.gather(*(asyncio.to_thread(machine.power_off) for machine in lab.machines))
                await asyncio.sleep(DARK_S)
                began = time.monotonic()
                await asyncio.gather(*(asyncio.to_thread(machine.power_on) for machine in lab.machines))
                seconds = None
                while seconds is None and time.monotonic() < began + TIMEOUT_S:
                    await asyncio.sleep(LOOK_AGAIN_S)
                    if not (await health()).broken:
                        seconds = time.monotonic() - began
                await clients.stop()
        assert settings.sql is not None
        rows = await rows_everywhere(nodes, settings.sql)
        await drop(next(iter(nodes.values())), settings.sql)
    seen = history.read(scratch / "history.jsonl")
    others = {item.value for item in seen.operations if item.path != SQL_STANDING}
    mine = {node: None if values is None else [value for value in values if value not in others]
            for node, values in rows.items()}
    found = [compare(seen.of(SQL_STANDING), mine),
             compare(seen.of(AMQP), {"the consumer": seen.received.get(AMQP, ())})]
    return seconds, sum(item.acknowledged for item in found), sum(len(item.lost) for item in found)


if __name__ == "__main__":
    raise SystemExit(main())
