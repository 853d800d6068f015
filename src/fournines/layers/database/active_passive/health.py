"""What is known of the one MariaDB, and what has to be true of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant, Members, Seat
from fournines.blueprint.predicate import Fact, Not, OnEvery
from fournines.blueprint.requests import JsonValue, Run, UnitFacts
from fournines.blueprint.resources import Runs, runs_on_one
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.volumes import Volume, has_data
from fournines.layers.database.active_passive.artifacts import DATA_SCRIPT
from fournines.layers.database.active_passive.resources import MARIADB
from fournines.layers.database.artifacts import ACCOUNTS_SCRIPT, MARIADB_UNIT
from fournines.layers.database.health import ACCOUNTS, parse_accounts

DATA, BOOT = "database.data", "database.started at boot"


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


def parse_boot(reply: JsonValue) -> bool:
    """Whether systemd would start MariaDB by itself."""
    facts = reply.get(MARIADB_UNIT) if isinstance(reply, dict) else None
    if not isinstance(facts, dict):
        raise Unreadable("nothing about MariaDB's unit")
    return facts.get("enabled") == "enabled"


def probes(nodes: tuple[str, ...]) -> tuple[Probe, ...]:
    """Asked of both nodes; only one has accounts to tell about."""
    def run(script: str) -> dict[str, Run]:
        return dict.fromkeys(nodes, Run(("python3", "-I", script, "facts"), timeout_s=10))

    return (Probe(ACCOUNTS, run(ACCOUNTS_SCRIPT), parse_accounts), Probe(DATA, run(DATA_SCRIPT), parse_data),
            Probe(BOOT, dict.fromkeys(nodes, UnitFacts((MARIADB_UNIT,))), parse_boot))


def invariants(nodes: tuple[str, ...]) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    return (
        Invariant("exactly one node runs the database", runs_on_one(MARIADB, nodes),
                  f"crm_mon -1 says what Pacemaker tried; then: crm_resource --cleanup --resource {MARIADB}"),
        Invariant("systemd does not start the database", OnEvery(nodes, Not(Fact(BOOT))), "fournines apply"),
    )


def seats(nodes: tuple[str, ...]) -> tuple[Seat, ...]:
    """Where it is."""
    return (Seat("database", Runs(MARIADB, nodes), nodes),)


def membership(volume: Volume, nodes: tuple[str, ...]) -> Members:
    """Those with all data; one is enough."""
    return Members("database", has_data(volume), nodes, 1)
