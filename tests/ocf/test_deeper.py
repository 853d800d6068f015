"""A monitor with an account: what it asks, and whom it blames."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocf.conftest import Node, Services, SmallService, free_port

OK, GENERIC, PERM, INSTALLED, CONFIGURED = 0, 1, 4, 5, 6
PASSWORD = "correct horse"
TOKEN = '/v3/auth/tokens 201 {"token": {"project": {"id": "p1"}}}'
IDENTITY, IMAGE = '/v3 200 {"version": {}}', '/ 300 {"versions": []}'
LIST = "/v2/images?limit=1"
Given = dict[str, object]


class Database:
    """A port that greets as MariaDB does."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._greet, daemon=True).start()

    def _greet(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with link:
                link.sendall(b"\x4a\x00\x00\x00\x0a10.11.19-MariaDB\x00")

    def close(self) -> None:
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database()
    yield made
    made.close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    path.chmod(0o600)
    return path


def config(folder: Path, port: int) -> Path:
    path = folder / "service.conf"
    path.write_text("[DEFAULT]\n[database]\n"
                    f"connection = mysql+pymysql://keystone:x%40y@127.0.0.1:{port}/keystone?charset=utf8\n")
    return path


def account(keystone: SmallService, secret: Path) -> Given:
    return {"os_username": "admin", "os_password_file": secret, "os_tenant_name": "admin",
            "os_auth_url": f"{keystone.url}/v2.0/", "answer_within": 2}


def test_keystone_is_asked_for_a_token(node: Node, services: Services, secret: Path, tmp_path: Path) -> None:
    keystone = services.make()
    keystone.says(IDENTITY, TOKEN)
    parameters = {**account(keystone, secret), "unit": keystone.unit, "config": config(tmp_path, free_port())}
    assert node.run("keystone", "start", **parameters).code == OK
    assert "POST /v3/auth/tokens -" in keystone.asked
    asked = len(keystone.asked)
    assert node.run("keystone", "monitor", level="0", **parameters).code == OK
    assert keystone.asked[asked:] == ["GET /v3 -"]


def test_keystone_without_tokens_is_to_blame_only_while_its_database_answers(
        node: Node, services: Services, secret: Path, tmp_path: Path, database: Database) -> None:
    keystone = services.make()
    keystone.says(IDENTITY, TOKEN)
    parameters = {**account(keystone, secret), "unit": keystone.unit,
                  "config": config(tmp_path, database.port)}
    assert node.run("keystone", "start", **parameters).code == OK
    keystone.says(IDENTITY, "/v3/auth/tokens 500 broken")
    found = node.run("keystone", "monitor", **parameters)
    assert (found.code, "answered 500" in found.err) == (GENERIC, True)
    database.close()
    excused = node.run("keystone", "monitor", **parameters)
    assert (excused.code, "does not count against keystone" in excused.err) == (OK, True)
    keystone.says(IDENTITY, "/v3/auth/tokens 401 who are you")
    wondering = node.run("keystone", "monitor", **parameters)
    assert (wondering.code, "are user, project and password right" in wondering.err) == (OK, True)
    assert PASSWORD not in found.err + found.out + excused.err + wondering.err


def test_glance_is_asked_for_images_with_the_token_and_judged_by_the_answer(
        node: Node, services: Services, secret: Path, tmp_path: Path, database: Database) -> None:
    keystone, glance = services.make("keystone"), services.make("glance")
    keystone.says(IDENTITY, TOKEN)
    glance.says(IMAGE, LIST + ' 200 {"images": []}')
    assert node.run("keystone", "start", unit=keystone.unit, url=keystone.url,
                    config=config(tmp_path, database.port)).code == OK
    parameters = {**account(keystone, secret), "unit": glance.unit, "url": glance.url,
                  "config": config(tmp_path, database.port)}
    assert node.run("glance-api", "start", **parameters).code == OK
    assert f"GET {LIST} a-token" in glance.asked
    glance.says(IMAGE, f"{LIST} 503 no")
    assert node.run("glance-api", "monitor", **parameters).code == GENERIC
    glance.says(IMAGE, f"{LIST} 403 not you")
    assert node.run("glance-api", "monitor", **parameters).code == OK
    glance.says(IMAGE, f"{LIST} 503 no")
    keystone.says(IDENTITY, "/v3/auth/tokens 503 no")   # now the fault may be Keystone's
    assert node.run("glance-api", "monitor", **parameters).code == OK


def test_cinder_is_asked_in_the_tokens_project(node: Node, services: Services, secret: Path,
                                               tmp_path: Path) -> None:
    keystone, cinder = services.make("keystone"), services.make("cinder")
    keystone.says(IDENTITY, TOKEN)
    cinder.says(IMAGE, '/v3/p1/volumes?limit=1 200 {"volumes": []}')
    assert node.run("keystone", "start", unit=keystone.unit, url=keystone.url,
                    config=config(tmp_path, free_port())).code == OK
    parameters = {**account(keystone, secret), "os_auth_url": "", "unit": cinder.unit, "url": cinder.url,
                  "keystone_get_token_url": f"{keystone.url}/v2.0/tokens",
                  "config": config(tmp_path, free_port())}
    assert node.run("cinder-api", "start", **parameters).code == OK
    assert "GET /v3/p1/volumes?limit=1 a-token" in cinder.asked


@pytest.mark.parametrize("agent", ["keystone", "glance-api", "cinder-api", "neutron-server",
                                   "neutron-agent-l3"])
def test_a_password_in_the_clear_is_refused(node: Node, services: Services, secret: Path, tmp_path: Path,
                                            agent: str) -> None:
    service = services.make()
    plugin = config(tmp_path, 1)
    parameters: Given = {**account(service, secret), "unit": service.unit, "os_password": PASSWORD,
                         "config": plugin, "plugin_config": plugin}
    for action in ("validate-all", "start"):
        said = node.run(agent, action, **parameters)
        assert said.code == CONFIGURED
        assert "os_password_file" in said.err
        assert PASSWORD not in said.err + said.out
    assert service.pids == []


def test_a_password_that_others_may_read_is_refused(node: Node, services: Services, secret: Path,
                                                    tmp_path: Path) -> None:
    service = services.make()
    parameters = {**account(service, secret), "unit": service.unit, "config": config(tmp_path, 1)}
    assert node.run("keystone", "validate-all", **parameters).code == OK
    secret.chmod(0o640)
    said = node.run("keystone", "validate-all", **parameters)
    assert (said.code, "chmod 0600" in said.err) == (PERM, True)
    secret.unlink()
    assert node.run("keystone", "validate-all", **parameters).code == INSTALLED
