"""Aftermath: what a drill may not leave behind on a node, and what may not have happened on the way.

Its own rules, timers and files are gone; the configuration is as it was; no unit has failed, no process
dumped core or was killed for want of memory; no data directory is nearly full; the database changed its view
no more often than the fault explains.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fournines.blueprint.requests import Failed, FileFacts, JsonValue, Reply, Request, Run
from fournines.drills.checkers.owners import View
from fournines.drills.drill import Act, Fault
from fournines.drills.on_node import TABLE, TIMER_PREFIX
from fournines.drills.verdict import Verdict
from fournines.engine.compile import Blueprint
from fournines.errors import Unreachable
from fournines.layers.database.artifacts import MARIADB_UNIT
from fournines.layers.membership.units import COROSYNC_UNIT, PACEMAKER_UNIT
from fournines.nodes.node import Node

FULL_PERCENT = 95
DATA = ("/var/lib/mysql", "/var/lib/rabbitmq", "/var/lib/glance", "/var/log")
# The signals are those of a program's own mistakes: who is killed for a drill, or by a guard, gets SIGKILL.
TROUBLE = ("dumped core|oom-kill|Out of memory|Failed with result 'core-dump'|"
           "code=(killed|dumped), status=[0-9]+/(SEGV|ABRT|BUS|ILL|FPE|SYS)")
_VIEWS_OF_A_MEMBER = 4   # it leaves and joins; a partition, or a restart meanwhile, takes two more


@dataclass(frozen=True, slots=True)
class Traces:
    """One node. ``digests``: configuration file -> its SHA-256, None where it is not there. ``left`` are a
    drill's own rules and timers; ``failed`` units; ``trouble`` lines of the journal since the drill began;
    ``full`` directories."""

    digests: Mapping[str, str | None]
    left: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    full: tuple[str, ...] = ()


Lines = tuple[str, ...]
Everywhere = Mapping[str, Traces | None]
"""node -> what is on it; None where it does not say."""


def configuration_of(blueprint: Blueprint) -> dict[str, tuple[str, ...]]:
    """node -> the paths of the files that Fournines keeps there."""
    return {node: tuple(file.path for file in files) for node, files in blueprint.files.items()}


async def traces(nodes: Mapping[str, Node], configuration: Mapping[str, Sequence[str]],
                 since_s: float) -> dict[str, Traces | None]:
    """``since_s``: how many seconds of the journal count."""
    async def look(name: str) -> Traces | None:
        try:
            replies = await nodes[name].ask(_questions(configuration.get(name, ()), since_s))
        except Unreachable:
            return None
        return _read(replies)

    found = await asyncio.gather(*map(look, nodes))
    return dict(zip(nodes, found, strict=True))


def _questions(paths: Sequence[str], since_s: float) -> tuple[Request, ...]:
    units = ("systemctl", "list-units", "--all", "--plain", "--no-legend")
    return (
        FileFacts(tuple(paths)),
        Run(("nft", "list", "tables"), check=False),
        Run(("find", "/run/systemd/system", *DATA, "-maxdepth", "2", "-name", "*fournines-drill*"),
            check=False),
        Run((*units, f"{TIMER_PREFIX}*"), check=False),
        Run((*units, "--state=failed"), check=False),
        Run(("journalctl", "--quiet", "--output=cat", f"--since=-{max(1, round(since_s))}s",
             f"--grep={TROUBLE}"), check=False),
        Run(("df", "--output=pcent,target", *DATA), check=False),   # not all of them are on every node
    )


def _read(replies: Sequence[Reply]) -> Traces | None:
    """None where any of the questions was not answered."""
    facts, tables, files, timers, failed, trouble, full = replies
    if isinstance(facts, Failed) or not isinstance(facts, dict):
        return None
    found = [_lines(tables), _lines(files, silent=False), _lines(timers), _lines(failed), _lines(trouble),
             _lines(full, silent=False)]
    if any(lines is None for lines in found):
        return None
    return _traces(facts, *(lines or () for lines in found))


def _traces(facts: Mapping[str, JsonValue], tables: Lines, files: Lines, timers: Lines, failed: Lines,
            trouble: Lines, full: Lines) -> Traces:
    digests = {path: str(each["sha256"]) if isinstance(each, dict) else None for path, each in facts.items()}
    return Traces(
        digests, left=tuple(line for line in (*tables, *files, *timers)
                               if TABLE in line or "fournines-drill" in line),
        failed=tuple(line.split()[0] for line in failed), trouble=trouble,
        full=tuple(dict.fromkeys(f"{target} is {percent}" for percent, target in map(str.split, full[1:])
                                 if percent.rstrip("%").isdigit() and int(percent[:-1]) >= FULL_PERCENT)))


def _lines(reply: Reply, *, silent: bool = True) -> Lines | None:
    """None where the command did not do what it was asked for. One that found nothing, or not all of the
    directories, ends with 1; the former is ``silent``."""
    if isinstance(reply, Failed) or not isinstance(reply, dict) or reply["rc"] not in (0, 1):
        return None
    if silent and reply["rc"] and str(reply["stderr"]).strip():
        return None
    return tuple(line.strip() for line in str(reply["stdout"]).splitlines() if line.strip())


def left_as_found(before: Everywhere, after: Everywhere) -> Verdict:
    """Nothing of the drill is left, and no configuration file is another than before."""
    question = "the drill leaves nothing behind"
    wrong = []
    for node, now in after.items():
        was = before.get(node)
        if now is None:
            continue
        wrong += [f"{node}: {line}" for line in now.left]
        if was is not None:
            wrong += [f"{node}: {path} has changed" for path, digest in now.digests.items()
                      if was.digests.get(path) != digest]
    if wrong:
        return Verdict(question, False, f"{len(wrong)} traces", tuple(wrong))
    if silent := [node for node in after if after[node] is None or before.get(node) is None]:
        return Verdict(question, None, f"not looked at: {', '.join(silent)}")
    count = sum(len(now.digests) for now in after.values() if now is not None)
    return Verdict(question, True, f"no rule and no timer of it is there, and {count} files are as before")


def nothing_broke(before: Everywhere, after: Everywhere, hit: Collection[str] = ()) -> Verdict:
    """No unit failed that had not failed before, nothing dumped core or lacked memory, no disk is full.
    ``hit`` are units of the faults themselves: what the journal says of those is no surprise."""
    question = "nothing else broke on the way"
    wrong = []
    for node, now in after.items():
        was = before.get(node)
        if now is not None:
            known = was.failed if was is not None else ()
            wrong += [f"{node}: {unit} has failed" for unit in now.failed if unit not in known]
            told = [line for line in now.trouble if not any(unit in line for unit in hit)]
            wrong += [f"{node}: {line}" for line in (*told, *now.full)]
    if wrong:
        return Verdict(question, False, wrong[0] + (f" and {len(wrong) - 1} more" if wrong[1:] else ""),
                       tuple(wrong))
    if silent := [node for node, now in after.items() if now is None]:
        return Verdict(question, None, f"not looked at: {', '.join(silent)}")
    return Verdict(question, True, "no unit has failed, no core was dumped, no disk is full")


def calm(faults: Sequence[Fault], views: Mapping[str, Sequence[View]]) -> Verdict:
    """Whether the database's members came and went no more often than the fault explains: each change of view
    is a moment in which nobody writes."""
    question = "the database changes its view no more often than the fault explains"
    numbers = [int(item.view.rpartition(":")[2]) for of_node in views.values()
               for item in of_node if item.view]
    if not numbers:
        return Verdict(question, None, "no node said in which view it was")
    changes, allowed = max(numbers) - min(numbers), sum(map(views_explained, faults))
    return Verdict(question, changes <= allowed, f"{changes} changes where {allowed} can be explained")


def views_explained(fault: Fault) -> int:
    """None where the fault hits processes of something else than the database, and its node lives on: one
    that loses its Corosync or its Pacemaker is fenced."""
    process = {Act.KILL, Act.HANG, Act.STOP, Act.RESTART, Act.LIMIT, Act.MISCONFIGURE}
    fences = fault.inject in (Act.KILL, Act.HANG) and fault.unit in (COROSYNC_UNIT, PACEMAKER_UNIT)
    if fault.inject in process and fault.unit != MARIADB_UNIT and not fences:
        return 0
    return _VIEWS_OF_A_MEMBER
