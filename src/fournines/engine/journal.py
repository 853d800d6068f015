"""The journal of applies: one file each, a JSON line per event, on the disk before the next thing happens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from fournines.durable import PRIVATE_FILE, make_private_directory
from fournines.engine.events import (
    CARRIED_OUT,
    ActionBegan,
    ActionDone,
    ActionFailed,
    ActionSkipped,
    ApplyEnded,
    Event,
)
from fournines.errors import FourninesError

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
_ENDS_AN_ACTION = frozenset(kind.__name__ for kind in (ActionDone, ActionFailed, ActionSkipped))


class Journal:
    """A journal in the state directory of a cluster, for its owner alone; made with the first event."""

    def __init__(self, state: Path) -> None:
        self.path = state / "journal" / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.jsonl"
        self._descriptor = -1

    def write(self, event: Event) -> None:
        """Returns once the event is on the disk. Raises ``FourninesError`` where it cannot be."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "event": type(event).__name__, **asdict(event)})
        try:
            if self._descriptor < 0:
                make_private_directory(self.path.parent)
                self._descriptor = os.open(self.path, _FLAGS, PRIVATE_FILE)
            os.write(self._descriptor, line.encode() + b"\n")
            os.fsync(self._descriptor)
        except OSError as problem:
            raise FourninesError(f"{self.path}: {problem.strerror}",
                                 hint="nothing is done without a journal: make room for it") from problem

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the newest journal tells: how that apply ended, and the actions that were under way when it did.
    ``outcome`` is that of ``ApplyEnded``, or ``killed`` where there was no end."""

    began: str
    outcome: str
    under_way: tuple[str, ...]

    @property
    def resumes(self) -> str:
        """In a sentence where the next apply goes on; empty where the last one left nothing to do."""
        if self.outcome in CARRIED_OUT:
            return ""
        where = f" during: {', '.join(self.under_way)}" if self.under_way else ""
        return f"the apply of {self.began} was not completed ({self.outcome}){where}"


def last_run(state: Path) -> LastRun | None:
    """The newest apply of the cluster; None where there was none."""
    folder = state / "journal"
    paths = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    for path in reversed(paths):
        if entries := list(_entries(path)):
            return _last_run(entries)
    return None


def _entries(path: Path) -> Iterator[Mapping[str, object]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:   # the line that was being written when the power went
            continue
        if isinstance(entry, dict):
            yield entry


def _last_run(entries: list[Mapping[str, object]]) -> LastRun:
    under_way: dict[tuple[object, object], str] = {}
    outcome = "killed"
    for entry in entries:
        key = (entry.get("step"), entry.get("node"))
        if entry.get("event") == ActionBegan.__name__:
            under_way[key] = f"{key[0]} on {key[1]}"
        elif entry.get("event") in _ENDS_AN_ACTION:
            failed = entry.get("event") == ActionFailed.__name__
            if not failed:
                under_way.pop(key, None)
        elif entry.get("event") == ApplyEnded.__name__:
            outcome = str(entry.get("outcome"))
    return LastRun(str(entries[0].get("at")), outcome, tuple(under_way.values()))
