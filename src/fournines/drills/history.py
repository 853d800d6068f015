"""The history of a drill on disk: one JSON object per line, written as things happen.

    {"event": "invoke", "path", "op", "key", "value", "t_intended"}
    {"event": "ok" | "fail" | "unknown", ..., "t_sent", "t_done", "error", "result"?}
    {"event": "received", "path", "value", "t_done"}        a consumer got it
    {"event": "drained", "path", "empty"}                   its queue was seen empty, or never was
    {"event": "image", "path", "value", "copies", "state"}  what an upload has left, read when all was over
    {"event": "pooled", "path", "works", "broken", "silent"}    the idle connections of its pool in the end

A line is one write: whoever is killed leaves whole lines and at most one torn end. An ``invoke`` that nothing
follows is an operation whose outcome is not known.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from fournines.drills.operation import (
    History,
    ImageState,
    Operation,
    Outcome,
    Pooled,
    StoredImage,
)

Event: TypeAlias = Mapping[str, object]


def invoked(operation: Operation) -> Event:
    """The event of an operation that begins."""
    return {"event": "invoke", "path": operation.path, "op": operation.op, "key": operation.number,
            "value": operation.value, "t_intended": operation.intended_s}


def completed(operation: Operation) -> Event:
    """The event of an operation that has ended."""
    return {**invoked(operation), "event": operation.outcome.value, "t_sent": operation.sent_s,
            "t_done": operation.done_s, "error": operation.error,
            **({"result": operation.result} if operation.result else {})}


class HistoryWriter:
    """Appends events to a file, each with one write and nothing buffered."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, event: Event) -> None:
        self.write_line(json.dumps(event, separators=(",", ":")).encode())

    def write_line(self, line: bytes) -> None:
        """An event that is JSON already, without its line end."""
        os.write(self._descriptor, line + b"\n")

    def close(self) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def __enter__(self) -> HistoryWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def read(path: Path) -> History:
    """The history in a file. Raises ValueError where a line in the middle is not an event."""
    return from_events(_events(path.read_bytes()))


def _events(data: bytes) -> Iterator[Event]:
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):   # what follows the last line end is torn, or nothing
        try:
            event = json.loads(line)
        except ValueError:
            raise ValueError(f"line {number} of the history is not JSON") from None
        if not isinstance(event, dict):
            raise ValueError(f"line {number} of the history is not an event")
        yield event


def from_events(events: Iterable[Event]) -> History:
    """Pairs beginnings with ends."""
    operations: dict[tuple[str, int], Operation] = {}
    received: dict[str, list[str]] = {}
    drained: dict[str, bool] = {}
    pooled: dict[str, Pooled] = {}
    images: dict[str, StoredImage] = {}
    for event in events:
        match event.get("event"):
            case "invoke" | "ok" | "fail" | "unknown":
                operation = _operation(event)
                operations[operation.path, operation.number] = operation
            case "received":
                received.setdefault(str(event["path"]), []).append(str(event["value"]))
            case "drained":
                drained[str(event["path"])] = event["empty"] is True
            case "image":
                images[str(event["value"])] = StoredImage(int(_number(event["copies"])),
                                                          ImageState(str(event["state"])))
            case "pooled":
                counts = (int(_number(event[name])) for name in ("works", "broken", "silent"))
                pooled[str(event["path"])] = Pooled(*counts)
            case _:
                continue   # what the clients say about themselves
    in_order = sorted(operations.values(), key=lambda item: (item.intended_s, item.path))
    return History(tuple(in_order), {path: tuple(values) for path, values in received.items()}, drained,
                   pooled, images)


def _operation(event: Event) -> Operation:
    ended = event["event"] != "invoke"
    outcome = Outcome(str(event["event"])) if ended else Outcome.UNKNOWN
    return Operation(
        path=str(event["path"]), op=str(event["op"]), number=int(_number(event["key"])),
        value=str(event["value"]), intended_s=_number(event["t_intended"]),
        sent_s=_maybe(event.get("t_sent")), done_s=_maybe(event.get("t_done")), outcome=outcome,
        error=str(event.get("error", "")) if ended else "never ended", result=str(event.get("result", "")))


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise ValueError(f"{value!r} in the history is not a number")
    return value


def _maybe(value: object) -> float | None:
    return None if value is None else _number(value)
