from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from fournines.drills.checkers.images import images_kept
from fournines.drills.operation import NOT_AT_ONCE, ImageState, Operation, Outcome, StoredImage
from fournines.drills.verdict import Verdict

HEALED_S = 20.0
UPLOADS = [Operation("I", "upload", number, f"v{number}", due_s, due_s, due_s + 1.0, Outcome.OK,
                     result="same")
           for number, due_s in enumerate((0.0, 11.0, 22.0))]
STORED = {item.value: StoredImage(1, ImageState.GOOD) for item in UPLOADS}


def judged(uploads: Sequence[Operation], stored: Mapping[str, StoredImage]) -> Verdict:
    return images_kept("I", uploads, stored, HEALED_S)


def test_all_are_there() -> None:
    assert judged(UPLOADS, STORED).truth is True


@pytest.mark.parametrize("left", [StoredImage(0, ImageState.MISSING), StoredImage(1, ImageState.CORRUPT),
                                  StoredImage(2, ImageState.GOOD)])
def test_one_that_is_not_there_once_and_whole(left: StoredImage) -> None:
    assert judged(UPLOADS, {**STORED, "v1": left}).truth is False


def test_other_bytes_at_once_are_wrong_whatever_is_there_later() -> None:
    wrong = [replace(UPLOADS[0], result="other bytes"), *UPLOADS[1:]]
    assert judged(wrong, STORED).truth is False


def test_what_was_not_acknowledged_may_be_missing() -> None:
    doubtful = [replace(UPLOADS[0], outcome=Outcome.UNKNOWN, result=""), *UPLOADS[1:]]
    assert judged(doubtful, {**STORED, "v0": StoredImage(0, ImageState.MISSING)}).truth is True


def test_what_was_not_read_is_unknown() -> None:
    assert judged(UPLOADS, {**STORED, "v1": StoredImage(0, ImageState.UNREAD)}).truth is None
    assert judged(UPLOADS, {}).truth is None
    assert judged([replace(item, outcome=Outcome.FAIL) for item in UPLOADS], {}).truth is None


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.UNKNOWN])
def test_uploads_that_never_work_again_are_not_kept(outcome: Outcome) -> None:
    found = judged([*UPLOADS[:2], replace(UPLOADS[2], outcome=outcome)], STORED)
    assert (found.truth, found.because) == (
        False, "no upload after the fault was taken away was acknowledged")


def test_nothing_follows_where_nothing_was_uploaded_after_the_fault() -> None:
    found = judged(UPLOADS[:2], STORED)
    assert (found.truth, found.because) == (None, "nothing was uploaded after the fault was taken away")


def test_what_was_not_readable_at_once_has_to_be_there_at_the_end() -> None:
    late = [UPLOADS[0], replace(UPLOADS[1], error="status 404", result=NOT_AT_ONCE), UPLOADS[2]]
    there = judged(late, STORED)
    assert (there.truth, there.evidence) == (True, ("v1 was not readable at once, and is there at the end",))
    gone = judged(late, {**STORED, "v1": StoredImage(0, ImageState.MISSING)})
    assert (gone.truth, gone.evidence) == (
        False, ("v1 was not readable at once, and is not there at the end",))
