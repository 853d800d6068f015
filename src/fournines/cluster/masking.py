"""Secrets in text, made unreadable: as they are and in the forms that formats and protocols give them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "********"


class Mask:
    """Replaces every secret in a text by the same mask, whatever its length."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if value for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _forms(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    yield from _base64_forms(value.encode())


def _base64_forms(value: bytes) -> Iterator[str]:
    """Alone, and within something longer (``user:password`` of HTTP), where it begins at one of three offsets
    of base64's groups and the characters at both ends are shared with its neighbours."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(value).decode()
        for offset in range(3):
            encoded = encode(bytes(offset) + value).decode()
            first = -(-offset * 8 // 6)
            end = (offset + len(value)) * 8 // 6
            if end - first >= 8:   # less would be found in innocent text
                yield encoded[first:end]
