#!/usr/bin/python3
"""The accounts of the database: makes them and tells about them. Runs as root, over the UNIX socket.

    sql_accounts.py system   makes those that the cluster itself needs; after every start of mariadbd
    sql_accounts.py apply    makes those listed as JSON on standard input, where passwords are not seen
    sql_accounts.py facts    a JSON object: a digest of each as it is, and whether the SST account
                             works, which only Galera has

Shipped as /usr/lib/fournines/sql_accounts.py; the standard library and Debian's python3-pymysql.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

SETTINGS = "/etc/fournines/sql.json"
READY_WITHIN_S = 60.0
# What mariabackup asks for when it streams a state transfer (mariadb-backup 10.11, check_all_privileges).
SST_PRIVILEGES = "RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR"
WHOLE_DATABASE = ("Select", "Insert", "Update", "Delete", "Create", "Drop", "Alter", "Index", "References")


class Cursor(Protocol):
    """What is used of a database cursor."""

    def execute(self, query: str, args: tuple[str, ...] = ...) -> object: ...

    def fetchall(self) -> Iterable[tuple[object, ...]]: ...


class Account(NamedTuple):
    """An account that owns a database; ``host`` is where it may come from, as MariaDB writes it."""

    user: str
    host: str
    password: str
    database: str

    @property
    def digest(self) -> str:
        """What ``facts`` says of the account when it is as it should be."""
        return digest([(self.host, native_hash(self.password), self.database)])


def native_hash(password: str) -> str:
    """The stored form of a password (mysql_native_password): the server need never see the password."""
    return "*" + hashlib.sha1(hashlib.sha1(password.encode()).digest()).hexdigest().upper()  # noqa: S324 - the format


def digest(rows: Iterable[tuple[str, str, str]]) -> str:
    """Of (host, stored password, database) rows. It shows a difference and gives nothing away."""
    return hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()[:16]


def identifier(name: str) -> str:
    """Quoted for SQL."""
    return "`" + name.replace("`", "``") + "`"


def statements(account: Account) -> list[tuple[str, tuple[str, ...]]]:
    """SQL that makes the account and its database what they should be, whatever they were. In a GRANT an
    underscore is a wildcard and has to be escaped."""
    who = (account.user, account.host)
    granted = identifier(account.database.replace("_", "\\_"))
    stored = native_hash(account.password)
    return [
        # OpenStack's migrations are written for three-byte UTF-8; their indexes are measured in it.
        (f"CREATE DATABASE IF NOT EXISTS {identifier(account.database)} CHARACTER SET utf8mb3", ()),
        ("CREATE USER IF NOT EXISTS %s@%s IDENTIFIED BY PASSWORD %s", (*who, stored)),
        ("ALTER USER %s@%s IDENTIFIED BY PASSWORD %s", (*who, stored)),
        (f"GRANT ALL PRIVILEGES ON {granted}.* TO %s@%s", who),
    ]


def facts(cursor: Cursor) -> dict[str, str]:
    """User -> digest of what is stored: passwords in their stored form and the databases owned whole."""
    owns = " AND ".join(f"d.{privilege}_priv = 'Y'" for privilege in WHOLE_DATABASE)
    cursor.execute(
        "SELECT g.User, g.Host, JSON_VALUE(g.Priv, '$.authentication_string'), "  # noqa: S608 - all of it is ours
        "REPLACE(d.Db, '\\\\_', '_') "
        f"FROM mysql.global_priv g JOIN mysql.db d ON d.User = g.User AND d.Host = g.Host AND {owns} "
        "JOIN information_schema.schemata s ON s.schema_name = REPLACE(d.Db, '\\\\_', '_')")
    found: dict[str, list[tuple[str, str, str]]] = {}
    for user, host, stored, database in cursor.fetchall():
        found.setdefault(str(user), []).append((str(host), str(stored), str(database)))
    return {user: digest(rows) for user, rows in found.items()}


def system_statements(stored: Mapping[str, str], health: str, sst: tuple[str, str]) -> list[
        tuple[str, tuple[str, ...]]]:
    """What is missing of the system's accounts. The health account comes last: once the health endpoint
    answers, others join, and for that the SST account has to be there."""
    user, password = sst
    wanted = native_hash(password)
    needed: list[tuple[str, tuple[str, ...]]] = []
    if stored.get(user) != wanted:
        needed = [("CREATE USER IF NOT EXISTS %s@'localhost' IDENTIFIED BY PASSWORD %s", (user, wanted)),
                  ("ALTER USER %s@'localhost' IDENTIFIED BY PASSWORD %s", (user, wanted)),
                  (f"GRANT {SST_PRIVILEGES} ON *.* TO %s@'localhost'", (user,))]
    if health not in stored:
        needed.append(("CREATE USER IF NOT EXISTS %s@'localhost' IDENTIFIED VIA unix_socket", (health,)))
    return needed


def sst_login(path: str) -> tuple[str, str]:
    """User and password of the state transfer, from the configuration file that mariadbd reads."""
    content = Path(path).read_text(encoding="utf-8")
    found = re.search(r"^wsrep_sst_auth\s*=\s*\"?([^:\"\s]+):([^\"\s]+)", content, re.MULTILINE)
    if not found:
        raise SystemExit(f"{path}: no wsrep_sst_auth")
    return found[1], found[2]


# ------------------------------------------------------------------------------------------------ the outside


def connect(socket: str, user: str = "root", password: str = "") -> Cursor:
    """A cursor of a new connection; it takes no statement before the member is ready."""
    import pymysql

    return pymysql.connect(unix_socket=socket, user=user, password=password, autocommit=None,
                           connect_timeout=5, read_timeout=30).cursor()


def tried_sst_login(socket: str, path: str) -> str:
    """``ok``, or why the account of the state transfer cannot log in."""
    import pymysql

    try:
        connect(socket, *sst_login(path))
    except (OSError, pymysql.MySQLError, SystemExit) as error:
        return str(error)
    return "ok"


def wait_until_ready(cursor: Cursor, within_s: float) -> None:
    """A member that has just joined answers a little before it takes statements."""
    deadline = time.monotonic() + within_s
    cursor.execute("SET SESSION wsrep_sync_wait = 0, autocommit = ON")
    while True:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'wsrep\\_ready'")
        ready = dict((str(name), str(value)) for name, value in cursor.fetchall()).get("wsrep_ready", "")
        if ready == "ON":
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"wsrep_ready is {ready or 'unknown'} after {within_s:g} s: nothing was done")
        time.sleep(0.2)


def main(arguments: Sequence[str]) -> None:
    """``system``, ``apply`` or ``facts``."""
    settings = json.loads(Path(SETTINGS).read_text(encoding="utf-8"))
    socket, sst_file = settings["socket"], settings.get("sst_file", "")
    cursor = connect(socket)
    if sst_file:
        wait_until_ready(cursor, READY_WITHIN_S if arguments == ["system"] else 0.0)
    match arguments:
        case ["system"]:
            cursor.execute("SELECT User, JSON_VALUE(Priv, '$.authentication_string') FROM mysql.global_priv "
                           "WHERE Host = 'localhost'")
            stored = {str(user): str(password) for user, password in cursor.fetchall()}
            for statement, values in system_statements(stored, settings["account"], sst_login(sst_file)):
                cursor.execute(statement, values)
        case ["apply"]:
            for wanted in json.load(sys.stdin)["accounts"]:
                for statement, values in statements(Account(**wanted)):
                    cursor.execute(statement, values)
        case ["facts"]:
            print(json.dumps({"accounts": facts(cursor),
                              "sst": tried_sst_login(socket, sst_file) if sst_file else ""}))
        case _:
            raise SystemExit("say system, apply or facts")


if __name__ == "__main__":
    # Without site (python3 -S) it starts in half the time, which every plan waits for; PyMySQL is Debian's.
    sys.path.append("/usr/lib/python3/dist-packages")
    # PyMySQL would load it, for a login method that MariaDB does not have, at twice the time of every plan.
    sys.modules["cryptography"] = None  # type: ignore[assignment]
    import pymysql

    try:
        main(sys.argv[1:])
    except pymysql.MySQLError as error:
        sys.exit(f"MariaDB: {error}")
