"""What the database says of itself, and what has to be true of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fournines.blueprint.contribution import Invariant, Members
from fournines.blueprint.predicate import Agree, Either, Fact, OnEvery, Test
from fournines.blueprint.requests import NODE_PYTHON, HttpGet, JsonValue, ReadFile, Run
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.unit_active import active
from fournines.cluster.topology import Cluster
from fournines.layers.database.artifacts import (
    ACCOUNTS_SCRIPT,
    DATA_SCRIPT,
    DATADIR,
    GUARD_UNIT,
    HEALTH_ACCOUNT,
    HEALTH_PORT,
)
from fournines.layers.database.node.galera_start import position_in

STATE, HISTORY, OWN, GUARD = "database.state", "database.history", "database.own", "database.guard"
ACCOUNTS, HEALTH_USER = "database.accounts", "database.health user"
IN_STEP = ("Synced", "Donor/Desynced")


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """One member as its health endpoint sees it. ``view`` names the component that it is in: the same on all
    of its members, another after every change. ``waits_for`` is empty unless it waits to start."""

    serving: bool
    reason: str
    primary: bool = False
    state: str = "not running"
    size: int = 0
    uuid: str = ""
    view: str = ""
    writable: bool = False
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What Galera wrote down about a member's data: ``recorded``, it has done so; ``blank``, the data are of
    no cluster. Both are true in the middle of a copy of all data."""

    blank: bool
    recorded: bool


@dataclass(frozen=True, slots=True)
class Own:
    """The databases below the data directory that no server makes by itself."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accounts:
    """A digest of every account that owns a database, by user; ``sst`` is ``ok`` or why its login fails."""

    digests: Mapping[str, str] = field(default_factory=dict)
    sst: str = ""


SERVING = Fact(STATE, "serving")
HAS_DATA = Fact(HISTORY, "blank", Test.EQ, False)
NO_DATA = Fact(HISTORY, "blank", Test.EQ, True)
NOTHING_OWN = Fact(OWN, "names", Test.EQ, ())
LOSES_NOTHING = Either((NOTHING_OWN, Fact(HISTORY, "recorded")))
"""A full copy of the cluster's data, which is put in place of a member's own, takes nothing from it that is
nowhere else."""


def parse_state(reply: JsonValue) -> DatabaseState:
    """From the answer to ``GET /state``."""
    body = _object(_object(reply).get("body"))
    status, waiting = _object(body.get("status")), body.get("waiting")
    if not isinstance(body.get("serving"), bool):
        raise Unreadable("the health endpoint's answer has no verdict")
    reason = str(body.get("reason", ""))
    waits_for = str(_object(waiting).get("why", "")) if waiting else ""
    if not status:
        return DatabaseState(serving=False, reason=reason, waits_for=waits_for)
    uuid = str(status.get("wsrep_cluster_state_uuid", ""))
    return DatabaseState(
        serving=body["serving"] is True, reason=reason, waits_for=waits_for,
        primary=status.get("wsrep_cluster_status") == "Primary",
        state=str(status.get("wsrep_local_state_comment", "unknown")),
        size=int(str(status.get("wsrep_cluster_size", 0))), uuid=uuid,
        view=f"{uuid}:{status.get('wsrep_cluster_conf_id')}", writable=status.get("read_only") == "OFF")


def parse_history(reply: JsonValue) -> History:
    """From grastate.dat, which is there once Galera has run."""
    if reply is None:
        return History(blank=True, recorded=False)
    content = _object(reply).get("content")
    if not isinstance(content, str):
        raise Unreadable("no content")
    return History(position_in(base64.b64decode(content).decode(errors="replace")).blank, recorded=True)


def parse_own(reply: JsonValue) -> Own:
    """From ``mysql_data.py own``."""
    printed = _object(reply).get("stdout")
    try:
        names = json.loads(str(printed))
    except ValueError:
        raise Unreadable(f"not JSON: {str(printed).strip()[:80]}") from None
    if not isinstance(names, list):
        raise Unreadable("not a list of databases")
    return Own(tuple(map(str, names)))


def parse_accounts(reply: JsonValue) -> Accounts:
    """From ``sql_accounts.py facts``."""
    said = _object(_object(reply).get("stdout"))
    return Accounts({str(user): str(digest) for user, digest in _object(said.get("accounts")).items()},
                    str(said.get("sst", "")))


def parse_user(reply: JsonValue) -> bool:
    """From ``getent passwd``: 2 says that there is no such user."""
    rc = _object(reply).get("rc")
    if rc not in {0, 2}:
        raise Unreadable(f"getent exited with {rc}")
    return rc == 0


def _object(value: JsonValue) -> dict[str, JsonValue]:
    """A JSON object, also when it arrives as text."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise Unreadable(f"not JSON: {str(value).strip()[:80]}") from None
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object")
    return found


def probes(cluster: Cluster) -> tuple[Probe, ...]:
    """Asked of every controller."""
    nodes = cluster.controllers
    return (
        Probe(STATE, {node.name: HttpGet(f"http://{node.management}:{HEALTH_PORT}/state") for node in nodes},
              parse_state),
        Probe(HISTORY, {node.name: ReadFile(f"{DATADIR}/grastate.dat") for node in nodes}, parse_history),
        Probe(OWN, {node.name: Run((*NODE_PYTHON, DATA_SCRIPT, "own", DATADIR), timeout_s=10)
                    for node in nodes}, parse_own),
        Probe(ACCOUNTS, {node.name: Run((*NODE_PYTHON, ACCOUNTS_SCRIPT, "facts"),
                                        timeout_s=10) for node in nodes}, parse_accounts),
        Probe(HEALTH_USER, {node.name: Run(("getent", "passwd", HEALTH_ACCOUNT), check=False)
                            for node in nodes}, parse_user),
        active(GUARD, GUARD_UNIT, (node.name for node in nodes)),
    )


def invariants(members: tuple[str, ...]) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    count = len(members)
    look = "look at `fournines status` and at `journalctl -u mariadb -u fournines-galera-health` on the node"
    return (
        Invariant(f"the database is one primary component of {count}",
                  OnEvery(members, Fact(STATE, "size", Test.EQ, count)), f"start what is down; {look}"),
        Invariant("every database member is in a primary component",
                  OnEvery(members, Fact(STATE, "primary")), look),
        Invariant("all database members are in the same component", Agree(members, STATE, "view"),
                  "there may be two histories: stop the writers, then compare the members' data"),
        Invariant("every database member holds data of the same cluster", Agree(members, STATE, "uuid"),
                  "decide which cluster's data stay; empty the data directory of the other members"),
        Invariant("every database member is in step",
                  OnEvery(members, Fact(STATE, "state", Test.IN, IN_STEP)), look),
        Invariant("every database member takes writes", OnEvery(members, Fact(STATE, "writable")),
                  "find out who set read_only, then: SET GLOBAL read_only = OFF"),
        Invariant("every database member serves clients", OnEvery(members, SERVING), look),
        Invariant("every database member has its guard", OnEvery(members, Fact(GUARD)),
                  "look at journalctl -u fournines-galera-guard on that node; then: fournines apply"),
        Invariant("the account for state transfers works on every database member",
                  OnEvery(members, Fact(ACCOUNTS, "sst", Test.EQ, "ok")),
                  "systemctl restart mariadb on one member after the other: each start repairs the account"),
    )


def membership(members: tuple[str, ...]) -> Members:
    """A majority has to stay: fewer would not know whether the others went on without them."""
    return Members("database", SERVING, members, len(members) // 2 + 1)
