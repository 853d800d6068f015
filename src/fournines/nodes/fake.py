"""FakeNode: a supported in-memory node, for tests of whatever talks to nodes.

It keeps files, directories, units and packages and answers from them as the agent would. Everything else
(commands, HTTP, sockets) is answered from what the test has scripted, and is ``Failed`` when nothing was.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fournines.blueprint.requests import (
    Failed,
    FileFacts,
    InstallPackages,
    JsonValue,
    MakeDirectory,
    PackageFacts,
    ReadFile,
    RemoveFile,
    Reply,
    Request,
    TcpConnect,
    Unit,
    UnitFacts,
    WriteFile,
)
from fournines.errors import Unreachable


@dataclass(frozen=True, slots=True)
class FakeFile:
    """A file, or a directory where ``content`` is None."""

    content: bytes | None
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"

    def facts(self) -> dict[str, JsonValue]:
        sha256 = None if self.content is None else hashlib.sha256(self.content).hexdigest()
        return {"sha256": sha256, "mode": self.mode, "owner": self.owner, "group": self.group,
                "size": len(self.content or b"")}


@dataclass(frozen=True, slots=True)
class FakeUnit:
    """A systemd unit as ``UnitFacts`` shows it."""

    active: str = "inactive"
    sub: str = "dead"
    enabled: str = "disabled"
    main_pid: int = 0
    since_monotonic_us: int = 0

    def facts(self) -> dict[str, JsonValue]:
        load = "masked" if self.enabled == "masked" else "loaded"
        return {"load": load, "active": self.active, "sub": self.sub, "enabled": self.enabled,
                "main_pid": self.main_pid, "since_monotonic_us": self.since_monotonic_us}


_NO_UNIT: dict[str, JsonValue] = {"load": "not-found", "active": "inactive", "sub": "dead", "enabled": "",
                                  "main_pid": 0, "since_monotonic_us": 0}
Matcher = Callable[[Request], bool]
Answer = Callable[[Request], Reply]


@dataclass(slots=True)
class FakeNode:
    """``files``, ``units`` and ``packages`` are the node's state and may be read and set by the test.

    ``brings`` maps a package to the units that its installation creates. A non-empty ``unreachable`` makes
    every ``ask`` raise ``Unreachable`` with that reason; after ``dies_after`` requests the node becomes so by
    itself (in the middle of a batch, whose earlier requests have taken effect). ``asked`` and ``batches``
    record.
    """

    name: str
    files: dict[str, FakeFile] = field(default_factory=dict)
    units: dict[str, FakeUnit] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    brings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unreachable: str = ""
    dies_after: int | None = None
    asked: list[Request] = field(default_factory=list)
    batches: list[tuple[Request, ...]] = field(default_factory=list)
    closed: bool = False
    _scripts: list[tuple[Matcher, Answer]] = field(default_factory=list)
    _clock_us: int = 1_000_000

    def script(self, what: Request | type[Request] | Matcher, reply: Reply | Answer) -> None:
        """Answer every request that equals ``what`` (or is of that type, or for which it returns true) with
        ``reply``, or with what ``reply`` returns. The newest script that matches wins, over the state too."""
        self._scripts.insert(0, (_matcher(what), reply if callable(reply) else lambda _request: reply))

    def approach(self) -> None:
        """See ``node.Node``; it is here already."""

    async def ask(self, requests: Sequence[Request], *, together: bool = False,
                  timeout_s: float = 60.0) -> list[Reply]:
        """See ``node.Node``."""
        self.batches.append(tuple(requests))
        self.closed = False
        return [self._reply(request) for request in requests]

    async def close(self) -> None:
        """See ``node.Node``."""
        self.closed = True

    def changing(self) -> list[Request]:
        """Of what was asked, what was not merely a question."""
        questions = (FileFacts, ReadFile, UnitFacts, PackageFacts, TcpConnect)
        return [request for request in self.asked if not isinstance(request, questions)]

    def _reply(self, request: Request) -> Reply:
        if self.dies_after is not None and len(self.asked) >= self.dies_after:
            self.unreachable = self.unreachable or "it died"
        if self.unreachable:
            raise Unreachable(self.name, self.unreachable, hint="the test made this node unreachable")
        self.asked.append(request)
        for matches, answer in self._scripts:
            if matches(request):
                return answer(request)
        return self._from_state(request)

    def _from_state(self, request: Request) -> Reply:
        match request:
            case FileFacts(paths):
                return {path: self.files[path].facts() if path in self.files else None for path in paths}
            case ReadFile():
                return self._read(request)
            case WriteFile(path, content, mode, owner, group):
                return self._put(path, FakeFile(content, mode, owner, group))
            case MakeDirectory(path, mode, owner, group):
                return self._put(path, FakeFile(None, mode, owner, group))
            case RemoveFile(path):
                return {"changed": self.files.pop(path, None) is not None}
            case UnitFacts(names):
                known = {name: unit.facts() for name, unit in self.units.items()}
                return {name: known.get(name, dict(_NO_UNIT)) for name in names}
            case Unit(act, name):
                return self._act(act, name)
            case PackageFacts(names):
                return {name: self.packages.get(name) for name in names}
            case InstallPackages(names):
                return self._install(names)
            case TcpConnect():
                return {"open": False, "seconds": 0.0, "error": "Connection refused"}
            case _:
                return Failed(f"nothing is scripted for: {request.describe()}")

    def _read(self, request: ReadFile) -> Reply:
        file = self.files.get(request.path)
        if file is None:
            return None
        if file.content is None:
            return Failed(f"{request.path} is not a regular file")
        if len(file.content) > request.max_bytes:
            return Failed(f"{request.path} is larger than {request.max_bytes} bytes")
        return {"content": base64.b64encode(file.content).decode(), "mode": file.mode, "owner": file.owner,
                "group": file.group}

    def _put(self, path: str, new: FakeFile) -> Reply:
        old = self.files.get(path)
        if old is not None and (old.content is None) is not (new.content is None):
            return Failed(f"{path} is a directory" if old.content is None
                          else f"{path} is there and is not a directory")
        self.files[path] = new
        return {"changed": old != new}

    def _act(self, act: str, name: str) -> Reply:
        if act == "daemon-reload":
            return {}
        unit = self.units.get(name)
        if unit is None:
            return Failed(f"systemctl exited with 5: Unit {name} not found.")
        if unit.enabled == "masked" and act in ("start", "restart"):
            return Failed(f"systemctl exited with 1: Unit {name} is masked.")
        if act == "start" and unit.active == "active":
            return {}
        self._clock_us += 1_000_000
        self.units[name] = _after(act, unit, self._clock_us)
        return {}

    def _install(self, names: Iterable[str]) -> Reply:
        for name in names:
            self.packages.setdefault(name, "1.0-1")
            for unit in self.brings.get(name, ()):
                self.units.setdefault(unit, FakeUnit(enabled="enabled"))
        return {}


def _matcher(what: Request | type[Request] | Matcher) -> Matcher:
    if isinstance(what, Request):
        return lambda request: request == what
    if isinstance(what, type):
        return lambda request: isinstance(request, what)
    return what


def _after(act: str, unit: FakeUnit, now_us: int) -> FakeUnit:
    match act:
        case "start" | "restart":
            return replace(unit, active="active", sub="running", main_pid=now_us // 1000,
                           since_monotonic_us=now_us)
        case "stop" | "kill":
            return replace(unit, active="inactive", sub="dead", main_pid=0)
        case "enable" | "unmask":
            return replace(unit, enabled="enabled" if act == "enable" else "disabled")
        case "disable":
            return replace(unit, enabled="disabled")
        case "mask":
            return replace(unit, enabled="masked")
        case _:
            return unit
