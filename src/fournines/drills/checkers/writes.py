"""Were acknowledged writes kept? The set checker: what was acknowledged against what is there at the end.
Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fournines.drills.operation import Operation, Outcome
from fournines.drills.verdict import Verdict

SHOWN = 5   # values named in a verdict's evidence


@dataclass(frozen=True, slots=True)
class Writes:
    """The sets of one store. ``lost`` were acknowledged and are nowhere; ``missing`` maps a reader to what it
    lacks and others have; ``unexpected`` nobody wrote; ``refused`` were certainly refused and are there all
    the same; ``recovered`` were not acknowledged and are there, which is allowed; ``repeated`` are there more
    than once. ``unread`` are the readers that gave no answer. ``read`` is false when none did."""

    attempted: int
    acknowledged: int
    lost: tuple[str, ...] = ()
    missing: Mapping[str, tuple[str, ...]] | None = None
    unexpected: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    recovered: int = 0
    repeated: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    read: bool = True


def compare(operations: Sequence[Operation], found: Mapping[str, Sequence[str] | None]) -> Writes:
    """``found`` maps each reader (a node, or a consumer) to every value that it sees, None where it could not
    be asked. Reading has to come after healing."""
    attempted = {item.value for item in operations}
    acknowledged = {item.value for item in operations if item.outcome is Outcome.OK}
    certainly_not = {item.value for item in operations if item.outcome is Outcome.FAIL} - acknowledged
    seen = {reader: Counter(values) for reader, values in found.items() if values is not None}
    unread = tuple(reader for reader, values in found.items() if values is None)
    if not seen:
        return Writes(len(attempted), len(acknowledged), unread=unread, read=False)
    anywhere = set().union(*seen.values())
    missing = {reader: _sorted(anywhere - set(values)) for reader, values in seen.items()}
    repeated = {value for values in seen.values() for value, count in values.items() if count > 1}
    return Writes(
        len(attempted), len(acknowledged), lost=_sorted(acknowledged - anywhere),
        missing={reader: values for reader, values in missing.items() if values},
        unexpected=_sorted(anywhere - attempted), refused=_sorted(anywhere & certainly_not),
        recovered=len((anywhere & attempted) - acknowledged - certainly_not), repeated=_sorted(repeated),
        unread=unread)


def kept(store: str, writes: Writes, *, repeats_allowed: bool = False, complete: bool = True) -> Verdict:
    """Whether the store did what it acknowledged, and nothing else. ``complete`` is false where there may be
    more to read than was read (a queue not drained). ``repeats_allowed``: delivery is at least once."""
    question = f"{store} keeps what it acknowledged"
    wrong: dict[str, Sequence[str]] = {"unexpected": writes.unexpected,
                                       "refused and yet there": writes.refused}
    if complete:
        wrong["lost"] = writes.lost
        wrong |= {f"missing on {reader}": values for reader, values in (writes.missing or {}).items()}
    if not repeats_allowed:
        wrong["there twice"] = writes.repeated
    wrong = {what: values for what, values in wrong.items() if values}
    if wrong:
        because = ", ".join(f"{len(values)} {what}" for what, values in wrong.items())
        return Verdict(question, False, because, tuple(
            f"{what}: {', '.join(values[:SHOWN])}{' ...' if len(values) > SHOWN else ''}"
            for what, values in wrong.items()))
    counted = f"{writes.acknowledged} of {writes.attempted} were acknowledged"
    if not writes.acknowledged:
        return Verdict(question, None, "nothing was acknowledged, so nothing could be lost")
    if not writes.read or writes.unread:
        unread = ", ".join(writes.unread) or "all"
        return Verdict(question, None, f"{counted}; could not be read back: {unread}")
    if not complete:
        return Verdict(question, None, f"{counted}; it was not seen empty, so more may have come")
    return Verdict(question, True, f"{counted}, and all of them are there")


def _sorted(values: set[str]) -> tuple[str, ...]:
    return tuple(sorted(values))
