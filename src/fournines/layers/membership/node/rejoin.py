#!/usr/bin/python3
"""Before Pacemaker starts on a node that did not stop in good order: lets the others recover first.

Usage: rejoin.py wait (with {"answers": [[address, port], ...], "limit_s", "hold_s"} in SETTINGS). Whoever
comes back while others recover costs them time: Pacemaker plans anew, looks at everything here, and DRBD
copies. So a node that was fenced, or crashed, waits until all that the cluster serves answers, or for the
limit. It does not where nobody else runs Pacemaker: after a loss of all power everybody is needed.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SETTINGS = Path("/etc/fournines/rejoin.json")
RUNS_SINCE = Path("/var/lib/fournines/pacemaker-boot")   # taken away by a stop in good order
BOOT = Path("/proc/sys/kernel/random/boot_id")
CONTROLLERS = "crmd"   # the group of Pacemaker's controllers in Corosync, see pacemaker's cpg_join
CONNECT_S, TOOL_S, LOOK_AGAIN_S = 1.0, 10.0, 2.0


@dataclass
class World:
    """What the decision is made from; the tests bring their own."""

    quorate: Callable[[], bool]
    others: Callable[[], bool]                       # whether any other node runs Pacemaker
    answers: Callable[[str, int], bool]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def main() -> int:
    boot, before = BOOT.read_text().strip(), remembered()
    remember(boot)   # first: an operator who does not want to wait restarts pacemaker.service
    if before in ("", boot):
        return 0
    settings = json.loads(SETTINGS.read_text())
    world = World(quorate, others_run_pacemaker, answers)
    print(wait(world, [(address, port) for address, port in settings["answers"]], settings["limit_s"],
               settings["hold_s"]), flush=True)
    return 0


def wait(world: World, wanted: list[tuple[str, int]], limit_s: float, hold_s: float) -> str:
    """Returns when Pacemaker may start, with the reason.

    Without quorum it could run nothing, and who joins later must not take it for one that was never away.
    The first look with quorum decides: where nobody else runs Pacemaker then, all come back. They hold on for
    a moment, so that each has had its look before the first of them starts.
    """
    while not world.quorate():
        world.sleep(LOOK_AGAIN_S)
    if not world.others():
        world.sleep(hold_s)
        return "nobody runs Pacemaker: all come back"
    left, end = list(wanted), world.now() + limit_s
    while True:
        left = [each for each in left if not world.answers(*each)]
        if not left:
            return "the others serve"
        if not world.others():
            return "nobody runs Pacemaker any more"
        if world.now() >= end:
            silent = ", ".join(f"{address} port {port}" for address, port in left)
            return f"not waiting any longer for {silent}"
        world.sleep(LOOK_AGAIN_S)


def quorate() -> bool:
    return bool(re.search(r"^Quorate:\s+Yes", said("corosync-quorumtool", "-s"), re.MULTILINE))


def others_run_pacemaker() -> bool:
    """As long as Pacemaker does not run here, every member of the group is another's."""
    return bool(members(said("corosync-cpgtool"), CONTROLLERS))


def members(text: str, group: str) -> list[int]:
    """The ids of the nodes in a group, as corosync-cpgtool prints them: a line with the group's name, and
    below it an indented line with process, node and address for each member."""
    found: list[int] = []
    inside = False
    for line in text.splitlines():
        if not line[:1].isspace():
            inside = line.rstrip().removesuffix("\\x00") == group   # Pacemaker's names end with a zero
        elif inside and (member := re.match(r"\s+(\d+)\s+(\d+)\s", line)):
            found.append(int(member[2]))
    return found


def answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), CONNECT_S).close()
    except OSError:
        return False
    return True


def said(*argv: str) -> str:
    """What a tool prints; nothing where it cannot."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_S).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def remembered() -> str:
    """The boot in which Pacemaker was last started and not stopped; empty where there is none."""
    try:
        return RUNS_SINCE.read_text().strip()
    except FileNotFoundError:
        return ""


def remember(boot: str) -> None:
    """Also after a loss of power."""
    RUNS_SINCE.parent.mkdir(parents=True, exist_ok=True)
    new = RUNS_SINCE.with_suffix(".new")
    with new.open("w") as file:
        file.write(f"{boot}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(RUNS_SINCE)
    directory = os.open(RUNS_SINCE.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


if __name__ == "__main__":
    if sys.argv[1:] != ["wait"]:
        sys.exit(__doc__)
    sys.exit(main())
