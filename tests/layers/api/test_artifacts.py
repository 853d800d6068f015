"""The files of the API layer: what the services read, and who may read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from fournines.artifacts import ini, systemd
from fournines.blueprint.files import NodeFile
from fournines.blueprint.requests import Run
from fournines.layers.api import LAYER, procedures
from fournines.layers.api.services import chosen, glance, keystone
from fournines.layers.layer import Site

from .sites import FERNET

GOLDEN = Path(__file__).parent / "golden"


def files_of(site: Site, node: str = "ctl2") -> dict[str, NodeFile]:
    return {item.path: item for item in LAYER.contribute(site).files[node]}


def setting(item: NodeFile, section: str, key: str) -> str | None:
    document = ini.parse(item.content.decode(), ini.Dialect.OSLO)
    found = [entry.value for part in document.sections if part.name == section
             for entry in part.entries if entry.key == key]
    assert len(found) == 1, f"{section}.{key} is there {len(found)} times"
    return found[0]


@pytest.mark.parametrize("path", [
    keystone.CONFIG, keystone.UWSGI, "/etc/systemd/system/keystone.service",
    glance.CONFIG, "/etc/systemd/system/glance-api.service"])
def test_written_as_recorded(site: Site, path: str, as_recorded: Callable[[Path, str], None]) -> None:
    as_recorded(GOLDEN / Path(path).name, files_of(site)[path].content.decode())


def test_only_the_service_reads_its_secrets(site: Site) -> None:
    values = [*FERNET, *(value for name, value in site.secrets.items() if not name.endswith("-keys"))]
    spellings = {spelling for value in values
                 for spelling in (value, quote(value, safe=""), value.replace("$", "\\$"))}
    holding = [item for item in files_of(site).values()
               if any(spelling in item.content.decode() for spelling in spellings)]
    assert {item.path for item in holding} >= {keystone.CONFIG, glance.CONFIG, "/etc/keystone/fernet-keys/0"}
    assert [item.path for item in holding
            if not item.secret or item.mode & 0o027 or item.group not in ("keystone", "glance")] == []


def test_fernet_keys_keep_their_numbers(site: Site) -> None:
    files = files_of(site)
    for number, key in enumerate(FERNET):
        item = files[f"/etc/keystone/fernet-keys/{number}"]
        assert item.content.decode() == key
        assert (item.mode, item.owner, item.group) == (0o600, "keystone", "keystone")
    assert setting(files[keystone.CONFIG], "fernet_tokens", "max_active_keys") == "3"


def test_a_key_rotation_restarts_nothing(site: Site) -> None:
    restarting = {path for service in LAYER.contribute(site).services for path in service.files}
    assert not {path for path in restarting if "-keys/" in path}


def test_each_member_binds_its_own_address(site: Site) -> None:
    for number, node in enumerate(site.controllers, 1):
        files = files_of(site, node)
        address = f"192.168.42.1{number}"
        assert f"http-socket = {address}:5000" in files[keystone.UWSGI].content.decode()
        assert setting(files[glance.CONFIG], "DEFAULT", "bind_host") == address


def test_a_password_survives_the_connection_url(site: Site) -> None:
    url = setting(files_of(site)[keystone.CONFIG], "database", "connection")
    assert url is not None
    login, _, place = url.partition("?")[0].rpartition("@")
    assert login == "mysql+pymysql://keystone:p%40%24%25%2Fapi.keystone.database"
    assert place == "192.168.42.101:3306/keystone"


def test_clients_of_the_broker_know_every_member(site: Site) -> None:
    url = setting(files_of(site)[glance.CONFIG], "DEFAULT", "transport_url") or ""
    assert [part.rsplit("@", 1)[1].rstrip("/") for part in url.removeprefix("rabbit://").split(",")] == [
        "192.168.42.11:5672", "192.168.42.12:5672", "192.168.42.13:5672"]
    assert setting(files_of(site)[glance.CONFIG], "oslo_messaging_rabbit", "rabbit_quorum_queue") == "true"


def test_everybody_uses_one_memcached_which_the_balancer_finds(site: Site) -> None:
    files = files_of(site)
    assert setting(files[keystone.CONFIG], "cache", "backend") == "oslo_cache.memcache_pool"
    assert setting(files[keystone.CONFIG], "cache", "memcache_socket_timeout") == "0.4"
    assert setting(files[keystone.CONFIG], "cache", "memcache_servers") == "192.168.42.101:11211"
    assert setting(files[glance.CONFIG], "keystone_authtoken", "memcached_servers") == "192.168.42.101:11211"


def test_a_migration_goes_to_the_members_own_database_and_shows_no_password(site: Site) -> None:
    """A VIP that moves meanwhile must not cut it in two."""
    step = next(step for step in procedures.steps(site) if step.name == "api: migrate the schema of keystone")
    for node, (request,) in step.do.items():
        assert isinstance(request, Run)
        address = site.cluster.node(node).management
        assert f"@{address}:3306/keystone?" in request.env["OS_DATABASE__CONNECTION"]
        assert "@" not in request.describe() + repr(request)


def test_what_the_cluster_lacks_is_left_out(keystone_only: Site) -> None:
    config = files_of(keystone_only)[keystone.CONFIG]
    assert setting(config, "cache", "enabled") == "false"
    assert b"transport_url" not in config.content
    assert glance.CONFIG not in files_of(keystone_only)


def test_images_are_waited_for_where_they_are_shared(site: Site) -> None:
    unit = systemd.parse(files_of(site)["/etc/systemd/system/glance-api.service"].content.decode())
    check = systemd.Entry("ExecStartPre", f"/usr/bin/mountpoint -q {glance.IMAGES}")
    assert check in unit.sections[1].entries


def test_every_service_owns_what_it_names(site: Site) -> None:
    for service in chosen(site.cluster):
        for item in (*service.files(site, site.cluster.controllers[0]), *service.directories):
            assert item.group in ("root", service.name)
