"""What formats share: entries, the notice at the top of a file, how values become text, what is writable."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TypeAlias

from fournines.errors import Unparsable, Unwritable

MANAGED = "Managed by Fournines; edits here are lost: change the cluster file, then run: fournines apply"

Scalar: TypeAlias = str | int | float | bool | IPv4Address | IPv4Interface | IPv4Network

_BREAKS = frozenset(("Cc", "Cs", "Zl", "Zp"))  # control characters, lone surrogates, separators of lines


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value, as most formats have them. ``line`` is where it was read, 0 where it was made."""

    key: str
    value: str
    line: int = field(default=0, compare=False)


Complain: TypeAlias = Callable[[Unparsable], None]


def refuse(problem: Unparsable) -> None:
    """The strict way to take a problem in a text, and what every ``parse`` does unless it is given another:
    one that returns makes it skip what it cannot read and go on."""
    raise problem


def notice(comment: str = "#") -> str:
    """The first line of every emitted file, with its line end."""
    return f"{comment} {MANAGED}\n"


def text_of(value: Scalar, yes: str = "true", no: str = "false") -> str:
    """A value as configuration files write it; whole floats without their ``.0``."""
    if isinstance(value, bool):
        return yes if value else no
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def writable(text: str, where: str, *, refuse: str = "", allow: str = "") -> str:
    """``text`` if it has no control character (but ``allow``) and none of ``refuse``; else Unwritable."""
    if text.isprintable() and not any(character in text for character in refuse):
        return text   # nearly all that is ever written; one by one, a plan would take noticeably longer
    for position, character in enumerate(text, 1):
        breaks = unicodedata.category(character) in _BREAKS and character not in allow
        if breaks or character in refuse:
            raise Unwritable(where, f"character {position} is {_name(character)}, which cannot be written",
                             hint="choose a value without it")
    return text


def unpadded(text: str, where: str) -> str:
    """``text`` if it neither begins nor ends with a blank, which readers of the format would drop."""
    if text != text.strip():
        raise Unwritable(where, "begins or ends with a blank, which this format would lose",
                         hint="choose a value without it")
    return text


def named(text: str, where: str, *, refuse: str = "") -> str:
    """``text`` if it can be a name in the format: not empty, no blanks at its ends, none of ``refuse``."""
    if not text:
        raise Unwritable(where, "is empty")
    return unpadded(writable(text, where, refuse=refuse), where)


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """(line number from 1, line without its end); only LF and CRLF end a line, not all that Unicode has."""
    for number, line in enumerate(text.split("\n"), 1):
        yield number, line.removesuffix("\r")


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'a control character')}"
