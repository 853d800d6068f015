"""The script that speaks to Keystone, against a real HTTP server that keeps records as Keystone does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from fournines.layers.api.node import identity_records
from fournines.layers.api.node.identity_records import (
    Refusal,
    apply,
    apply_patiently,
    assigned,
    heads,
    serve,
)


class Keystone(ThreadingHTTPServer):
    """Users, projects, roles, services and endpoints by kind; ``changes`` are the requests that wrote."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.records: dict[str, list[dict[str, Any]]] = {
            "users": [{"id": "admin", "name": "admin", "password": "root", "enabled": True}],
            "roles": [], "projects": [], "services": [], "endpoints": []}
        self.changes: list[str] = []
        self.failures = 0     # how many of the next writes are answered 500, as while a writer moves

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v3"


class Handler(BaseHTTPRequestHandler):
    server: Keystone

    def log_message(self, *_: object) -> None:
        pass

    def reply(self, status: int, body: dict[str, Any], **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode() if status != 204 else b"")

    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        kind = parts.path.rsplit("/", 1)[1]
        look = dict(parse_qsl(parts.query))
        found = [record for record in self.server.records.get(kind, [])
                 if all(record.get(key, value) == value for key, value in look.items())]
        self.reply(200, {kind: found})

    def do_POST(self) -> None:
        if self.path.endswith("/auth/tokens"):
            asked = self.body()["auth"]["identity"]["password"]["user"]
            known = any(user["name"] == asked["name"] and user["password"] == asked["password"]
                        for user in self.server.records["users"])
            if known:
                self.reply(201, {"token": {"expires_at": "soon"}}, X_Subject_Token="t")
            else:
                self.reply(401, {"error": "no"})
            return
        kind = self.path.rsplit("/", 1)[1]
        (record,) = self.body().values()
        if self.server.failures:
            self.server.failures -= 1
            self.reply(500, {"error": "lost connection to the database"})
            return
        record = {**record, "id": f"{kind}-{len(self.server.records[kind])}"}
        self.server.records[kind].append(record)
        self.server.changes.append(f"POST {kind}")
        self.reply(201, {kind.removesuffix("s"): record})

    def do_PATCH(self) -> None:
        kind, found = self.path.split("/")[-2:]
        (changed,) = self.body().values()
        (record,) = [record for record in self.server.records[kind] if record["id"] == found]
        record.update(changed)
        self.server.changes.append(f"PATCH {kind} {' '.join(changed)}")
        self.reply(200, {kind.removesuffix("s"): record})

    def do_PUT(self) -> None:
        self.reply(204, {})


@pytest.fixture
def keystone() -> Iterator[Keystone]:
    server = Keystone()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def wanted(keystone: Keystone, password: str = "") -> dict[str, Any]:
    return {
        "url": keystone.url, "mark": "made (1)", "region": "RegionOne",
        "admin": {"user": "admin", "password": "root", "project": "admin"},
        "roles": ["service"], "projects": ["service"],
        "users": [{"name": "glance", "password": password or "secret",
                   "project": "service", "role": "service"}],
        "services": [{"type": "image", "name": "glance", "description": "images", "url": "http://vip:9292"}]}


def test_everything_is_made_once(keystone: Keystone) -> None:
    apply(wanted(keystone))
    assert [record["url"] for record in keystone.records["endpoints"]] == ["http://vip:9292"] * 3
    assert keystone.records["projects"][0]["description"] == "made (1)"
    keystone.changes.clear()
    apply(wanted(keystone))
    assert keystone.changes == ["PATCH projects description"]


def test_a_password_that_works_is_left_alone_and_another_is_set(keystone: Keystone) -> None:
    apply(wanted(keystone))
    keystone.changes.clear()
    apply(wanted(keystone, password="rotated"))
    assert "PATCH users password" in keystone.changes
    assert [user["password"] for user in keystone.records["users"]] == ["root", "rotated"]


def test_what_was_changed_by_hand_is_mended(keystone: Keystone) -> None:
    apply(wanted(keystone))
    keystone.records["endpoints"][1]["url"] = "http://elsewhere"
    keystone.records["users"][1]["enabled"] = False
    apply(wanted(keystone))
    assert {record["url"] for record in keystone.records["endpoints"]} == {"http://vip:9292"}
    assert keystone.records["users"][1]["enabled"] is True


def test_a_refusal_says_where_and_never_what_was_sent(keystone: Keystone) -> None:
    asked = {**wanted(keystone), "admin": {"user": "admin", "password": "a wrong one", "project": "admin"}}
    with pytest.raises(Refusal, match=r"POST http://127\.0\.0\.1:\d+/v3/auth/tokens: 401") as caught:
        apply(asked)
    assert "a wrong one" not in str(caught.value)


def test_a_writer_that_moves_meanwhile_is_waited_for(
        keystone: Keystone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_records, "PAUSES_S", (0.0, 0.0, 0.0))
    keystone.failures = 3
    apply_patiently(wanted(keystone))
    assert keystone.records["projects"][0]["description"] == "made (1)"
    keystone.records["endpoints"].clear()
    keystone.failures = 4
    with pytest.raises(Refusal, match="500"):
        apply_patiently(wanted(keystone))


def test_what_patience_cannot_mend_is_said_at_once(
        keystone: Keystone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_records, "PAUSES_S", (3600.0,))
    asked = {**wanted(keystone), "admin": {"user": "admin", "password": "a wrong one", "project": "admin"}}
    with pytest.raises(Refusal, match="401"):
        apply_patiently(asked)


def test_an_errand_times_what_a_client_does(keystone: Keystone) -> None:
    asked = {"url": keystone.url, "user": "admin", "password": "root", "project": "admin",
             "images_url": keystone.url.removesuffix("/v3")}
    seconds = serve(asked)
    assert set(seconds) == {"token_s", "images_s"}
    assert set(serve({**asked, "images_url": ""})) == {"token_s"}


def test_nobody_there_is_a_refusal() -> None:
    with pytest.raises(Refusal, match="refused"):
        serve({"url": "http://127.0.0.1:9", "user": "u", "password": "p", "project": "p"})


REVISIONS = {
    "a.py": "revision = 'a'\ndown_revision = None\ndepends_on = None\n",
    "branch/expand.py": "revision = \"e1\"\ndown_revision = 'a'\n",
    "branch/contract.py": "revision = 'c1'\ndown_revision = ('a',)\ndepends_on = ('e1',)\n",
}


@pytest.mark.parametrize(("names", "newest"), [
    (("a.py",), ["a"]),
    (("a.py", "branch/expand.py"), ["e1"]),
    (("a.py", "branch/expand.py", "branch/contract.py"), ["c1"]),
])
def test_the_newest_revision_of_each_branch(tmp_path: Path, names: tuple[str, ...],
                                            newest: list[str]) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(REVISIONS[name])
    assert heads(tmp_path) == newest


def test_only_assignments_at_the_top_count() -> None:
    text = "# revision = 'x'\n    revision = 'y'\nrevision = 'z'\n"
    assert assigned(text, "revision") == ["z"]


def test_a_wrong_verb_ends_with_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["identity_records.py", "guess"])
    with pytest.raises(SystemExit, match="usage"):
        identity_records.main()
