"""systemd: what it says of units, the processes in their control groups, and what it is told to do."""

from __future__ import annotations

import os
import re

from fournines.nodes.agent import Refusal
from fournines.nodes.agent.commands import REASON_LIMIT, Batch, must

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    from fournines.nodes.agent import Facts

UNIT_FACTS = {"LoadState": "load", "ActiveState": "active", "SubState": "sub", "UnitFileState": "enabled",
              "MainPID": "main_pid", "ActiveEnterTimestampMonotonic": "since_monotonic_us"}
UNIT_ACTS = ("start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "reset-failed",
             "kill")


def unit_facts(batch: Batch, units: list[str]) -> dict[str, Facts]:
    for name in units:
        if not re.fullmatch(r"[\w:.\\@][\w:.\\@-]*", name):
            raise Refusal(f"{name!r} is not the name of a unit")
    if not units:
        return {}
    out = must(batch, ["systemctl", "show", "--property=" + ",".join(UNIT_FACTS), "--", *units])
    blocks = out.strip("\n").split("\n\n")
    if len(blocks) != len(units):
        raise Refusal(f"systemctl described {len(blocks)} units instead of {len(units)}")
    paired = zip(units, blocks)   # noqa: B905 - Python 3.9; counted above
    return {unit: one_unit(block) for unit, block in paired}


def one_unit(block: str) -> Facts:
    facts: Facts = {"load": "", "active": "", "sub": "", "enabled": "", "main_pid": 0,
                    "since_monotonic_us": 0}
    for line in block.splitlines():
        key, _, value = line.partition("=")
        name = UNIT_FACTS.get(key)
        if name is not None:
            facts[name] = int(value or 0) if isinstance(facts[name], int) else value
    return facts


def unit_processes(batch: Batch, unit: str) -> dict[str, Facts]:
    """By control group, never by name: a process belongs to the unit in whose group, or below, it is."""
    found: dict[str, Facts] = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cgroup") as file:
                groups = re.split(r"[/\n]", file.read())
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()   # the name before it may contain anything
        except (FileNotFoundError, ProcessLookupError):   # it ended meanwhile
            continue
        if unit in groups and fields[0] not in "ZX":
            found[pid] = {"state": fields[0], "started": int(fields[19])}
    return found


def unit(batch: Batch, act: str, unit: str, timeout_s: float) -> Facts:
    if act == "daemon-reload":
        must(batch, ["systemctl", "daemon-reload"], timeout_s=timeout_s)
        return {}
    if act not in UNIT_ACTS:
        raise Refusal(f"{act!r} is not something this agent does to a unit")
    try:
        must(batch, ["systemctl", act, "--", unit], timeout_s=timeout_s)
    except Refusal as refusal:
        if act not in ("start", "restart", "reload"):
            raise
        raise Refusal(str(refusal) + journal_of(batch, unit)) from None
    return {}


def journal_of(batch: Batch, unit: str) -> str:
    argv = ["journalctl", "--unit=" + unit, "--lines=20", "--no-pager", "--output=cat"]
    try:
        lines = must(batch, argv, timeout_s=5.0).strip()
    except Refusal as refusal:
        return f"\n(no journal: {refusal})"
    return f"\nlast lines of its journal:\n{lines[-REASON_LIMIT:]}"
