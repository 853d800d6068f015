"""memcached.conf as Debian's start script reads it: command-line options, one to a line, with their values.

Source: scripts/systemd-memcached-wrapper in Debian's memcached: a line is joined to the command as it stands,
unless it begins with a #; ``logfile`` is the wrapper's own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fournines.artifacts.document import Complain, notice, numbered, refuse, writable
from fournines.errors import Unparsable, Unwritable

FORMAT = "memcached.conf"


@dataclass(frozen=True, slots=True)
class Option:
    """``-l 127.0.0.1``: the name without its dashes; ``value`` is empty for a switch."""

    name: str
    value: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """The options, in order; of two for one name the last holds, but ``-l`` adds an address."""

    options: tuple[Option, ...] = ()


_NAME = re.compile(r"[A-Za-z]|[a-z][a-z-]+[a-z]")
_LONG = {"listen": "l", "port": "p", "udp-port": "U", "user": "u", "memory-limit": "m", "conn-limit": "c",
         "enable-sasl": "S", "enable-ssl": "Z", "unix-socket": "s"}
_VALUED = frozenset("lpUumcsatMRCbBIoPnfFLdD")


def emit(configuration: Document) -> str:
    """The file's text; Unwritable where a name is none or a value would be read as something else."""
    lines = [notice()]
    for option in configuration.options:
        if not _NAME.fullmatch(option.name) or option.name in _LONG:
            raise Unwritable(FORMAT, "an option is one letter, or a long name that no letter stands for")
        where = f"{FORMAT} -{option.name}"
        value = writable(option.value, where, refuse=" \t'\"\\#=")
        if value.startswith("-") or value != value.strip():
            raise Unwritable(where, "the value would be read as an option, or lose its blanks")
        dashes = "-" if len(option.name) == 1 else "--"
        lines.append(f"{dashes}{option.name} {value}".rstrip() + "\n")
    return "".join(lines)


def parse(text: str, complain: Complain = refuse) -> Document:
    """The options that ``text`` holds; Unparsable where a line begins with none."""
    options: list[Option] = []
    for number, line in numbered(text):
        if not line.strip() or line.lstrip()[0] == "#" or line.split()[0] == "logfile":
            continue
        try:
            options += of_words(shlex.split(line, comments=True), number)
        except ValueError as problem:
            complain(Unparsable(FORMAT, number, problem.what if isinstance(problem, Unparsable)
                                else "a quote is not closed"))
    return Document(tuple(options))


def of_words(words: Iterable[str], line: int = 0) -> tuple[Option, ...]:
    """The options among the arguments of a memcached command; Unparsable where a value belongs to none."""
    return tuple(_options(iter(words), line))


def _options(words: Iterator[str], line: int) -> Iterator[Option]:
    name = ""
    for word in words:
        if not word.startswith("-"):
            if not name:
                raise Unparsable(FORMAT, line, "a line is an option with its value: -l 10.0.0.1")
            yield Option(name, word, line)
            name = ""
            continue
        if name:
            yield Option(name, "", line)
        name, separator, value = word.lstrip("-").partition("=")
        name = _LONG.get(name, name)
        if not word.startswith("--") and len(name) > 1 and name[0] in _VALUED:   # -l10.0.0.1
            name, separator, value = name[0], "=", word[2:]
        if separator:
            yield Option(name, value, line)
            name = ""
    if name:
        yield Option(name, "", line)
