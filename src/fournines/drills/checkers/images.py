"""Are images what was uploaded? Each acknowledged one downloaded again after the drill. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fournines.drills.checkers.writes import SHOWN
from fournines.drills.operation import ImageState, Operation, Outcome, StoredImage
from fournines.drills.verdict import Verdict

OTHER_BYTES = "other bytes"


def images_kept(path: str, operations: Sequence[Operation], stored: Mapping[str, StoredImage]) -> Verdict:
    """``stored``: value of an upload -> what it has left."""
    question = f"{path}: every acknowledged image is there, once and whole"
    acknowledged = [item for item in operations if item.outcome is Outcome.OK]
    wrong, unread = [], []
    for item in acknowledged:
        left = stored.get(item.value)
        if item.result == OTHER_BYTES:
            wrong.append(f"{item.value} was downloaded with other bytes at once")
        elif left is None or left.state is ImageState.UNREAD:
            unread.append(item.value)
        elif left.state is not ImageState.GOOD:
            wrong.append(f"{item.value} is {left.state.value}")
    wrong += [f"{value} is there {left.copies} times" for value, left in stored.items() if left.copies > 1]
    if wrong:
        return Verdict(question, False, f"{len(wrong)} of {len(acknowledged)} are not", tuple(wrong[:SHOWN]))
    if not acknowledged:
        return Verdict(question, None, "no upload was acknowledged")
    if unread:
        return Verdict(question, None, f"{len(unread)} of {len(acknowledged)} could not be read back")
    return Verdict(question, True, f"{len(acknowledged)} of {len(operations)} uploads were acknowledged, and "
                                   "all of them are")
