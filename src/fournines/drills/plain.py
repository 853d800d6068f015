"""Plain data, as JSON gives it, taken for what it must be: TypeError, naming the key, where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Data: TypeAlias = Mapping[str, object]


def number(data: Data, key: str) -> float:
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{key} is not a number")
    return value


def object_(data: Data, key: str) -> Data:
    value = data[key]
    if not isinstance(value, dict):
        raise TypeError(f"{key} is not an object")
    return value


def objects(data: Data, key: str) -> list[Data]:
    """A list of them."""
    found = items(data, key)
    if not all(isinstance(item, dict) for item in found):
        raise TypeError(f"{key} is not a list of objects")
    return [item for item in found if isinstance(item, dict)]


def named_objects(data: Data, key: str) -> dict[str, Data]:
    """name -> object."""
    found = object_(data, key)
    return {name: object_(found, name) for name in found}


def items(data: Data, key: str) -> list[object]:
    value = data[key]
    if not isinstance(value, list):
        raise TypeError(f"{key} is not a list")
    return value
