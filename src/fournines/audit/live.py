"""Live nodes as sources: one batch of requests to each, which reads files and runs the commands of ``looks``.

Beside these no command is run on a node but the agent itself (``python3``, see nodes/agent/), which leaves
when it has answered; nothing is written there.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fournines.audit.cloud import Cloud, File, Unread
from fournines.audit.formats import BESIDE_ETC, PATTERN, by_name, read
from fournines.audit.looks import LOOKS, Look
from fournines.audit.sleeping import awake
from fournines.blueprint.requests import Failed, ReadTree, Reply, Run
from fournines.errors import Unreachable
from fournines.nodes.node import Node

PATHS = ("/etc", *BESIDE_ETC)
TIMEOUT_S = 60.0
LOOK_TIMEOUT_S = 20.0


def described() -> Iterator[str]:
    """What is done on a node, a line each: everything, so that somebody can allow just that."""
    yield ReadTree(PATHS, PATTERN).describe()
    yield from (Run(look.argv).describe() for look in LOOKS)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a node told; ``failed`` are the looks that came to nothing, with the reason."""

    node: str
    files: tuple[File, ...] = ()
    unread: tuple[Unread, ...] = ()
    failed: tuple[tuple[Look, str], ...] = ()


async def collect_live(nodes: Mapping[str, Node]) -> Cloud:
    """The audited files and answers of all nodes; a node that does not answer is unread, with the reason."""
    answers = await asyncio.gather(*(_ask(node) for node in nodes.values()))
    files = tuple(file for answer in answers for file in answer.files)
    cloud = awake(Cloud(files, tuple(each for answer in answers for each in answer.unread)))
    missed = [Unread(f"{answer.node}:{look.name}", reason) for answer in answers
              for look, reason in answer.failed if _missed(look, answer, cloud)]
    return replace(cloud, unread=(*cloud.unread, *missed))


async def _ask(node: Node) -> _Answer:
    requests = (ReadTree(PATHS, PATTERN), *(Run(look.argv, timeout_s=LOOK_TIMEOUT_S) for look in LOOKS))
    try:
        tree, *looks = await node.ask(requests, timeout_s=TIMEOUT_S)
    except Unreachable as problem:
        return _Answer(node.name, unread=(Unread(node.name, problem.message),))
    files, unread = _files(node.name, tree)
    failed: list[tuple[Look, str]] = []
    for look, reply in zip(LOOKS, looks, strict=True):
        if isinstance(reply, dict):
            told = str(reply.get("stdout", ""))
            shown = f"{node.name}:{look.name}"
            file = read(node.name, f"/{look.name}", shown, told.encode()) if told else None
            files += [file] if file is not None else []
        elif isinstance(reply, Failed):
            failed.append((look, " ".join(reply.reason.split())))
    return _Answer(node.name, tuple(files), tuple(unread), tuple(failed))


def _missed(look: Look, answer: _Answer, cloud: Cloud) -> bool:
    """Whether a node has what the command is about: others need not have the program."""
    return (any(look.of(file.path, file.document) for file in cloud.files if file.node == answer.node)
            or any(look.of(each.shown, None) for each in answer.unread))


def _files(node: str, reply: Reply) -> tuple[list[File], list[Unread]]:
    if isinstance(reply, Failed) or not isinstance(reply, dict):
        return [], [Unread(node, reply.reason if isinstance(reply, Failed) else "an answer without sense")]
    files, refused = reply.get("files"), reply.get("unread")
    found: list[File] = []
    unread: list[Unread] = []
    for path, item in files.items() if isinstance(files, dict) else ():
        if isinstance(item, dict):
            content, mode = base64.b64decode(str(item.get("content", ""))), item.get("mode")
            file = read(node, path, f"{node}:{path}", content, mode if isinstance(mode, int) else None)
            found += [file] if file is not None else []
    for path, why in refused.items() if isinstance(refused, dict) else ():
        file = read(node, path, f"{node}:{path}", b"") if by_name(path) else None
        if file is not None:
            found.append(file)
        else:
            unread.append(Unread(f"{node}:{path}", str(why)))
    return found, unread
