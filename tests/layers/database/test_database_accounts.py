"""Accounts: what is made, what is told of them, and that no password shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from fournines.artifacts import ini
from fournines.blueprint.requests import Run
from fournines.blueprint.snapshot import Snapshot
from fournines.layers.database import artifacts, health, procedures
from fournines.layers.database.node import sql_accounts
from fournines.layers.database.node.sql_accounts import Account, native_hash, statements, system_statements
from fournines.layers.layer import Site


def test_a_password_is_stored_as_mariadb_stores_it() -> None:
    # SELECT PASSWORD('mypass') in the manual of MariaDB
    assert native_hash("mypass") == "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4"


def test_sql_carries_no_password_and_grants_one_database_only() -> None:
    account = Account("fournines_drill", "192.168.42.0/255.255.255.0", "s3cret", "fournines_drill")
    said = statements(account)
    assert "s3cret" not in str(said)
    assert r"GRANT ALL PRIVILEGES ON `fournines\_drill`.* TO %s@%s" in [sql for sql, _ in said]


def test_the_health_account_comes_after_the_one_that_joiners_need() -> None:
    fresh = [sql for sql, _ in system_statements({}, "fournines-health", ("fournines-sst", "pw"))]
    assert "unix_socket" in fresh[-1]
    assert "GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.*" in fresh[-2]


def test_accounts_that_are_right_are_left_alone() -> None:
    stored = {"fournines-health": "", "fournines-sst": native_hash("pw")}
    assert system_statements(stored, "fournines-health", ("fournines-sst", "pw")) == []
    assert system_statements(stored, "fournines-health", ("fournines-sst", "new"))


def test_the_sst_login_is_read_from_the_file_that_mariadbd_reads(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "sst.cnf"
    path.write_text(ini.emit(artifacts.state_transfer(site)), encoding="utf-8")
    assert sql_accounts.sst_login(str(path)) == ("fournines-sst", "sst-password")


def test_the_step_is_done_when_every_digest_is_as_wanted(site: Site) -> None:
    step = procedures.accounts_step(site)
    assert step.unless is not None
    digests = {account.user: account.digest for account in procedures.accounts(site)}

    def seen(found: dict[str, str]) -> bool | None:
        snapshot = Snapshot({"ctl1": {health.ACCOUNTS: health.Accounts(found, "ok")}}, {})
        assert step.unless is not None
        return step.unless.judge(snapshot, "ctl1").truth

    assert seen(digests) is True
    assert seen({**digests, "keystone": "0123456789abcdef"}) is False
    assert seen({"keystone": digests["keystone"]}) is not True


def test_passwords_travel_on_standard_input_only(site: Site) -> None:
    (request,) = procedures.accounts_step(site).do["ctl1"]
    assert isinstance(request, Run)
    assert "keystone-pw" in request.stdin
    assert "keystone-pw" not in f"{request.argv} {request.describe()} {request!r}"


@pytest.mark.parametrize("changed", [{"password": "other"}, {"host": "%"}, {"database": "other"}])
def test_a_digest_shows_every_difference(changed: dict[str, str]) -> None:
    wanted = {"user": "keystone", "host": "10.0.0.0/255.0.0.0", "password": "pw", "database": "keystone"}
    assert Account(**wanted).digest != Account(**{**wanted, **changed}).digest
