from __future__ import annotations

from dataclasses import replace

import pytest

from fournines.drills.checkers.images import images_kept
from fournines.drills.operation import ImageState, Operation, Outcome, StoredImage

UPLOADS = [Operation("I", "upload", number, f"v{number}", 0.0, 0.0, 1.0, Outcome.OK, result="same")
           for number in range(3)]
STORED = {item.value: StoredImage(1, ImageState.GOOD) for item in UPLOADS}


def test_all_are_there() -> None:
    assert images_kept("I", UPLOADS, STORED).truth is True


@pytest.mark.parametrize("left", [StoredImage(0, ImageState.MISSING), StoredImage(1, ImageState.CORRUPT),
                                  StoredImage(2, ImageState.GOOD)])
def test_one_that_is_not_there_once_and_whole(left: StoredImage) -> None:
    assert images_kept("I", UPLOADS, {**STORED, "v1": left}).truth is False


def test_other_bytes_at_once_are_wrong_whatever_is_there_later() -> None:
    wrong = [replace(UPLOADS[0], result="other bytes"), *UPLOADS[1:]]
    assert images_kept("I", wrong, STORED).truth is False


def test_what_was_not_acknowledged_may_be_missing() -> None:
    doubtful = [replace(UPLOADS[0], outcome=Outcome.UNKNOWN, result=""), *UPLOADS[1:]]
    assert images_kept("I", doubtful, {**STORED, "v0": StoredImage(0, ImageState.MISSING)}).truth is True


def test_what_was_not_read_is_unknown() -> None:
    assert images_kept("I", UPLOADS, {**STORED, "v1": StoredImage(0, ImageState.UNREAD)}).truth is None
    assert images_kept("I", UPLOADS, {}).truth is None
    assert images_kept("I", [replace(item, outcome=Outcome.FAIL) for item in UPLOADS], {}).truth is None
