"""No form in which a secret is written leaves the mask."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.cluster.masking import MASK, Mask

SECRETS = st.text("abcXYZ019-_=/+\"\\ü%:@ \n", min_size=12, max_size=44)
ANY_TEXT = st.text("ab01 =:'\"{}\n", max_size=20)
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "URL-safe base64": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "URL": lambda value: quote(value, safe=""),
    "form": quote_plus,
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON with UTF-8": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
}


@pytest.mark.parametrize("form", FORMS)
@given(secrets=st.lists(SECRETS, min_size=1, max_size=3), before=ANY_TEXT, after=ANY_TEXT)
def test_no_form_stays(form: str, secrets: list[str], before: str, after: str) -> None:
    written = FORMS[form](secrets[0])
    masked = Mask(secrets)(f"{before}{written}{after}")
    assert written not in masked
    assert MASK in masked


@given(secret=SECRETS, before=st.text("user:", max_size=7), after=st.text("tail\n", max_size=7))
def test_within_longer_base64_nothing_of_it_can_be_decoded(secret: str, before: str, after: str) -> None:
    raw = f"{before}{secret}{after}".encode()
    masked = Mask([secret])(base64.b64encode(raw).decode())
    left = masked.split(MASK)
    assert len(left) > 1
    assert sum(len(part) for part in left) <= len(base64.b64encode(raw)) - (len(secret.encode()) * 8 // 6 - 3)


@given(text=st.text(max_size=60))
def test_other_text_is_left_alone(text: str) -> None:
    assert Mask(["correct-horse-battery"])(text) == text
    assert Mask([])(text) == text


def test_the_mask_does_not_tell_the_length() -> None:
    assert Mask(["a" * 20, "b" * 40])(f"{'a' * 20} {'b' * 40}") == f"{MASK} {MASK}"


def test_a_secret_within_another_is_masked_with_it() -> None:
    assert Mask(["inner-secret", "outer-inner-secret-too"])("x outer-inner-secret-too") == f"x {MASK}"
