"""Are images what was uploaded? Each acknowledged one downloaded again after the drill. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fournines.drills.checkers.writes import SHOWN
from fournines.drills.operation import (
    NOT_AT_ONCE,
    OTHER_BYTES,
    ImageState,
    Operation,
    Outcome,
    StoredImage,
)
from fournines.drills.verdict import Verdict


def images_kept(path: str, operations: Sequence[Operation], stored: Mapping[str, StoredImage],
                healed_s: float) -> Verdict:
    """``stored``: value of an upload -> what it has left. The fault was taken away at ``healed_s``: what was
    acknowledged before says nothing of uploads after it."""
    question = f"{path}: every acknowledged image is there, once and whole"
    acknowledged = [item for item in operations if item.outcome is Outcome.OK]
    wrong, unread, late = [], [], []
    for item in acknowledged:
        left = stored.get(item.value)
        if item.result == OTHER_BYTES:
            wrong.append(f"{item.value} was downloaded with other bytes at once")
        elif item.result == NOT_AT_ONCE and left is not None and left.state is ImageState.MISSING:
            wrong.append(f"{item.value} was not readable at once, and is not there at the end")
        elif left is None or left.state is ImageState.UNREAD:
            unread.append(item.value)
        elif left.state is not ImageState.GOOD:
            wrong.append(f"{item.value} is {left.state.value}")
        elif item.result == NOT_AT_ONCE:
            late.append(f"{item.value} was not readable at once, and is there at the end")
    wrong += [f"{value} is there {left.copies} times" for value, left in stored.items() if left.copies > 1]
    if wrong:
        return Verdict(question, False, f"{len(wrong)} of {len(acknowledged)} are not", tuple(wrong[:SHOWN]))
    if not acknowledged:
        return Verdict(question, None, "no upload was acknowledged")
    afterwards = [item for item in operations if item.intended_s >= healed_s]
    if not any(item.outcome is Outcome.OK for item in afterwards):
        return Verdict(question, False if afterwards else None,
                       "no upload after the fault was taken away was acknowledged" if afterwards
                       else "nothing was uploaded after the fault was taken away")
    if unread:
        return Verdict(question, None, f"{len(unread)} of {len(acknowledged)} could not be read back")
    return Verdict(question, True, f"{len(acknowledged)} of {len(operations)} uploads were acknowledged, and "
                                   "all of them are", tuple(late[:SHOWN]))
