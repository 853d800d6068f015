"""The agents' one question to MariaDB, put to a real one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fournines.ocf import sql
from fournines.ocf.agents.mariadb import QUESTION

SIZES = ("--innodb-buffer-pool-size=16M", "--innodb-buffer-pool-size-max=16M")
START_S = 60.0
TABLES = Path("/usr/share/mysql")
pytestmark = pytest.mark.tool("mariadbd", "mariadb-server-core")


@pytest.fixture
def server(tool: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A MariaDB whose root is known by the kernel's word; its socket is ``s`` in the folder."""
    if os.getuid():
        pytest.skip("needs root, whom MariaDB knows by its socket")
    (tmp_path / "data").mkdir()
    base = [tool, "--no-defaults", f"--datadir={tmp_path}/data", "--user=root", *SIZES]
    tables = "".join((TABLES / f"mysql_{name}.sql").read_text() for name in (
        "system_tables", "performance_tables", "system_tables_data"))
    subprocess.run([*base, "--bootstrap"], check=True, capture_output=True, timeout=120, text=True,
                   input=f"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket='root';\n"
                         f"SET @skip_auth_anonymous=1;\n{tables}")
    started = subprocess.Popen([*base, "--skip-networking", f"--socket={tmp_path}/s",
                                f"--pid-file={tmp_path}/pid"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_S
        while not (tmp_path / "s").exists():
            assert started.poll() is None
            assert time.monotonic() < end, "it does not start"
            time.sleep(0.05)
        yield started
    finally:
        started.send_signal(signal.SIGCONT)
        started.kill()
        started.wait()


def test_a_server_answers_says_no_or_hangs(server: subprocess.Popen[bytes], tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    sql.ask(path, QUESTION, within_s=20)
    with pytest.raises(sql.NoAnswer) as refused:
        sql.ask(path, "SELECT nonsense", within_s=20)
    assert refused.value.code == 1054
    with pytest.raises(sql.NoAnswer, match=r"1698|1045"):
        sql.ask(path, QUESTION, within_s=20, user="nobody-of-that-name")
    server.send_signal(signal.SIGSTOP)
    with pytest.raises(sql.NoAnswer, match="timed out"):
        sql.ask(path, QUESTION, within_s=0.5)


@pytest.mark.parametrize("said", [b"", b"\x01", b"\x00\x00\x00\x00", b"\x01\x00\x00\x00\x09",
                                  b"\x05\x00\x00\x00\x0a123"])
def test_what_speaks_something_else_does_not_answer(tmp_path: Path, said: bytes) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "s"))
    listening.listen()

    def answer() -> None:
        connection, _ = listening.accept()
        connection.sendall(said)
        connection.close()

    answering = threading.Thread(target=answer)
    answering.start()
    with listening, pytest.raises(sql.NoAnswer):
        sql.ask(str(tmp_path / "s"), QUESTION, within_s=5)
    answering.join()


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(sql.NoAnswer, match="No such file"):
        sql.ask(str(tmp_path / "s"), QUESTION, within_s=5)
