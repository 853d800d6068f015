"""How the one MariaDB comes into being: left to Pacemaker, a data directory on its volume, its accounts."""

from __future__ import annotations

import json

from fournines.blueprint.predicate import All, Fact, OnAny, Test
from fournines.blueprint.requests import NODE_PYTHON, Run
from fournines.blueprint.resources import LOAD_RESOURCES, Runs
from fournines.blueprint.steps import Gate, On, Step
from fournines.blueprint.volumes import Volume, has_data
from fournines.layers.database.active_passive import artifacts, health
from fournines.layers.database.active_passive.resources import MARIADB
from fournines.layers.database.artifacts import ACCOUNTS_SCRIPT, DATADIR
from fournines.layers.database.health import ACCOUNTS as ACCOUNTS_PROBE
from fournines.layers.database.procedures import accounts
from fournines.layers.layer import Site

LEAVE = "database: leave MariaDB to Pacemaker"
MAKE = "database: make the data directory on its volume"
ACCOUNTS = "database: make the accounts and their databases"
BEFORE_RESOURCES = (LEAVE, MAKE)
MAKE_S, SEEN_S = 300.0, 60.0


def steps(site: Site, volume: Volume) -> tuple[Step, ...]:
    """All of them."""
    nodes = site.controllers
    made = OnAny(nodes, Fact(health.DATA, "made"))
    return (
        health.left(nodes).let_go(LEAVE, why="systemd would start it at boot, on both nodes", stop=True),
        Step(MAKE, On.FIRST,
             {node: (Run((*NODE_PYTHON, artifacts.DATA_SCRIPT, "make"), timeout_s=MAKE_S),)
              for node in nodes},
             why=f"volume {volume.name} has an empty file system, and MariaDB starts from its own tables",
             unless=made,
             only_if=All((has_data(volume), Fact(health.DATA, "own", Test.EQ, ()))),
             refusal="the volume has to be up to date on this node, and there are databases of before below "
                     f"{DATADIR} that it would hide: dump them, or move that directory away, and "
                     "load them once the cluster runs",
             until=Gate(made, SEEN_S), needs=(volume.ready, LEAVE)),
        _accounts(site),
    )


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
                until=Gate(as_wanted, SEEN_S), needs=(LOAD_RESOURCES,))
