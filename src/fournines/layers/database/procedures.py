"""How the database is brought up: users, the permission for the first bootstrap, services, accounts."""

from __future__ import annotations

import json

from fournines.blueprint.predicate import All, Answers, Either, Fact, OnAny, OnEvery, OnOthers, Test
from fournines.blueprint.requests import NODE_PYTHON, Run, WriteFile
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.layers.database import artifacts, health
from fournines.layers.database.node.sql_accounts import Account
from fournines.layers.layer import Site

JOIN_WITHIN_S = 900.0   # a full copy of the data to a new member included
CREATE_USER = "database: create the user of the health endpoint"
ALLOW_BOOTSTRAP = "database: allow the first bootstrap"
ACCOUNTS = "database: make the accounts and their databases"
START_MARIADB = f"database: start {artifacts.MARIADB_UNIT}"
START_HEALTH = f"database: start {artifacts.HEALTH_UNIT}"
START_GUARD = f"database: start {artifacts.GUARD_UNIT}"
_OUT_OF_THE_WAY = ("dump and drop them there, or move the data directory away and make an empty one "
                   "(mariadb-install-db --user=mysql); what was dumped can be loaded into the cluster later")


def services(members: tuple[str, ...]) -> tuple[Service, ...]:
    """All members start together: galera_start.py decides who bootstraps and who joins, and a cluster that
    comes back from a power loss needs them all to decide."""
    scripts = tuple(f"{artifacts.SCRIPTS}/{name}" for name in ("galera_health.py", "galera_start.py"))
    return (
        Service(artifacts.HEALTH_UNIT, members,
                (scripts[0], artifacts.SETTINGS_FILE, f"/etc/systemd/system/{artifacts.HEALTH_UNIT}"),
                ready=Gate(Answers(health.STATE), 30.0), needs=(CREATE_USER,)),
        Service(artifacts.MARIADB_UNIT, members,
                (artifacts.SERVER_FILE, artifacts.SST_FILE, artifacts.DROP_IN),
                ready=Gate(health.SERVING, JOIN_WITHIN_S), others_ok=OnOthers(members, health.SERVING),
                needs=(START_GUARD, ALLOW_BOOTSTRAP),
                # Without a cluster to copy from it is the first one that has databases, or nobody.
                may_start=Either((health.LOSES_NOTHING, OnEvery(members, health.NO_DATA))),
                refusal=f"a member that has databases in {artifacts.DATADIR} and never was in a cluster "
                        f"would lose them to the copy of the cluster's data: {_OUT_OF_THE_WAY}"),
        Service(artifacts.GUARD_UNIT, members, (scripts[1], f"/etc/systemd/system/{artifacts.GUARD_UNIT}"),
                ready=Gate(Fact(health.GUARD), 30.0), needs=(START_HEALTH,)),
    )


def steps(site: Site) -> tuple[Step, ...]:
    """The steps that no service makes by itself."""
    members = site.controllers
    return (
        Step(CREATE_USER, On.EACH,
             {node: (Run(("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
                          "--shell", "/usr/sbin/nologin", artifacts.HEALTH_ACCOUNT)),) for node in members},
             why="the health endpoint needs no rights, so it gets a user that has none",
             unless=Fact(health.HEALTH_USER)),
        Step(ALLOW_BOOTSTRAP, On.FIRST, {members[0]: (WriteFile(artifacts.TOKEN, b"", mode=0o600),)},
             why="no member has ever been in a cluster, so one of them has to be the first",
             unless=OnAny(members, health.HAS_DATA),
             only_if=All((OnEvery(members, health.NO_DATA), OnEvery(members[1:], health.NOTHING_OWN))),
             refusal="the first bootstrap needs an answer from every member, for a silent one may hold data: "
                     "make every node reachable, or take it out of the cluster file. All others get a copy "
                     f"of what {members[0]} has, in place of databases of their own: write the node that has "
                     f"some as the first of the cluster file, or {_OUT_OF_THE_WAY}", needs=(START_HEALTH,)),
        accounts_step(site),
    )


def accounts(site: Site) -> tuple[Account, ...]:
    """The accounts that layers asked for, from wherever in the management network the balancer is."""
    network = site.cluster.networks["management"].cidr
    host = f"{network.network_address}/{network.netmask}"
    return tuple(Account(each.user, host, site.secret(each.secret), each.database)
                 for each in site.exchange.sql_accounts)


def accounts_step(site: Site) -> Step:
    """Passwords travel on standard input; what is there is known by digests."""
    first, wanted = site.controllers[0], accounts(site)
    content = json.dumps({"accounts": [{"user": each.user, "host": each.host, "password": each.password,
                                        "database": each.database} for each in wanted]})
    as_wanted = All(tuple(Fact(health.ACCOUNTS, f"digests.{each.user}", Test.EQ, each.digest)
                          for each in wanted))
    return Step(ACCOUNTS, On.FIRST,
                {first: (Run((*NODE_PYTHON, artifacts.ACCOUNTS_SCRIPT, "apply"), stdin=content,
                             timeout_s=60),)},
                why="every service gets its own database and an account that owns nothing else",
                unless=as_wanted, only_if=OnAny((first,), health.SERVING),
                refusal=f"accounts are made on {first}, which does not serve: bring it back, apply again",
                until=Gate(as_wanted, 30.0), needs=(START_MARIADB,))
