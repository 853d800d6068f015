"""HAProxy: proxies with what they inherit, their binds and servers, and which service each balances.

Source of what is inherited and of defaults: HAProxy's configuration manual, sections 2.5, 4 and 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from fournines.artifacts import haproxy
from fournines.audit.cloud import Cloud, File
from fournines.audit.systems.services import service_on
from fournines.findings import Place

PROXY_KINDS = ("frontend", "backend", "listen")
ANY = "*"
DEFAULT_CHECK_INTERVAL_MS = 2000
DEFAULT_FALL = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """A line: its words and place."""

    words: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Bind:
    """An address and port that a proxy listens on; ``address`` is ``*`` for all of the host's, or a name."""

    address: str
    port: int | None
    options: tuple[str, ...]
    at: Place

    @property
    def everywhere(self) -> bool:
        """Whether it takes the port on every address of its family."""
        return self.address in (ANY, "::")


@dataclass(frozen=True, slots=True)
class Server:
    """A server with the options of its line and of the default-server before it; a flag's value is empty."""

    name: str
    address: str
    port: int | None
    options: Mapping[str, str]
    at: Place

    @property
    def checked(self) -> bool:
        return "check" in self.options

    @property
    def backup(self) -> bool:
        return "backup" in self.options

    def milliseconds(self, option: str, default_ms: int) -> int:
        """A duration among the options."""
        found = milliseconds(self.options.get(option, ""))
        return default_ms if found is None else found


class Settings:
    """The lines of a section, found by their first word."""

    def __init__(self, settings: Iterable[Setting] = ()) -> None:
        self.lines = tuple(settings)
        self._by_keyword: dict[str, list[Setting]] = {}
        for setting in self.lines:
            self._by_keyword.setdefault(setting.words[0], []).append(setting)

    def of(self, *keywords: str) -> Iterator[Setting]:
        """The lines of these keywords, in order for each."""
        for keyword in keywords:
            yield from self._by_keyword.get(keyword, ())

    def last(self, *words: str) -> Setting | None:
        """The last line that begins with these words."""
        lines = self._by_keyword.get(words[0])
        if lines is None or len(words) == 1:
            return lines[-1] if lines else None
        return next((setting for setting in reversed(lines) if setting.words[:len(words)] == words), None)


_HEALTH_CHECKS = frozenset((
    "httpchk", "mysql-check", "pgsql-check", "redis-check", "ldap-check", "smtpchk", "tcp-check",
    "ssl-hello-chk",
    "external-check", "spop-check",
))


_ANSWERS = (("stats",), ("monitor-uri",), ("http-request", "return"))


@dataclass(frozen=True, eq=False)
class Proxy:
    """A frontend, backend or listen. ``inherited`` are the settings of its defaults section."""

    node: str
    kind: str
    name: str
    at: Place
    own: Settings
    inherited: Settings

    def setting(self, *words: str) -> Setting | None:
        """The line that holds and begins with these words: the last of its own, else the last inherited."""
        return self.own.last(*words) or self.inherited.last(*words)

    def milliseconds(self, timeout: str) -> int | None:
        """``timeout NAME``, if it is set."""
        setting = self.setting("timeout", timeout)
        return milliseconds(setting.words[2]) if setting and len(setting.words) > 2 else None

    @property
    def mode(self) -> str:
        setting = self.setting("mode")
        return setting.words[1] if setting and len(setting.words) > 1 else "tcp"

    @cached_property
    def binds(self) -> tuple[Bind, ...]:
        return tuple(bind for setting in self.own.of("bind") if len(setting.words) > 1
                     for bind in _binds(setting))

    @property
    def answers_itself(self) -> bool:
        """Whether no connection goes on from here: statistics, answers that are written in the file."""
        goes_on = self.servers or any(settings.last(word) for settings in (self.own, self.inherited)
                                      for word in ("default_backend", "use_backend"))
        return not goes_on and any(self.own.last(*words) for words in _ANSWERS)

    @cached_property
    def servers(self) -> tuple[Server, ...]:
        return tuple(_servers((*self.inherited.of("default-server"), *self.own.lines)))

    @cached_property
    def health_check(self) -> Setting | None:
        """The ``option`` that says what a health check sends; None for a bare connection."""
        return next((setting for settings in (self.own, self.inherited)
                     for setting in reversed(tuple(settings.of("option")))
                     if len(setting.words) > 1 and setting.words[1] in _HEALTH_CHECKS), None)


@dataclass(frozen=True, eq=False)
class Balancer:
    """The HAProxy of one node."""

    node: str
    globals: Settings
    proxies: tuple[Proxy, ...]

    @cached_property
    def _fronts(self) -> dict[str, list[Proxy]]:
        fronts: dict[str, list[Proxy]] = {}
        for proxy in self.proxies:
            for settings in (proxy.own, proxy.inherited):
                for setting in settings.of("default_backend", "use_backend"):
                    if proxy.kind != "backend" and len(setting.words) > 1:
                        fronts.setdefault(setting.words[1], []).append(proxy)
        return fronts

    def fronts(self, backend: Proxy) -> Sequence[Proxy]:
        """The proxies through which connections come to this one: itself for a ``listen``."""
        return (backend,) if backend.kind == "listen" else self._fronts.get(backend.name, ())

    def is_unused(self, proxy: Proxy) -> bool:
        """Whether no request comes to it: a backend that no frontend names, where none computes a name."""
        computed = any("%[" in name for name in self._fronts)
        return proxy.kind == "backend" and not computed and not self.fronts(proxy)

    @cached_property
    def _services(self) -> dict[Proxy, str]:
        return {proxy: self._service(proxy) for proxy in self.proxies}

    def service(self, proxy: Proxy) -> str:
        """The service that it balances, by the well-known ports of its listeners, else of its servers."""
        return self._services[proxy]

    def _service(self, proxy: Proxy) -> str:
        check = proxy.health_check
        if check is not None and check.words[1] == "mysql-check":
            return "mysql"
        ports = [bind.port for front in self.fronts(proxy) for bind in front.binds]
        ports += [server.port for server in proxy.servers]
        return next((service for port in ports if (service := service_on(port))), "")


@lru_cache(maxsize=1)
def balancers(cloud: Cloud) -> tuple[Balancer, ...]:
    """The HAProxy of each node that has one."""
    found: dict[str, list[tuple[File, haproxy.Document]]] = {}
    for file, document in cloud.documents(haproxy.Document):
        found.setdefault(file.node, []).append((file, document))
    return tuple(_balancer(node, files) for node, files in found.items())


def balanced(cloud: Cloud) -> Iterator[tuple[Balancer, Proxy]]:
    """Every proxy with servers."""
    for balancer in balancers(cloud):
        for proxy in balancer.proxies:
            if proxy.servers:
                yield balancer, proxy


def _balancer(node: str, files: list[tuple[File, haproxy.Document]]) -> Balancer:
    globals_: list[Setting] = []
    proxies: list[Proxy] = []
    defaults, named = Settings(), dict[str, Settings]()
    for file, document in files:
        for section in document.sections:
            lines = tuple(Setting(words, file.at(number))
                          for words, number in zip(section.lines, section.numbers, strict=True))
            name, _, base_name = (*section.arguments[:3], "", "", "")[:3]
            base = named.get(base_name)
            if section.kind == "global":
                globals_ += lines
            elif section.kind == "defaults":
                defaults = named[name] = Settings((*(base.lines if base else ()), *lines))
            elif section.kind in PROXY_KINDS:
                proxies.append(Proxy(node, section.kind, name, file.at(section.number), Settings(lines),
                                     base or defaults))
    return Balancer(node, Settings(globals_), tuple(proxies))


_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}


@lru_cache(maxsize=1024)
def milliseconds(text: str) -> int | None:
    """A duration as HAProxy writes it, milliseconds without a unit; None for what is none."""
    match = re.fullmatch(r"([0-9]{1,12})(us|ms|s|m|h|d)?", text)
    return int(int(match[1]) * _UNITS_MS[match[2] or "ms"]) if match else None


def _endpoint(text: str) -> tuple[str, int | None]:
    """``10.0.0.1:80``, ``[::1]:80``, ``*:80``, ``:80``, ``ipv4@db1:3306``; the port None where there is
    none."""
    address = text.rpartition("@")[2]
    host, colon, port = address.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port):
        return address.strip("[]") or ANY, None
    host = host.strip("[]")
    return (ANY if host in ("", "0.0.0.0") else host), int(port)  # noqa: S104  read, not bound


def _binds(setting: Setting) -> Iterator[Bind]:
    for part in setting.words[1].split(","):
        if part.startswith(("/", "unix@", "abns@", "fd@", "sockpair@")):
            continue
        address, port = _endpoint(part)
        yield Bind(address, port, setting.words[2:], setting.at)


_WITH_VALUE = frozenset((
    "inter", "fastinter", "downinter", "rise", "fall", "port", "addr", "weight", "maxconn", "on-marked-down",
    "on-marked-up", "verify", "ca-file", "crt", "sni", "check-sni", "cookie", "observe", "error-limit",
    "on-error",
    "minconn", "maxqueue", "slowstart", "source", "track", "agent-port", "agent-inter", "agent-addr",
    "agent-send", "check-proto", "alpn", "check-alpn", "proto", "resolvers", "init-addr", "tcp-ut",
    "pool-max-conn",
    "pool-purge-delay", "pool-low-conn", "id", "namespace", "redir", "resolve-prefer", "resolve-net",
    "ciphers",
    "ciphersuites", "crl-file", "ssl-max-ver", "ssl-min-ver", "verifyhost", "log-proto", "max-reuse", "ws",
    "shard",
))


def _options(words: tuple[str, ...]) -> dict[str, str]:
    options: dict[str, str] = {}
    position = 0
    while position < len(words):
        word = words[position]
        if word.startswith("no-"):
            options.pop(word[3:], None)
        takes = word in _WITH_VALUE and position + 1 < len(words)
        options[word] = words[position + 1] if takes else ""
        position += 2 if takes else 1
    return options


def _servers(settings: Iterable[Setting]) -> Iterator[Server]:
    defaults: dict[str, str] = {}
    for setting in settings:
        if setting.words[0] == "default-server":
            defaults = {**defaults, **_options(setting.words[1:])}
        elif setting.words[0] == "server" and len(setting.words) > 2:
            own = _options(setting.words[3:])
            merged = {name: value for name, value in defaults.items() if f"no-{name}" not in own}
            address, port = _endpoint(setting.words[2])
            yield Server(setting.words[1], address, port, {**merged, **own}, setting.at)
