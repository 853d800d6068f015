"""Real servers on the loopback, with data directories of their own: MariaDB and RabbitMQ."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PASSWORD = "made-up"
START_TIMEOUT_S = 90.0
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1.0)
        return client.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


@dataclass
class Server:
    """A daemon that can be killed and started again over its data."""

    argv: list[str]
    port: int
    home: Path
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **self.env}, start_new_session=True)
        until(lambda: listens(self.port), f"{self.argv[0]}: see {self.home}/log")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """The whole process group; waits for its end where that is to come."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            if number == signal.SIGKILL:
                self.process.wait()
                until(lambda: not listens(self.port), "its end")


class Relay:
    """A way to a server that can be cut and mended."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._hangs = False
        self.port = free_port()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def hang(self) -> None:
        """Pass nothing on any more, and let nobody notice."""
        self._hangs = True

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._pass_on(reader, there_writer), self._pass_on(there_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                if not self._hangs:
                    writer.write(piece)
        self._writers.discard(writer)
        writer.close()


@contextmanager
def mariadb(home: Path) -> Iterator[Server]:
    """With a database ``drill``, open to everybody on the loopback: accounts are none of these tests'
    business."""
    data, port = home / "data", free_port()
    data.mkdir()
    (home / "init.sql").write_text("CREATE DATABASE IF NOT EXISTS drill;\n")
    server = Server(["mariadbd", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-grant-tables",
                     "--skip-networking=0", f"--port={port}", "--bind-address=127.0.0.1",
                     f"--socket={home}/sock", f"--init-file={home}/init.sql",
                     "--innodb-buffer-pool-size=16M"], port, home)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def rabbitmq(home: Path) -> Iterator[Server]:
    """With a virtual host ``drills`` and its user ``drills``; an epmd and a cookie of its own."""
    port, epmd = free_port(), free_port()
    (home / "definitions.json").write_text(json.dumps({
        "users": [{"name": "drills", "password": PASSWORD, "tags": ""}], "vhosts": [{"name": "drills"}],
        "permissions": [{"user": "drills", "vhost": "drills", "configure": ".*", "write": ".*",
                         "read": ".*"}]}))
    (home / "rabbitmq.conf").write_text(
        f"listeners.tcp.default = 127.0.0.1:{port}\nload_definitions = {home}/definitions.json\n")
    (home / ".erlang.cookie").write_text(secrets.token_hex(16))
    (home / ".erlang.cookie").chmod(0o400)
    env = {"HOME": str(home), "RABBITMQ_NODENAME": f"t{port}@localhost", "ERL_EPMD_PORT": str(epmd),
           "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_DIST_PORT": str(free_port()),
           "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"), "RABBITMQ_MNESIA_BASE": str(home / "data"),
           "RABBITMQ_LOG_BASE": str(home / "logs"), "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
           "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none"}
    names = subprocess.Popen(["epmd", "-port", str(epmd), "-address", "127.0.0.1"], stdin=subprocess.DEVNULL)
    server = Server([str(RABBITMQ)], port, home, env)
    try:
        until(lambda: listens(epmd), "epmd")
        server.start()
        yield server
    finally:
        server.kill()
        names.kill()
        names.wait()
