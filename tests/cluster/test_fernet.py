"""Rotation never takes away the key that some node is still writing with."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.cluster.fernet import FernetKeys

KEYS = st.binary(min_size=32, max_size=32).map(lambda raw: base64.urlsafe_b64encode(raw).decode())


def key(number: int) -> str:
    return base64.urlsafe_b64encode(bytes([number]) * 32).decode()


def test_staged_becomes_primary_and_the_old_primary_still_reads() -> None:
    rotated = FernetKeys((key(0), key(1))).rotated(key(2))
    assert rotated.keys == (key(2), key(1), key(0))
    assert (rotated.staged, rotated.primary) == (key(2), key(0))


def test_the_oldest_key_goes_when_there_are_more_than_allowed() -> None:
    rotated = FernetKeys((key(0), key(1), key(2))).rotated(key(3))
    assert rotated.keys == (key(3), key(2), key(0))


@given(first=st.lists(KEYS, min_size=2, max_size=2, unique=True), new=st.lists(KEYS, max_size=8, unique=True),
       most=st.integers(3, 6))
def test_nodes_one_rotation_apart_read_each_other(first: list[str], new: list[str], most: int) -> None:
    before = FernetKeys(tuple(first))
    for fresh in new:
        after = before.rotated(fresh, most)
        assert len(after.keys) <= most
        assert after.primary in before.keys
        assert before.primary in after.keys
        before = after


@given(st.lists(KEYS, min_size=2, max_size=5))
def test_json_gives_back_the_same_keys(keys: list[str]) -> None:
    assert FernetKeys.from_json(FernetKeys(tuple(keys)).as_json()).keys == tuple(keys)


@pytest.mark.parametrize("keys", [(), (key(0),), (key(0), "short"), (key(0), "ü" * 44)])
def test_what_is_not_a_repository_is_refused(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="Fernet key"):
        FernetKeys(keys)


def test_too_few_active_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        FernetKeys((key(0), key(1))).rotated(key(2), max_active_keys=2)


def test_keys_are_not_in_the_repr() -> None:
    assert key(0) not in repr(FernetKeys((key(0), key(1))))
