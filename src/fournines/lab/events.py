"""What the lab says while it works: values handed to a callback; whoever shows them decides how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """``about`` is what is being worked on (``image``, a node's name, ``lab``), ``message`` what happens.
    ``detail`` marks the many small ones (a package being unpacked) that a plain log leaves out."""

    about: str
    message: str
    detail: bool = False


Progress = Callable[[Event], None]


def silently(event: Event) -> None:
    """The callback of those who do not listen."""
