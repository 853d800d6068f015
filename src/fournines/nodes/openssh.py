"""The operator's OpenSSH files: what they configure, whether they name a host, which host keys are known."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import asyncssh

from fournines.errors import Unreachable

_OPTION = re.compile(r"\s*(\w+)[\s=]+(.*)")


@dataclass(frozen=True, slots=True)
class SshFiles:
    """``configs`` in order of precedence; ``user_known`` is what UserKnownHostsFile replaces,
    ``global_known`` is always read too. Files that are not there are left out when read."""

    configs: tuple[Path, ...]
    user_known: tuple[Path, ...]
    global_known: tuple[Path, ...] = ()

    @classmethod
    def of_operator(cls) -> SshFiles:
        """The files that ``ssh`` would read for the user who runs this."""
        own, system = Path("~/.ssh").expanduser(), Path("/etc/ssh")
        return cls(_readable((own / "config", system / "ssh_config")),
                   (own / "known_hosts", own / "known_hosts2"),
                   (system / "ssh_known_hosts", system / "ssh_known_hosts2"))

    def known_hosts(self, node: str,
                    options: asyncssh.SSHClientConnectionOptions) -> asyncssh.SSHKnownHosts:
        """The host keys that ``options`` may trust. Raises ``Unreachable`` where the configuration says not
        to check (``UserKnownHostsFile none``), for the host or for one that the way to it leads over."""
        jumps = options.tunnel.split(",") if isinstance(options.tunnel, str) else []
        for jump in jumps:
            of_jump = asyncssh.SSHClientConnectionOptions(
                host=jump.rpartition("@")[2].partition(":")[0], config=list(self.configs))
            self._refuse_unchecked(node, jump, of_jump.known_hosts)
        self._refuse_unchecked(node, options.host, options.known_hosts)
        named = [Path(str(name)).expanduser() for name in options.known_hosts or ()]  # type: ignore[union-attr]
        files = _readable((*(named or self.user_known), *self.global_known))
        try:
            return asyncssh.read_known_hosts([str(file) for file in files])
        except (ValueError, OSError) as problem:
            raise Unreachable(node, f"the known hosts cannot be read: {problem}",
                              hint=f"correct {', '.join(map(str, files))}") from None

    @staticmethod
    def _refuse_unchecked(node: str, host: str, known_hosts: object) -> None:
        if known_hosts is None:
            raise Unreachable(node, f"the OpenSSH configuration turns host key checking off for {host}",
                              hint="remove 'UserKnownHostsFile none': an unchecked host could be anybody")


def _readable(files: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(file for file in files if file.is_file())


def knows_host(configs: Iterable[Path], name: str) -> bool:
    """Whether a ``Host`` line names this host: literally or by a pattern other than ``*``."""
    for patterns in _host_lines(configs):
        wanted = [pattern for pattern in patterns if not pattern.startswith("!") and pattern != "*"]
        refused = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
        if (any(fnmatchcase(name, pattern) for pattern in wanted)
                and not any(fnmatchcase(name, pattern) for pattern in refused)):
            return True
    return False


def _host_lines(configs: Iterable[Path], depth: int = 0) -> Iterator[list[str]]:
    for config in configs:
        for line in config.read_text(errors="replace").splitlines():
            option = _OPTION.fullmatch(line)
            if option is None:
                continue
            keyword = option[1].lower()
            if keyword == "host":
                yield _words(option[2])
            elif keyword == "include" and depth < 16:   # as deep as OpenSSH goes
                yield from _host_lines(_included(config, _words(option[2])), depth + 1)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:   # an open quote: ssh itself will complain about the file
        return []


def _included(config: Path, patterns: list[str]) -> tuple[Path, ...]:
    """ssh_config(5), Include: relative to ~/.ssh, or to /etc/ssh from the system's file."""
    found: list[Path] = []
    for pattern in patterns:
        path = Path(pattern).expanduser()
        base = Path(path.anchor) if path.is_absolute() else config.parent
        found += sorted(base.glob(str(path.relative_to(base)) if path.is_absolute() else pattern))
    return _readable(found)
