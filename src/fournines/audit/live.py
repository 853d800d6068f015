"""Live nodes as sources: one request to each, which reads files and does nothing else.

No command is run on a node but the agent itself (``python3``, see nodes/agent.py), which leaves when it has
answered; nothing is written there.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping

from fournines.audit.cloud import Cloud, File, Unread
from fournines.audit.formats import PATTERN, read
from fournines.blueprint.requests import Failed, ReadTree
from fournines.errors import Unreachable
from fournines.nodes.node import Node

PATHS = ("/etc", "/root", "/usr/local/bin", "/usr/local/sbin", "/var/lib/pacemaker/cib")
TIMEOUT_S = 60.0


async def collect_live(nodes: Mapping[str, Node]) -> Cloud:
    """The audited files of all nodes; a node that does not answer is unread, with the reason."""
    request = ReadTree(PATHS, PATTERN)
    answers = await asyncio.gather(*(_ask(node, request) for node in nodes.values()))
    files = tuple(file for found, _ in answers for file in found)
    return Cloud(files, tuple(each for _, unread in answers for each in unread))


async def _ask(node: Node, request: ReadTree) -> tuple[list[File], list[Unread]]:
    try:
        (reply,) = await node.ask([request], timeout_s=TIMEOUT_S)
    except Unreachable as problem:
        return [], [Unread(node.name, problem.message)]
    if isinstance(reply, Failed) or not isinstance(reply, dict):
        return [], [Unread(node.name,
                           reply.reason if isinstance(reply, Failed) else "an answer without sense")]
    files, unread = reply.get("files"), reply.get("unread")
    found: list[File] = []
    for path, item in files.items() if isinstance(files, dict) else ():
        if isinstance(item, dict):
            content, mode = base64.b64decode(str(item.get("content", ""))), item.get("mode")
            file = read(node.name, path, f"{node.name}:{path}", content,
                        mode if isinstance(mode, int) else None)
            if file is not None:
                found.append(file)
    return found, [Unread(f"{node.name}:{path}", str(why))
                   for path, why in (unread.items() if isinstance(unread, dict) else ())]
