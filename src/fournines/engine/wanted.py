"""The wanted state of files, packages and units: the probes that look at it, the predicates that judge it.

These are the engine's own; layers bring theirs for what their systems say of themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.predicate import Judgement, Predicate
from fournines.blueprint.requests import (
    FileFacts,
    JsonValue,
    MakeDirectory,
    PackageFacts,
    UnitFacts,
    WriteFile,
)
from fournines.blueprint.snapshot import Absent, Gone, Probe, Snapshot, Unreadable

FILES = "node.files"
PACKAGES = "node.packages"
UNITS = "node.units"
_STARTS_AT_BOOT = frozenset({"enabled", "enabled-runtime", "static", "alias", "generated", "indirect"})


@dataclass(frozen=True, slots=True)
class PathState:
    """What is, or should be, at a path; ``sha256`` is empty for a directory."""

    path: str
    sha256: str
    mode: int
    owner: str
    group: str

    @classmethod
    def wanted(cls, item: NodeFile | NodeDirectory) -> PathState:
        """The state that a file or directory of the blueprint asks for."""
        sha256 = item.sha256 if isinstance(item, NodeFile) else ""
        return cls(item.path, sha256, item.mode, item.owner, item.group)

    @classmethod
    def of_request(cls, request: WriteFile | MakeDirectory) -> PathState:
        """The state that a request leaves behind."""
        sha256 = hashlib.sha256(request.content).hexdigest() if isinstance(request, WriteFile) else ""
        return cls(request.path, sha256, request.mode, request.owner, request.group)

    def drift_from(self, seen: PathState | None) -> str:
        """In words how ``seen`` differs from this; empty where it does not."""
        if seen is None:
            return f"{self.path} is missing"
        if bool(self.sha256) != bool(seen.sha256):
            return f"{self.path} is a {'directory' if self.sha256 else 'file'}"
        if self.sha256 != seen.sha256:
            return f"{self.path} has other content"
        if self.mode != seen.mode:
            return f"{self.path} has mode {seen.mode:04o}, not {self.mode:04o}"
        if (self.owner, self.group) != (seen.owner, seen.group):
            return f"{self.path} belongs to {seen.owner}:{seen.group}, not {self.owner}:{self.group}"
        return ""

    def __str__(self) -> str:
        return f"{self.sha256[:16] or 'directory'} {self.mode:04o} {self.owner}:{self.group}"


@dataclass(frozen=True, slots=True)
class UnitState:
    """A systemd unit as ``systemctl show`` has it: ``active`` is ActiveState, ``sub`` SubState."""

    active: str
    sub: str
    enabled: str

    @property
    def is_up(self) -> bool:
        """It serves, as far as systemd can tell."""
        return self.active in {"active", "reloading"}

    @property
    def is_running(self) -> bool:
        """A process with some configuration is there: up, coming up or going down. A unit that waits for its
        next automatic start has none."""
        return self.is_up or (self.active in {"activating", "deactivating"} and self.sub != "auto-restart")


def parse_files(reply: JsonValue) -> object:
    """path -> ``PathState``, or None where nothing is."""
    if not isinstance(reply, dict):
        raise Unreadable("no table of files")
    return {path: _path_state(path, facts) for path, facts in reply.items()}


def _path_state(path: str, facts: JsonValue) -> PathState | None:
    if facts is None:
        return None
    if not isinstance(facts, dict) or not isinstance(mode := facts.get("mode"), int):
        raise Unreadable(f"{path}: no mode")
    return PathState(path, str(facts.get("sha256") or ""), mode, str(facts["owner"]), str(facts["group"]))


def parse_packages(reply: JsonValue) -> object:
    """Package name -> installed version, or None."""
    if not isinstance(reply, dict):
        raise Unreadable("no table of packages")
    return dict(reply)


def parse_units(reply: JsonValue) -> object:
    """Unit -> ``UnitState``."""
    if not isinstance(reply, dict):
        raise Unreadable("no table of units")
    states = {}
    for unit, facts in reply.items():
        if not isinstance(facts, dict):
            raise Unreadable(f"{unit}: no facts")
        states[unit] = UnitState(str(facts.get("active")), str(facts.get("sub")), str(facts.get("enabled")))
    return states


def probes(paths: Mapping[str, Iterable[str]], packages: Mapping[str, Iterable[str]],
           units: Mapping[str, Iterable[str]]) -> tuple[Probe, ...]:
    """The engine's probes; each mapping is node -> what to look at there."""
    return (
        Probe(FILES, {node: FileFacts(tuple(items)) for node, items in paths.items()}, parse_files),
        Probe(PACKAGES, {node: PackageFacts(tuple(names)) for node, names in packages.items()},
              parse_packages),
        Probe(UNITS, {node: UnitFacts(tuple(items)) for node, items in units.items()}, parse_units),
    )


def _table(snapshot: Snapshot, node: str, probe: str) -> Mapping[str, object] | Absent | Gone:
    value = snapshot.value(node, probe)
    return value if isinstance(value, Mapping | Absent | Gone) else Absent("unreadable")


def file_state(snapshot: Snapshot, node: str, path: str) -> PathState | None:
    """What was seen at a path; None where nothing is or nothing is known."""
    table = _table(snapshot, node, FILES)
    state = table.get(path) if isinstance(table, Mapping) else None
    return state if isinstance(state, PathState) else None


def missing_packages(snapshot: Snapshot, node: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those not installed, or not known to be."""
    table = _table(snapshot, node, PACKAGES)
    return tuple(name for name in names if not isinstance(table, Mapping) or table.get(name) is None)


@dataclass(frozen=True, slots=True)
class FilesAsWanted:
    """Every path is as wanted on the node judged; ``wanted`` maps node to the states of its paths."""

    wanted: Mapping[str, tuple[PathState, ...]]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        table = _table(snapshot, node, FILES)
        if not isinstance(table, Mapping):
            return Judgement(None, f"{node}: files: {table}", ((node, FILES, str(table)),))
        states = [(want, file_state(snapshot, node, want.path)) for want in self.wanted.get(node, ())]
        seen = tuple((node, want.path, str(state)) for want, state in states)
        drifts = [drift for want, state in states if (drift := want.drift_from(state))]
        if drifts:
            return Judgement(False, f"{node}: {', '.join(drifts)}", seen)
        return Judgement(True, f"{node}: files are as wanted", seen)

    def __str__(self) -> str:
        return "files are as wanted"


@dataclass(frozen=True, slots=True)
class StartedWith:
    """The unit was last started with the files that are wanted now; ``stamps`` maps node to what says so."""

    unit: str
    stamps: Mapping[str, PathState]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        judgement = FilesAsWanted({node: (self.stamps[node],)}).judge(snapshot, node)
        if judgement.truth is None:
            return judgement
        because = "the wanted files" if judgement.truth else "an older configuration"
        return Judgement(judgement.truth, f"{node}: {self.unit} was started with {because}",
                         judgement.consulted)

    def __str__(self) -> str:
        return f"{self.unit} was started with the wanted files"


@dataclass(frozen=True, slots=True)
class PackagesInstalled:
    """All packages are installed on the node judged; ``names`` maps node to package names."""

    names: Mapping[str, tuple[str, ...]]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        table = _table(snapshot, node, PACKAGES)
        if not isinstance(table, Mapping):
            return Judgement(None, f"{node}: packages: {table}", ((node, PACKAGES, str(table)),))
        missing = missing_packages(snapshot, node, self.names.get(node, ()))
        seen = ((node, PACKAGES, f"missing: {' '.join(missing)}" if missing else "all installed"),)
        because = f"not installed: {' '.join(missing)}" if missing else "packages are installed"
        return Judgement(not missing, f"{node}: {because}", seen)

    def __str__(self) -> str:
        return "packages are installed"


def _unit(snapshot: Snapshot, node: str, unit: str) -> UnitState | Judgement:
    """What was seen of a unit, or that nothing is known of it."""
    table = _table(snapshot, node, UNITS)
    state = table.get(unit) if isinstance(table, Mapping) else table
    if isinstance(state, UnitState):
        return state
    because = str(state) if state is not None else "no answer (not asked)"
    return Judgement(None, f"{node}: {unit}: {because}", ((node, unit, because),))


@dataclass(frozen=True, slots=True)
class UnitUp:
    """The unit is active, and enabled for the next boot."""

    unit: str

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        state = _unit(snapshot, node, self.unit)
        if isinstance(state, Judgement):
            return state
        shown = f"{state.active}, {state.enabled or 'not enabled'}"
        enabled = state.enabled in _STARTS_AT_BOOT
        return Judgement(state.is_up and enabled, f"{node}: {self.unit} is {shown}",
                         ((node, self.unit, shown),))

    def __str__(self) -> str:
        return f"{self.unit} is active and enabled"


@dataclass(frozen=True, slots=True)
class UnitRuns:
    """A process of the unit is there, with whatever configuration it was started with."""

    unit: str

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        state = _unit(snapshot, node, self.unit)
        if isinstance(state, Judgement):
            return state
        shown = "running" if state.is_running else "not running"
        return Judgement(state.is_running, f"{node}: {self.unit} is {shown}",
                         ((node, f"{self.unit} process", shown),))

    def __str__(self) -> str:
        return f"{self.unit} runs"


@dataclass(frozen=True, slots=True)
class When:
    """``part`` holds, or does not matter because ``condition`` does not. The reason is that of ``part``."""

    condition: Predicate
    part: Predicate

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        condition, part = self.condition.judge(snapshot, node), self.part.judge(snapshot, node)
        consulted = (*condition.consulted, *part.consulted)
        if condition.truth is False:
            return Judgement(True, condition.because, consulted)
        if condition.truth is None and not part.truth:
            return Judgement(None, condition.because, consulted)
        return Judgement(part.truth, part.because, consulted)

    def __str__(self) -> str:
        return f"{self.part}, when {self.condition}"
