"""Servers that several tests share, and a real crowd of clients."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.servers import RABBITMQ, Server, mariadb, rabbitmq


@pytest.fixture(scope="session")
def sql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("mariadbd") is None:
        pytest.skip("needs mariadb-server")
    with mariadb(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not RABBITMQ.exists():
        pytest.skip("needs rabbitmq-server")
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@pytest.fixture
def history_file(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"
