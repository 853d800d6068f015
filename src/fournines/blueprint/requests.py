"""What can be asked of a node: the verbs that its agent (``nodes/agent/``) understands, as frozen values.

Each request names the shape of its reply. A reply is plain JSON; bytes travel as base64 text.
A request that cannot be carried out is answered with ``Failed(reason)`` and does not stop the batch.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

NODE_PYTHON = ("python3", "-I", "-S")
"""What runs a script of ours on a node: isolated, and without site, which is half of the time of a start."""


@dataclass(frozen=True, slots=True)
class Request:
    """Base of all requests. ``verb`` is its name on the wire."""

    verb: ClassVar[str] = ""

    def to_wire(self) -> dict[str, JsonValue]:
        """The request as the JSON object that the agent reads."""
        return {"verb": self.verb, **{item.name: _wire(getattr(self, item.name)) for item in fields(self)}}

    def describe(self) -> str:
        """One line for plans and journals; never a content, an environment or an input."""
        raise NotImplementedError(type(self).__name__)


def _wire(value: object) -> JsonValue:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): _wire(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_wire(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{value!r} cannot be sent to a node")


@dataclass(frozen=True, slots=True)
class FileFacts(Request):
    """Of each path: ``{path: {"sha256", "mode", "owner", "group", "size"} | null}``; null where nothing is.
    A directory has ``sha256`` null."""

    verb: ClassVar[str] = "file_facts"
    paths: tuple[str, ...]

    def describe(self) -> str:
        return f"look at {len(self.paths)} files"


@dataclass(frozen=True, slots=True)
class ReadFile(Request):
    """``{"content": base64, "mode", "owner", "group"}``, or null where there is no such file."""

    verb: ClassVar[str] = "read_file"
    path: str
    max_bytes: int = 1 << 20

    def describe(self) -> str:
        return f"read {self.path}"


@dataclass(frozen=True, slots=True)
class ReadTree(Request):
    """Every plain file at and below ``paths`` whose whole path ``pattern`` matches:
    ``{"files": {path: {"content": base64, "mode"}}, "unread": {path: reason}}``. Links to files are followed,
    those to directories are not. Reads, and does nothing else; what would exceed a limit is unread."""

    verb: ClassVar[str] = "read_tree"
    paths: tuple[str, ...]
    pattern: str
    most_bytes: int = 24 << 20
    most_files: int = 10_000

    def describe(self) -> str:
        return f"read configuration below {', '.join(self.paths)}"


@dataclass(frozen=True, slots=True)
class WriteFile(Request):
    """Write atomically (temporary file beside it with the final mode and owner, fsync, rename, fsync the
    directory); missing parents are made 0755 root. Reply ``{"changed": bool}``."""

    verb: ClassVar[str] = "write_file"
    path: str
    content: bytes = field(repr=False)
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"

    def describe(self) -> str:
        return f"write {self.path} ({self.mode:04o} {self.owner}:{self.group})"


@dataclass(frozen=True, slots=True)
class MakeDirectory(Request):
    """Make the directory (and missing parents), set its mode and owner. Reply ``{"changed": bool}``."""

    verb: ClassVar[str] = "make_directory"
    path: str
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"

    def describe(self) -> str:
        return f"make directory {self.path} ({self.mode:04o} {self.owner}:{self.group})"


@dataclass(frozen=True, slots=True)
class RemoveFile(Request):
    """Remove a file; nothing happens where there is none. Reply ``{"changed": bool}``."""

    verb: ClassVar[str] = "remove_file"
    path: str

    def describe(self) -> str:
        return f"remove {self.path}"


@dataclass(frozen=True, slots=True)
class Run(Request):
    """Run a command without a shell. ``env`` is added to a minimal environment; secrets go in ``env`` or
    ``stdin``, never in ``argv``. Reply ``{"rc", "stdout", "stderr"}`` (text, last 64 KiB of each).
    With ``check`` a non-zero exit is answered as ``Failed`` with the end of stderr."""

    verb: ClassVar[str] = "run"
    argv: tuple[str, ...]
    stdin: str = field(default="", repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str = ""
    timeout_s: float = 30.0
    check: bool = True

    def describe(self) -> str:
        who = f" as {self.user}" if self.user else ""
        return f"run {' '.join(self.argv)}{who}"


@dataclass(frozen=True, slots=True)
class UnitFacts(Request):
    """Of each systemd unit:
    ``{unit: {"load", "active", "sub", "enabled", "main_pid", "since_monotonic_us"}}``. The first four
    are systemd's own words (``enabled`` is its UnitFileState, "" where it has none); since is when it last
    became active, 0 for never."""

    verb: ClassVar[str] = "unit_facts"
    units: tuple[str, ...]

    def describe(self) -> str:
        return f"look at {len(self.units)} units"


@dataclass(frozen=True, slots=True)
class UnitProcesses(Request):
    """Every living process in the control group of a systemd unit: ``{pid: {"state", "started"}}``, pid as
    text; ``state`` is the letter of proc(5) (T: stopped), ``started`` in clock ticks since boot."""

    verb: ClassVar[str] = "unit_processes"
    unit: str

    def describe(self) -> str:
        return f"look at the processes of {self.unit}"


@dataclass(frozen=True, slots=True)
class Unit(Request):
    """``systemctl ACT UNIT``; ``act`` is start, stop, restart, reload, enable, disable, mask, unmask,
    reset-failed, kill or daemon-reload (then ``unit`` is empty). Waits for the job. Reply ``{}``.
    When a start fails, the reason carries the unit's last journal lines."""

    verb: ClassVar[str] = "unit"
    act: str
    unit: str = ""
    timeout_s: float = 120.0

    def describe(self) -> str:
        return f"systemctl {self.act} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class HttpGet(Request):
    """GET from the node. Reply ``{"status": int, "body": text, "seconds": float}``; a refused or silent
    peer is ``Failed``."""

    verb: ClassVar[str] = "http_get"
    url: str
    timeout_s: float = 2.0

    def describe(self) -> str:
        return f"GET {self.url}"


@dataclass(frozen=True, slots=True)
class TcpConnect(Request):
    """Open and close a connection from the node.

    Reply ``{"open": bool, "seconds": float, "error": text}``.
    """

    verb: ClassVar[str] = "tcp_connect"
    host: str
    port: int
    timeout_s: float = 1.0

    def describe(self) -> str:
        return f"connect to {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAsk(Request):
    """Send ``question`` to a UNIX socket, read ``answer_bytes`` or (0) to the end of what comes back. Reply
    ``{"answer": base64}``."""

    verb: ClassVar[str] = "unix_ask"
    path: str
    question: bytes
    answer_bytes: int = 0
    timeout_s: float = 2.0

    @staticmethod
    def answer(reply: JsonValue) -> bytes:
        """What came back; nothing where ``reply`` is no reply to such a request."""
        encoded = reply.get("answer") if isinstance(reply, dict) else None
        return base64.b64decode(encoded) if isinstance(encoded, str) else b""

    def describe(self) -> str:
        text = self.question.decode("ascii", "replace").strip()
        return f"ask {self.path}: {text}" if text.isprintable() else f"ask {self.path}"


@dataclass(frozen=True, slots=True)
class PackageFacts(Request):
    """``{name: version | null}`` of Debian packages; null where not fully installed."""

    verb: ClassVar[str] = "package_facts"
    names: tuple[str, ...]

    def describe(self) -> str:
        return f"look at {len(self.names)} packages"


@dataclass(frozen=True, slots=True)
class InstallPackages(Request):
    """Install without recommends, without starting any service (policy-rc.d while it runs). Reply ``{}``."""

    verb: ClassVar[str] = "install_packages"
    names: tuple[str, ...]
    timeout_s: float = 1800.0

    def describe(self) -> str:
        return f"install {' '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class Failed:
    """The reply to a request that the node could not carry out."""

    reason: str


Reply: TypeAlias = "JsonValue | Failed"
