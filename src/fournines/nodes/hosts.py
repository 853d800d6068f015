"""Real hosts over SSH: asyncssh with the operator's OpenSSH configuration, one connection per node.

Host keys are always checked: a configuration that turns the check off is refused, not obeyed.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from fournines.cluster.topology import Cluster, Node, Reach
from fournines.errors import Refused, Unreachable
from fournines.nodes.channel import Channel, Reader, Writer, keep_last_words
from fournines.nodes.openssh import SshFiles, knows_host

DEFAULT_PORT = 22
CONNECT_TIMEOUT_S = 10.0
LOGIN_TIMEOUT_S = 20.0
KEEPALIVE_S = 5.0
KEEPALIVE_COUNT = 3     # a silent node is given up after 15 to 20 s
CLOSE_GRACE_S = 2.0
ENDING_GRACE_S = 1.0
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.:%\[\]][A-Za-z0-9_.:%\[\]-]*")


def reach_of(node: Node, files: SshFiles) -> Reach:
    """How to log in to a node of the cluster file. Without ``reach: host:`` its name is used if the OpenSSH
    configuration has an entry for it, else its management address. Raises ``Refused`` for names that a proxy
    command could take for an option."""
    host = node.reach.host or (node.name if knows_host(files.configs, node.name) else str(node.management))
    for what, value in (("host", host), ("user", node.reach.user or "root")):
        if not _PLAIN_NAME.fullmatch(value):
            raise Refused(f"{node.name}: {value!r} is not the name of a {what}",
                          hint=f"in reach: {what}: write a plain name: no blanks, no leading '-'")
    return Reach(host, node.reach.user, node.reach.port)


def doors(cluster: Cluster, files: SshFiles | None = None) -> dict[str, SshDoor]:
    """A door per node of the cluster, arbitrators included. Nothing is connected yet."""
    files = files or SshFiles.of_operator()
    return {node.name: SshDoor(node.name, reach_of(node, files), files) for node in cluster.nodes}


@contextlib.contextmanager
def _as_broken_pipe() -> Iterator[None]:
    """A lost connection is to a channel what a broken pipe is."""
    try:
        yield
    except asyncssh.Error as problem:
        raise ConnectionError(problem.reason) from None


class _Reading:
    """See ``channel.Reader``."""

    def __init__(self, reader: asyncssh.SSHReader[bytes]) -> None:
        self._reader = reader

    async def read(self, n: int = -1) -> bytes:
        with _as_broken_pipe():
            return await self._reader.read(n)

    async def readexactly(self, n: int) -> bytes:
        with _as_broken_pipe():
            return await self._reader.readexactly(n)


class _Writing:
    """See ``channel.Writer``."""

    def __init__(self, writer: asyncssh.SSHWriter[bytes]) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        with _as_broken_pipe():
            await self._writer.drain()


class SshChannel:
    """A process behind an SSH session; see ``channel.Channel``."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self._process = process
        self.reader: Reader = _Reading(process.stdout)
        self.writer: Writer = _Writing(process.stdin)
        self._said = bytearray()
        self._listening = asyncio.create_task(keep_last_words(_Reading(process.stderr), self._said))

    async def ending(self) -> str:
        """See ``channel.Channel``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING_GRACE_S):
                await self._process.wait_closed()
                await asyncio.shield(self._listening)
        code = self._process.exit_status
        said = self._said.decode("utf-8", "replace").strip()
        return ": ".join(part for part in ("" if code is None else f"exit status {code}", said) if part)

    async def close(self) -> None:
        """See ``channel.Channel``."""
        with contextlib.suppress(OSError):
            self._process.stdin.write_eof()
        try:
            async with asyncio.timeout(CLOSE_GRACE_S):
                await self._process.wait_closed()
        except TimeoutError:
            self._process.close()
        finally:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)


@dataclass(slots=True)
class SshDoor:
    """Opens channels on one SSH connection, made at the first need and again after a loss. With ``as_root``
    anybody but root goes through ``sudo -n``."""

    name: str
    reach: Reach
    files: SshFiles
    as_root: bool = True
    _connection: asyncssh.SSHClientConnection | None = None
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self, argv: Sequence[str]) -> Channel:
        """See ``channel.Door``."""
        connection = await self._connected()
        user = str(connection.get_extra_info("username"))
        command = list(argv) if user == "root" or not self.as_root else ["sudo", "-n", "--", *argv]
        try:
            process = await connection.create_process(shlex.join(command), encoding=None)
        except (asyncssh.Error, OSError) as problem:
            await self.close()
            raise Unreachable(self.name, f"SSH: no session: {problem}",
                              hint="sshd on the node limits sessions: see MaxSessions") from None
        return SshChannel(process)

    async def close(self) -> None:
        """See ``channel.Door``."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.close()
        try:
            async with asyncio.timeout(CLOSE_GRACE_S):
                await connection.wait_closed()
        except TimeoutError:   # a peer that is gone takes no farewell
            connection.abort()
            await connection.wait_closed()

    async def _connected(self) -> asyncssh.SSHClientConnection:
        async with self._connecting:
            if self._connection is not None and self._connection.is_closed():
                await self.close()
            if self._connection is None:
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> asyncssh.SSHClientConnection:
        settings: dict[str, Any] = {"username": self.reach.user or (), "config": list(self.files.configs)}
        port = self.reach.port or ()
        witness = _Witness()
        try:
            options = asyncssh.SSHClientConnectionOptions(host=self.reach.host, port=port, **settings)
        except (ValueError, asyncssh.Error, OSError) as problem:
            raise Unreachable(self.name, f"the OpenSSH configuration cannot be used: {problem}",
                              hint=f"correct it; 'ssh -G {self._spoken()}' shows what it says") from None
        witness.known = self.files.known_hosts(self.name, options)
        try:
            return await asyncssh.connect(
                self.reach.host, port, known_hosts=witness.known, client_factory=lambda: witness,
                connect_timeout=CONNECT_TIMEOUT_S, login_timeout=LOGIN_TIMEOUT_S, agent_forwarding=False,
                keepalive_interval=KEEPALIVE_S, keepalive_count_max=KEEPALIVE_COUNT, **settings)
        except asyncssh.HostKeyNotVerifiable as problem:
            raise self._distrust(witness, problem) from None
        except asyncssh.PermissionDenied as problem:
            who = f"{options.username}@{options.host}"
            raise Unreachable(self.name, f"SSH: {who} may not log in: {problem.reason}", hint=(
                "load the key into ssh-agent, or name it as IdentityFile in ~/.ssh/config; "
                "for another user write reach: user:")) from None
        except (asyncssh.Error, OSError) as problem:
            raise self._no_way(options, problem) from None

    def _no_way(self, options: asyncssh.SSHClientConnectionOptions, problem: Exception) -> Unreachable:
        if isinstance(problem, asyncssh.KeyExchangeFailed):
            reason = f"{problem.reason}; where its host keys were replaced: ssh-keygen -R {options.host}"
        elif isinstance(problem, TimeoutError):
            reason = f"no answer within {CONNECT_TIMEOUT_S:g} s"
        else:
            reason = getattr(problem, "reason", "") or getattr(problem, "strerror", "") or str(problem)
        return Unreachable(self.name, f"SSH to {options.host}:{options.port}: {reason}",
                           hint=f"see what 'ssh {self._spoken()}' says")

    def _distrust(self, witness: _Witness, problem: asyncssh.HostKeyNotVerifiable) -> Unreachable:
        if witness.shown is None:   # a host on the way, or a certificate
            return Unreachable(self.name, f"SSH: {problem.reason}",
                               hint=f"log in once with 'ssh {self._spoken()}' and compare what it shows")
        entry, shown = witness.entry, f"it shows {witness.shown.get_fingerprint()}"
        if witness.expected:
            was = ", ".join(key.get_fingerprint() for key in witness.expected)
            changed = f"SSH: the host key of {entry} has changed: {shown}, known is {was}"
            return Unreachable(self.name, changed, hint=(
                "somebody may be in between. If the machine was reinstalled, forget the old key with "
                f"'ssh-keygen -R {shlex.quote(entry)}' and log in once with 'ssh {self._spoken()}'"))
        return Unreachable(self.name, f"SSH: the host key of {entry} is not known: {shown}", hint=(
            f"compare that with the machine itself, then accept it with 'ssh {self._spoken()}'"))

    def _spoken(self) -> str:
        """The arguments of the ``ssh`` command line that does the same."""
        port = f"-p {self.reach.port} " if self.reach.port else ""
        user = f"{self.reach.user}@" if self.reach.user else ""
        return f"{port}{user}{self.reach.host}"


class _Witness(asyncssh.SSHClient):
    """Sees the host key that was shown and not trusted, to be able to say which it was. Never trusts one."""

    def __init__(self) -> None:
        self.known = asyncssh.SSHKnownHosts()
        self.shown: asyncssh.SSHKey | None = None
        self.expected: Sequence[asyncssh.SSHKey] = ()
        self.entry = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = key
        self.expected = self.known.match(host, addr, None if port == DEFAULT_PORT else port)[0]
        self.entry = host if port == DEFAULT_PORT else f"[{host}]:{port}"
        return False
