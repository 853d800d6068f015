"""Operation: one request of one client, as it turned out. All times are seconds of one monotonic clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What is known of a request. ``UNKNOWN`` is the honest answer to every error that proves nothing."""

    OK = "ok"             # acknowledged
    FAIL = "fail"         # certainly did not happen
    UNKNOWN = "unknown"   # may or may not have happened


@dataclass(frozen=True, slots=True)
class Operation:
    """``path`` names the way that the client took, ``op`` what it did there. ``intended_s`` is when it was
    due: latencies count from there, so that a client that was held up hides nothing. ``sent_s`` is None where
    it never got as far, ``done_s`` None where it never ended. ``error`` is a class of errors, not a
    text; ``result`` what an acknowledged request gave back: the node that took an insert, the value that an
    exchange replaced."""

    path: str
    op: str
    number: int
    value: str
    intended_s: float
    sent_s: float | None
    done_s: float | None
    outcome: Outcome
    error: str = ""
    result: str = ""

    @property
    def latency_s(self) -> float | None:
        """From when it was due to its end."""
        return None if self.done_s is None else self.done_s - self.intended_s


@dataclass(frozen=True, slots=True)
class Pooled:
    """What became of the idle connections of a pool, tried when all was over: ``broken`` say so at once, as a
    pool that checks finds out; ``silent`` neither answer nor end."""

    works: int
    broken: int
    silent: int


class ImageState(StrEnum):
    """An uploaded image, downloaded when all was over."""

    GOOD = "good"
    MISSING = "missing"
    CORRUPT = "corrupt"   # other bytes than those that were uploaded
    UNREAD = "unread"     # nobody said


OTHER_BYTES, NOT_AT_ONCE = "other bytes", "not readable at once"
"""Results of an acknowledged upload, downloaded right after it."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """``copies``: images of that name."""

    copies: int
    state: ImageState


@dataclass(frozen=True, slots=True)
class History:
    """``operations`` in the order they were due. ``received`` maps a path to the values that its consumer
    got, as often as it got them; ``drained`` a path to whether its queue was seen empty at the end;
    ``pooled`` a path to its pool; ``images`` the value of an upload to what it has left."""

    operations: tuple[Operation, ...] = ()
    received: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drained: Mapping[str, bool] = field(default_factory=dict)
    pooled: Mapping[str, Pooled] = field(default_factory=dict)
    images: Mapping[str, StoredImage] = field(default_factory=dict)

    def of(self, path: str) -> tuple[Operation, ...]:
        """The operations of one path."""
        return tuple(item for item in self.operations if item.path == path)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path, in the order of its first operation."""
        return tuple(dict.fromkeys(item.path for item in self.operations))
