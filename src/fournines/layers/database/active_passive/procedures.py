"""How the one MariaDB comes into being: left to Pacemaker, a data directory on its volume, new or of before,
its accounts."""

from __future__ import annotations

import json

from fournines.blueprint.in_force import restart_of
from fournines.blueprint.predicate import All, Fact, OnAny, OnEvery, Predicate, Test
from fournines.blueprint.requests import NODE_PYTHON, Run
from fournines.blueprint.resources import LOAD_RESOURCES, Runs
from fournines.blueprint.steps import Gate, On, Step
from fournines.blueprint.volumes import Volume
from fournines.layers.database.active_passive import health
from fournines.layers.database.active_passive.resources import MARIADB
from fournines.layers.database.artifacts import ACCOUNTS_SCRIPT, DATA_SCRIPT, DATADIR
from fournines.layers.database.health import ACCOUNTS as ACCOUNTS_PROBE
from fournines.layers.database.procedures import accounts
from fournines.layers.database.spec import DatabaseSpec
from fournines.layers.layer import Site

STOP = "database: stop the MariaDB that systemd started"
LEAVE = "database: leave MariaDB to Pacemaker"
MAKE = "database: make the data directory on its volume"
RESTART = restart_of("database", MARIADB)
ACCOUNTS = "database: make the accounts and their databases"
NOTHING_OWN = Fact(health.DATA, "own", Test.EQ, ())
MAKE_S, SEEN_S = 300.0, 60.0
MOVE_S = 12 * 3600.0   # of hundreds of GiB: read, written on both nodes, and read twice more to be compared


def put_there(spec: DatabaseSpec) -> str:
    """The step that puts a data directory on the volume."""
    node = spec.existing_data
    return f"database: move the databases of {node} onto their volume" if node else MAKE


def before_resources(spec: DatabaseSpec) -> tuple[str, ...]:
    """What has to be done before Pacemaker may have the database."""
    return (LEAVE, put_there(spec))


def steps(site: Site, spec: DatabaseSpec, volume: Volume) -> tuple[Step, ...]:
    """All of them."""
    nodes = site.controllers
    return (
        health.left(nodes).stop(STOP, MARIADB),
        health.left(nodes).let_go(LEAVE, why="systemd would start it at boot, on both nodes", needs=(STOP,)),
        _move(spec, volume, nodes) if spec.existing_data else _make(volume, nodes),
        health.in_force(nodes).restart("its clients wait for as long as its stop and its start take",
                                       (LOAD_RESOURCES,)),
        _accounts(site),
    )


def _made(nodes: tuple[str, ...]) -> Predicate:
    return OnAny(nodes, Fact(health.DATA, "made"))


def _make(volume: Volume, nodes: tuple[str, ...]) -> Step:
    made = _made(nodes)
    return Step(MAKE, On.FIRST,
                {node: (Run((*NODE_PYTHON, DATA_SCRIPT, "make"), timeout_s=MAKE_S),)
                 for node in nodes},
                why=f"volume {volume.name} has an empty file system, and MariaDB starts from its own tables",
                unless=made, only_if=All((volume.free(nodes), OnEvery(nodes, NOTHING_OWN))),
                refusal="the volume has to be up to date on this node and in use nowhere, and no node may "
                        f"have databases of before below {DATADIR}, which it would hide: say under layers: "
                        "database: whose are to be moved onto it (existing_data: NODE), or move that "
                        "directory away",
                until=Gate(made, SEEN_S), needs=(volume.ready, LEAVE))


def _move(spec: DatabaseSpec, volume: Volume, nodes: tuple[str, ...]) -> Step:
    node, made = spec.existing_data, _made(nodes)
    others = tuple(each for each in nodes if each != node)
    return Step(put_there(spec), On.FIRST,
                {node: (Run((*NODE_PYTHON, DATA_SCRIPT, "move"), timeout_s=MOVE_S),)},
                why=f"volume {volume.name} has an empty file system, and what {node} has in {DATADIR} is to "
                    "go with it; the files are compared, and those of before are kept beside it",
                unless=made,
                only_if=All((volume.free(nodes), Fact(health.DATA, "own", Test.NE, ()),
                             OnEvery(others, NOTHING_OWN))),
                refusal=f"the volume has to be up to date on {node} and in use nowhere, there have to be "
                        f"databases in its {DATADIR}, and none in that of {' and '.join(others)}, which it "
                        "would hide: move that directory away, or take existing_data out of the cluster file",
                until=Gate(made, SEEN_S), needs=(volume.ready, LEAVE))


def _accounts(site: Site) -> Step:
    """Where MariaDB runs. Passwords travel on standard input; what is there is known by digests."""
    nodes, wanted = site.controllers, accounts(site)
    content = json.dumps({"accounts": [{"user": each.user, "host": each.host, "password": each.password,
                                        "database": each.database} for each in wanted]})
    as_wanted = All(tuple(Fact(ACCOUNTS_PROBE, f"digests.{each.user}", Test.EQ, each.digest)
                          for each in wanted))
    apply = Run((*NODE_PYTHON, ACCOUNTS_SCRIPT, "apply"), stdin=content, timeout_s=60)
    return Step(ACCOUNTS, On.FIRST, {node: (apply,) for node in nodes},
                why="every service gets its own database and an account that owns nothing else",
                unless=as_wanted, only_if=Runs(MARIADB, nodes),
                refusal="accounts are made where the database runs, and it runs nowhere: see crm_mon -1",
                until=Gate(as_wanted, SEEN_S), needs=(LOAD_RESOURCES, RESTART))
