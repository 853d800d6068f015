"""What is known of the one MariaDB, and what has to be true of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant, Members, Seat
from fournines.blueprint.files import NodeFile
from fournines.blueprint.in_force import InForce
from fournines.blueprint.left_alone import LeftAlone, on_one_node
from fournines.blueprint.requests import NODE_PYTHON, JsonValue, Run
from fournines.blueprint.resources import Runs
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.volumes import Volume
from fournines.layers.database.active_passive.resources import MARIADB
from fournines.layers.database.artifacts import (
    ACCOUNTS_SCRIPT,
    DATA_SCRIPT,
    DROP_IN,
    MARIADB_UNIT,
    SERVER_FILE,
)
from fournines.layers.database.health import ACCOUNTS, parse_accounts

DATA, BOOT = "database.data", "database.boot"


@dataclass(frozen=True, slots=True)
class Data:
    """``made``: this node has seen a data directory on the volume. ``own`` are the databases that somebody
    made in the directory below the mount, on this node only; empty where the volume is mounted over it."""

    made: bool
    own: tuple[str, ...]


def parse_data(reply: JsonValue) -> Data:
    """From ``mysql_data.py facts``."""
    printed = reply.get("stdout") if isinstance(reply, dict) else None
    try:
        said = json.loads(str(printed))
        return Data(bool(said["made"]), tuple(map(str, said["own"])))
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"not what mysql_data.py tells: {error}") from None


def left(nodes: tuple[str, ...]) -> LeftAlone:
    """MariaDB's unit."""
    return LeftAlone(BOOT, (MARIADB_UNIT,), nodes)


def in_force(nodes: tuple[str, ...]) -> InForce:
    """What MariaDB was started with."""
    return InForce("database", "mariadb", MARIADB, (MARIADB_UNIT,), nodes)


def probes(nodes: tuple[str, ...], files: Mapping[str, Sequence[NodeFile]]) -> tuple[Probe, ...]:
    """Asked of both nodes; only one has accounts to tell about. ``files``: what is written on each."""
    def run(script: str) -> dict[str, Run]:
        return dict.fromkeys(nodes, Run((*NODE_PYTHON, script, "facts"), timeout_s=10))

    return (Probe(ACCOUNTS, run(ACCOUNTS_SCRIPT), parse_accounts), Probe(DATA, run(DATA_SCRIPT), parse_data),
            left(nodes).asked(), in_force(nodes).asked(files, (SERVER_FILE, DROP_IN)))


def invariants(nodes: tuple[str, ...]) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    return (
        on_one_node("the database", MARIADB, nodes),
        left(nodes).invariant("systemd does not start the database"),
        in_force(nodes).invariant(),
    )


def seats(nodes: tuple[str, ...]) -> tuple[Seat, ...]:
    """Where it is."""
    return (Seat("database", Runs(MARIADB, nodes), nodes),)


def membership(volume: Volume, nodes: tuple[str, ...]) -> Members:
    """Those with all data; one is enough."""
    return Members("database", volume.has_data, nodes, 1)
