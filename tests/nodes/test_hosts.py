"""SSH on the loopback: asyncssh's own server, real keys, real files of the operator."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import asyncssh
import pytest

from fournines.blueprint.requests import Run, WriteFile
from fournines.cluster.topology import Node, Reach
from fournines.errors import Refused, Unreachable
from fournines.nodes.hosts import SshDoor, reach_of
from fournines.nodes.openssh import SshFiles
from fournines.nodes.pipe import PipeNode

ECHO = {"rc": 0, "stdout": "hello\n", "stderr": ""}
HELLO = Run(("echo", "hello"))


async def shell(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """What sshd does with a command: the login shell runs it, after printing what such shells print."""
    assert process.command is not None
    process.stdout.write(b"Welcome!\n")
    child = await asyncio.create_subprocess_exec(
        "sh", "-c", process.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    inward = asyncio.create_task(pump_input(process, child.stdin))
    await asyncio.gather(pump(child.stdout, process.stdout), pump(child.stderr, process.stderr))
    process.exit(await child.wait())
    await inward


async def pump(source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes]) -> None:
    while piece := await source.read(65536):
        with contextlib.suppress(OSError):   # the client has gone
            sink.write(piece)


async def pump_input(process: asyncssh.SSHServerProcess[bytes], sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while piece := await process.stdin.read(65536):
            sink.write(piece)
            await sink.drain()
    sink.close()


@dataclass
class Sshd:
    """A server and the operator's files that go with it."""

    port: int
    home: Path
    host_key: asyncssh.SSHKey
    connections: list[asyncssh.SSHServerConnection]

    def files(self, config: str = "", known: str | None = None) -> SshFiles:
        path = self.home / "config"
        path.write_text(f"Host *\n  IdentityFile {self.home}/id\n  IdentityAgent none\n{config}")
        line = f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode()}"
        (self.home / "known_hosts").write_text(line if known is None else known)
        return SshFiles((path,), (self.home / "known_hosts",))

    def node(self, files: SshFiles, reach: Reach | None = None) -> PipeNode:
        return PipeNode(SshDoor("ctl1", reach or Reach("127.0.0.1", "root", self.port), files))


class _Server(asyncssh.SSHServer):
    def __init__(self, made: list[asyncssh.SSHServerConnection]) -> None:
        self._made = made

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._made.append(conn)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True   # a jump host


@pytest.fixture
async def sshd(tmp_path: Path) -> AsyncIterator[Sshd]:
    async with serving(tmp_path) as server:
        yield server


@asynccontextmanager
async def serving(home: Path) -> AsyncIterator[Sshd]:
    host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    client_key.write_private_key(home / "id")
    client_key.write_public_key(home / "id.pub")
    made: list[asyncssh.SSHServerConnection] = []
    allowed = asyncssh.import_authorized_keys(client_key.export_public_key().decode())
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=allowed,
        process_factory=shell, encoding=None, server_factory=lambda: _Server(made))
    yield Sshd(server.get_port(), home, host_key, made)
    server.close()
    for connection in made:
        connection.abort()
        await connection.wait_closed()
    await server.wait_closed()


async def why_unreachable(node: PipeNode) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        await node.ask([HELLO])
    await node.close()
    return caught.value


async def test_one_connection_and_one_agent_for_all_asks(sshd: Sshd, tmp_path: Path) -> None:
    node = sshd.node(sshd.files())
    content = os.urandom(1 << 20)
    assert await asyncio.gather(*(node.ask([HELLO]) for _ in range(20))) == [[ECHO]] * 20
    assert await node.ask([WriteFile(str(tmp_path / "x"), content)]) == [{"changed": True}]
    assert (tmp_path / "x").read_bytes() == content
    await node.close()
    assert len(sshd.connections) == 1


async def test_a_lost_connection_is_made_again(sshd: Sshd, tmp_path: Path) -> None:
    node = sshd.node(sshd.files())
    marker = tmp_path / "running"
    long = Run(("sh", "-c", f"touch {marker}; exec sleep 600"), timeout_s=600)
    asked = asyncio.create_task(node.ask([long]))
    await until(marker.exists)
    sshd.connections[0].abort()
    with pytest.raises(Unreachable, match="Connection lost"):
        await asked
    assert await node.ask([HELLO]) == [ECHO]
    await node.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.02)


async def test_an_unknown_host_key_is_refused_with_the_way_out(sshd: Sshd) -> None:
    problem = await why_unreachable(sshd.node(sshd.files(known="")))
    assert f"the host key of [127.0.0.1]:{sshd.port} is not known" in problem.message
    assert sshd.host_key.get_fingerprint() in problem.message
    assert f"ssh -p {sshd.port} root@127.0.0.1" in problem.hint


async def test_a_changed_host_key_is_refused_with_the_way_out(sshd: Sshd) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    entry = f"[127.0.0.1]:{sshd.port}"
    files = sshd.files(known=f"{entry} {other.export_public_key().decode()}")
    problem = await why_unreachable(sshd.node(files))
    assert f"the host key of {entry} has changed" in problem.message
    assert other.get_fingerprint() in problem.message
    assert f"ssh-keygen -R '{entry}'" in problem.hint


async def test_a_host_key_of_another_kind_is_refused(sshd: Sshd) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    files = sshd.files(known=f"[127.0.0.1]:{sshd.port} {other.export_public_key().decode()}")
    assert "ssh-keygen -R" in (await why_unreachable(sshd.node(files))).message


async def test_checking_cannot_be_turned_off(sshd: Sshd) -> None:
    careless = "  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no\n"
    for config in ("  UserKnownHostsFile none\n", careless):
        problem = await why_unreachable(sshd.node(sshd.files(config)))
        assert "host key" in problem.message
    jump = "  ProxyJump jump\nHost jump\n  UserKnownHostsFile none\n"
    problem = await why_unreachable(sshd.node(sshd.files(jump)))
    assert "turns host key checking off for jump" in problem.message


async def test_a_key_that_the_host_does_not_accept(sshd: Sshd) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    other.write_private_key(sshd.home / "id")
    (sshd.home / "id.pub").unlink()
    problem = await why_unreachable(sshd.node(sshd.files()))
    assert "root@127.0.0.1 may not log in" in problem.message
    assert "IdentityFile" in problem.hint


async def test_the_openssh_configuration_names_host_port_and_user(sshd: Sshd) -> None:
    config = f"Host ctl1\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User root\n"
    node = sshd.node(sshd.files(config), Reach("ctl1"))
    assert await node.ask([HELLO]) == [ECHO]
    await node.close()


async def test_a_proxy_command_is_used(sshd: Sshd) -> None:
    relay = sshd.home / "relay.py"
    relay.write_text(
        "import select, socket, os, sys\ns = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "open(sys.argv[3], 'w').close()\nwhile True:\n"
        "    for r in select.select([0, s], [], [])[0]:\n"
        "        d = os.read(0, 65536) if r == 0 else s.recv(65536)\n"
        "        if not d: sys.exit()\n"
        "        s.sendall(d) if r == 0 else os.write(1, d)\n")
    config = f"  ProxyCommand {sys.executable} {relay} %h %p {sshd.home}/used\n"
    node = sshd.node(sshd.files(config))
    assert await node.ask([HELLO]) == [ECHO]
    await node.close()
    assert (sshd.home / "used").exists()


async def test_a_jump_host_is_used_and_checked(sshd: Sshd, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jump").mkdir()
    async with serving(tmp_path / "jump") as jump:
        config = (f"  ProxyJump jump\nHost jump\n  HostName 127.0.0.1\n  Port {jump.port}\n  User root\n"
                  f"  IdentityFile {jump.home}/id\n  UserKnownHostsFile {jump.home}/known_hosts\n")
        jump.files()
        files = sshd.files("Host 127.0.0.1\n" + config)
        node = sshd.node(files)
        assert await node.ask([HELLO]) == [ECHO]
        await node.close()
        assert len(jump.connections) == 1
        jump.files(known="")
        problem = await why_unreachable(sshd.node(files))
        assert "Host key is not trusted" in problem.message


async def test_nobody_listens_there() -> None:
    node = PipeNode(SshDoor("ctl1", Reach("127.0.0.1", "root", 1), SshFiles((), ())))
    problem = await why_unreachable(node)
    assert "ctl1: SSH to 127.0.0.1:1: " in problem.message
    assert "ssh -p 1 root@127.0.0.1" in problem.hint


async def test_another_user_goes_through_sudo(sshd: Sshd) -> None:
    """There is no sudo on the way here, or one that wants a password: either is said plainly."""
    (sshd.home / "bin").mkdir()
    sudo = sshd.home / "bin" / "sudo"
    sudo.write_text("#!/bin/sh\necho sudo: a password is required >&2\nexit 1\n")
    sudo.chmod(0o755)
    path, os.environ["PATH"] = os.environ["PATH"], f"{sudo.parent}:{os.environ['PATH']}"
    try:
        problem = await why_unreachable(sshd.node(sshd.files(), Reach("127.0.0.1", "operator", sshd.port)))
        assert "sudo: a password is required" in problem.message
        assert "NOPASSWD" in problem.hint
        sudo.write_text('#!/bin/sh\n[ "$1 $2" = "-n --" ] && shift 2 && exec "$@"\n')
        node = sshd.node(sshd.files(), Reach("127.0.0.1", "operator", sshd.port))
        assert await node.ask([HELLO]) == [ECHO]
        await node.close()
    finally:
        os.environ["PATH"] = path


async def test_twelve_nodes_at_once(sshd: Sshd) -> None:
    files = sshd.files()
    nodes = [sshd.node(files) for _ in range(12)]
    assert await asyncio.gather(*(node.ask([HELLO]) for node in nodes)) == [[ECHO]] * 12
    await asyncio.gather(*(node.close() for node in nodes))


def test_where_a_node_is_reached(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("Host ctl1\n")
    files = SshFiles((tmp_path / "config",), ())
    addresses = {"management": IPv4Address("192.0.2.1")}
    assert reach_of(Node("ctl1", addresses), files) == Reach("ctl1")
    assert reach_of(Node("ctl2", addresses), files) == Reach("192.0.2.1")
    written = Reach("jumpy", "me", 2222)
    assert reach_of(Node("ctl2", addresses, reach=written), files) == written


@pytest.mark.parametrize("reach", [Reach("-oProxyCommand=x"), Reach("a b"), Reach("a;b"), Reach("h", "-l x")])
def test_names_that_a_command_could_misread_are_refused(reach: Reach) -> None:
    node = Node("ctl1", {"management": IPv4Address("192.0.2.1")}, reach=reach)
    with pytest.raises(Refused, match="is not the name of a"):
        reach_of(node, SshFiles((), ()))
