#!/usr/bin/python3
"""Keystone's records and the services' schemas: tells what is there, makes what should be.

    identity_records.py facts PACKAGE:MIGRATIONS:CONFIG...   a JSON object; asks the databases, as root
    identity_records.py apply                                what to make, as JSON on standard input
    identity_records.py serve                                gets a token and lists images, tells the seconds

Runs on a controller, as /usr/lib/fournines/identity_records.py, with the standard library and, for facts,
Debian's python3-pymysql. ``apply`` may be repeated: what is right is left alone, and so are the tokens of
users whose password is right.
"""

from __future__ import annotations

import configparser
import importlib.util
import json
import re
import sys
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]
REQUEST_TIMEOUT_S = 30.0
SQL_TIMEOUT_S = 3
PAUSES_S = (1.0, 2.0, 4.0)     # together longer than a failover takes
NO_SUCH_TABLE = 1146


# ---------------------------------------------------------------------------------------------------- facts


def facts(services: Iterable[str]) -> Json:
    """The schema of each service, and the records once Keystone has tables for them. Ends the script where a
    database does not answer."""
    import pymysql

    try:
        return known(services)
    except pymysql.MySQLError as error:
        sys.exit(f"the database does not answer: {error}")


def known(services: Iterable[str]) -> Json:
    """As ``facts``; lets MySQLError through."""
    schemas: Json = {}
    records: Json = {"mark": "", "endpoints": [], "users": []}
    for service in services:
        package, migrations, config = service.split(":")
        connection = connect(config)
        try:
            at = column(connection, "SELECT version_num FROM alembic_version")
            schemas[package] = {"at": at, "heads": heads(package_folder(package) / migrations)}
            if package == "keystone":
                records = identity_records(connection)
        finally:
            connection.close()
    return {"schemas": schemas, **records}


def connect(config: str) -> Any:
    """Open the database that a service's configuration file names, with that service's own account."""
    import pymysql

    settings = configparser.RawConfigParser(strict=False)
    settings.read(config, encoding="utf-8")
    url = urllib.parse.urlsplit(settings.get("database", "connection").replace("\\$", "$"))
    return pymysql.connect(
        host=url.hostname, port=url.port or 3306, user=url.username,
        password=urllib.parse.unquote(url.password or ""), database=url.path.lstrip("/"),
        connect_timeout=SQL_TIMEOUT_S, read_timeout=SQL_TIMEOUT_S, write_timeout=SQL_TIMEOUT_S)


def rows(connection: Any, query: str) -> list[list[str]]:
    """All rows as text; none where the table does not exist yet."""
    import pymysql

    with connection.cursor() as cursor:
        try:
            cursor.execute(query)
        except pymysql.err.ProgrammingError as error:
            if error.args[0] == NO_SUCH_TABLE:
                return []
            raise
        return sorted([str(value) for value in row] for row in cursor.fetchall())


def column(connection: Any, query: str) -> list[str]:
    """The first value of each row."""
    return [row[0] for row in rows(connection, query)]


def identity_records(connection: Any) -> Json:
    """The records that this script makes, as far as they can be seen without a password."""
    marks = column(connection,
                   "SELECT description FROM project WHERE name = 'service' AND domain_id = 'default'")
    return {
        "mark": marks[0] if marks else "",
        "endpoints": rows(connection,
                          "SELECT service.type, endpoint.interface, endpoint.url FROM endpoint"
                          " JOIN service ON service.id = endpoint.service_id WHERE endpoint.enabled"),
        "users": column(connection,
                        "SELECT local_user.name FROM local_user JOIN user ON user.id = local_user.user_id"
                        " WHERE user.enabled AND local_user.domain_id = 'default'"),
    }


def package_folder(package: str) -> Path:
    """Where a Python package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"the Python package {package} is not installed")
    return Path(spec.submodule_search_locations[0])


def heads(folder: Path) -> list[str]:
    """The newest revision of each of Alembic's branches: those that no other one builds on."""
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.py")]
    revisions = {name for text in texts for name in assigned(text, "revision")}
    older = {name for text in texts
             for key in ("down_revision", "depends_on") for name in assigned(text, key)}
    return sorted(revisions - older)


def assigned(text: str, name: str) -> list[str]:
    """The text, or the texts of a tuple, assigned to ``name`` at the top of a revision file."""
    found = re.search(rf"^{name} = (.*)$", text, re.MULTILINE)
    return re.findall(r"['\"]([^'\"]+)['\"]", found[1]) if found else []


# ---------------------------------------------------------------------------------------------------- apply


class Refusal(Exception):
    """The API answered with an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Identity:
    """Keystone's API at one URL, as the user it was opened for."""

    def __init__(self, url: str, user: str, password: str, project: str) -> None:
        self.url = url
        self.token, self.expires = token(url, user, password, project)

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """One request below the API's root."""
        return ask(method, self.url + path, body, {"X-Auth-Token": self.token})[0]

    def ensure(self, kind: str, look: Mapping[str, str], wanted: Json) -> Json:
        """The one of ``kind`` (plural) that ``look`` finds, made or corrected to have ``wanted``."""
        one = "policy" if kind == "policies" else kind.removesuffix("s")
        listed = self.ask("GET", f"/{kind}?{urllib.parse.urlencode(look)}")[kind]
        if not listed:
            return dict(self.ask("POST", f"/{kind}", {one: {**look, **wanted}})[one])
        found = dict(listed[0])
        if any(found.get(key) != value for key, value in wanted.items()):
            found = dict(self.ask("PATCH", f"/{kind}/{found['id']}", {one: wanted})[one])
        return found


def apply(wanted: Json) -> None:
    """Everything in ``wanted``, the mark last: it says that all of it is there."""
    admin = wanted["admin"]
    identity = Identity(wanted["url"], admin["user"], admin["password"], admin["project"])
    roles = {name: identity.ensure("roles", {"name": name}, {})["id"] for name in wanted["roles"]}
    projects = {name: identity.ensure("projects", {"name": name, "domain_id": "default"},
                                      {"enabled": True})["id"] for name in wanted["projects"]}
    for user in wanted["users"]:
        ensure_user(identity, wanted["url"], user, projects[user["project"]], roles[user["role"]])
    for service in wanted["services"]:
        ensure_service(identity, service, wanted["region"])
    identity.ask("PATCH", f"/projects/{projects['service']}", {"project": {"description": wanted["mark"]}})


def apply_patiently(wanted: Json) -> None:
    """As ``apply``. A VIP or a writer that moves meanwhile answers 5xx for a moment; what was made stays."""
    for pause_s in PAUSES_S:
        try:
            return apply(wanted)
        except Refusal as refusal:
            if 0 < refusal.status < 500:
                raise
            time.sleep(pause_s)
    apply(wanted)


def ensure_user(identity: Identity, url: str, user: Json, project: str, role: str) -> None:
    """The user, enabled, with its role on its project. The password is set only where it does not work:
    setting it ends every token that the user has."""
    look = {"name": user["name"], "domain_id": "default"}
    listed = identity.ask("GET", f"/users?{urllib.parse.urlencode(look)}")["users"]
    if not listed:
        found = identity.ask("POST", "/users", {"user": {
            **look, "password": user["password"], "enabled": True}})["user"]
    else:
        found = listed[0]
        if not found["enabled"]:
            identity.ask("PATCH", f"/users/{found['id']}", {"user": {"enabled": True}})
    identity.ask("PUT", f"/projects/{project}/users/{found['id']}/roles/{role}")
    try:
        token(url, user["name"], user["password"], user["project"])
    except Refusal as refusal:
        if refusal.status != 401:
            raise
        identity.ask("PATCH", f"/users/{found['id']}", {"user": {"password": user["password"]}})


def ensure_service(identity: Identity, service: Json, region: str) -> None:
    """The service and its three endpoints."""
    found = identity.ensure("services", {"type": service["type"], "name": service["name"]},
                            {"description": service["description"], "enabled": True})
    for interface in ("public", "internal", "admin"):
        identity.ensure("endpoints",
                        {"service_id": found["id"], "interface": interface, "region_id": region},
                        {"url": service["url"], "enabled": True})


def token(url: str, user: str, password: str, project: str) -> tuple[str, str]:
    """A new token on a project, and when it expires."""
    domain = {"id": "default"}
    body = {"auth": {
        "identity": {"methods": ["password"],
                     "password": {"user": {"name": user, "domain": domain, "password": password}}},
        "scope": {"project": {"name": project, "domain": domain}}}}
    answer, headers = ask("POST", f"{url}/auth/tokens", body, {})
    return headers["X-Subject-Token"], answer["token"]["expires_at"]


def ask(method: str, url: str, body: Json | None,
        headers: Mapping[str, str]) -> tuple[Json, Mapping[str, str]]:
    """One HTTP request, never through a proxy. The error text never carries what was sent."""
    import urllib.error  # here: slow to import, and every plan asks for the facts, which need neither
    import urllib.request

    request = urllib.request.Request(  # noqa: S310 - the URL is ours, and always http
        url, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json", **headers})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=REQUEST_TIMEOUT_S) as answer:
            text = answer.read()
            return (json.loads(text) if text else {}), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(400).decode("utf-8", "replace").strip()
        raise Refusal(error.code, f"{method} {url}: {error.code} {error.reason} {said}") from None
    except OSError as error:
        raise Refusal(0, f"{method} {url}: {error}") from None


# ---------------------------------------------------------------------------------------------------- serve


def serve(asked: Json) -> Json:
    """What a client does: get a token here and, with it, list images here. Seconds each took."""
    began = time.monotonic()
    issued, _ = token(asked["url"], asked["user"], asked["password"], asked["project"])
    seconds = {"token_s": round(time.monotonic() - began, 3)}
    if asked.get("images_url"):
        began = time.monotonic()
        ask("GET", f"{asked['images_url']}/v2/images?limit=1", None, {"X-Auth-Token": issued})
        seconds["images_s"] = round(time.monotonic() - began, 3)
    return seconds


def main() -> None:
    """One verb, one JSON object or nothing on standard output; a failure is one line on standard error."""
    try:
        match sys.argv[1:]:
            case ["facts", *services]:
                print(json.dumps(facts(services)))
            case ["apply"]:
                apply_patiently(json.load(sys.stdin))
            case ["serve"]:
                print(json.dumps(serve(json.load(sys.stdin))))
            case _:
                sys.exit("usage: identity_records.py facts PACKAGE:MIGRATIONS:CONFIG... | apply | serve")
    except (Refusal, OSError, configparser.Error) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    # Without site (python3 -S) it starts in half the time, for every plan; the packages are Debian's.
    sys.path.append("/usr/lib/python3/dist-packages")
    # PyMySQL would load it, for a login method that MariaDB does not have, at twice the time of every plan.
    sys.modules["cryptography"] = None  # type: ignore[assignment]
    main()
