"""What administrators' scripts do: the commands of each, and where they say how clusters are formed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from fournines.artifacts import shell
from fournines.artifacts.shell import Command
from fournines.audit.cloud import Cloud, File
from fournines.findings import Place


@dataclass(frozen=True, slots=True)
class Script:
    """A script with its commands."""

    file: File
    commands: tuple[Command, ...]

    def at(self, command: Command) -> Place:
        return self.file.at(command.line)


@lru_cache(maxsize=1)
def scripts(cloud: Cloud) -> tuple[Script, ...]:
    """Every script that was read."""
    return tuple(Script(file, document.commands) for file, document in cloud.documents(shell.Document))


def commands(cloud: Cloud, *names: str) -> Iterator[tuple[Script, Command]]:
    """The commands of these names in all scripts."""
    for script in scripts(cloud):
        for command in script.commands:
            if command.name in names:
                yield script, command


def statements(cloud: Cloud) -> Iterator[tuple[Place, str]]:
    """Each SQL text that a script gives to the database's client."""
    for script, command in commands(cloud, "mysql", "mariadb"):
        for option, text in pairwise(command.words):
            if option in ("-e", "--execute"):
                yield script.at(command), text
        for word in command.words:
            if word.startswith("--execute="):
                yield script.at(command), word.partition("=")[2]


_ADDRESS = re.compile(r"wsrep[-_]cluster[-_]address=[\"']?gcomm://([^\s\"'?]*)")


def galera_starts(cloud: Cloud) -> Iterator[tuple[Place, Command, tuple[str, ...]]]:
    """Each command that starts a database with a wsrep_cluster_address, and the members that this names."""
    for script in scripts(cloud):
        for command in script.commands:
            for word in command.words[1:] if command.name not in ("mysql", "mariadb", "echo") else ():
                match = _ADDRESS.search(word)
                if match is not None:
                    members = tuple(part.partition(":")[0] for part in match[1].split(",") if part)
                    yield script.at(command), command, members
