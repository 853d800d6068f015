"""What a run keeps for whoever asks later why it went so: the end of the target's console, and of a run that
broke its promise or came to no verdict also what the engines wrote into the journals of every node."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from fournines.blueprint.requests import Failed, Reply, Run
from fournines.drills.breakdown import since
from fournines.drills.folder import RunFolder
from fournines.drills.place import Machine
from fournines.errors import Unreachable
from fournines.nodes.node import Node

CONSOLE_LINES = 400
JOURNAL_TIMEOUT_S = 30.0
MOST_S = 3600.0
_SOURCES = (
    ("_TRANSPORT=kernel",),
    ("--unit=corosync*", "--unit=pacemaker*", "--unit=sbd*"),
    ("--unit=mariadb*",),
    ("--unit=rabbitmq*",),
    ("--unit=haproxy*",),
    ("--unit=keepalived*",),
    ("--unit=memcached*", "--unit=gluster*", "--unit=multipathd*"),
    ("--unit=fournines-*",),
)


def journal_questions(since_s: float) -> list[Run]:
    """The last ``since_s`` seconds, also of the boots before this one. An answer has the end of what there
    is, so each engine is asked for by itself: the one that talks most leaves the others their room."""
    return [Run(("journalctl", "--quiet", "--no-pager", "--no-hostname", "--output=short-iso-precise",
                 since(min(MOST_S, since_s)), *source), check=False, timeout_s=JOURNAL_TIMEOUT_S)
            for source in _SOURCES]


def in_order(replies: Iterable[Reply]) -> str:
    """The entries of all answers, by the time they are stamped with; an entry keeps its further lines."""
    entries: list[str] = []
    for reply in replies:
        if isinstance(reply, Failed) or not isinstance(reply, dict):
            continue
        own: list[str] = []
        for line in str(reply["stdout"]).splitlines(keepends=True):
            if line[:1].isdigit() or not own:
                own.append(line)
            else:
                own[-1] += line
        entries += own
    return "".join(sorted(entries, key=lambda entry: entry.partition(" ")[0]))


async def keep_journals(nodes: Mapping[str, Node], folder: RunFolder, since_s: float) -> None:
    """Of every node that can be reached now."""
    async def keep(name: str, node: Node) -> None:
        try:
            text = in_order(await node.ask(journal_questions(since_s), together=True))
        except Unreachable as away:
            text = f"{away}\n"
        folder.write_journal(name, text)

    await asyncio.gather(*(keep(name, node) for name, node in nodes.items()))


async def keep_console(machine: Machine | None, folder: RunFolder, node: str) -> None:
    """The end of what the node wrote there, where there is a machine to ask."""
    if machine is not None:
        folder.write_console(node, await asyncio.to_thread(machine.console, CONSOLE_LINES))
