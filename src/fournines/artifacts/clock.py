"""chrony.conf and ntp.conf: directives of words, one a line. Read only: the host layer writes its own.

Sources: chrony.conf(5), ntp.conf(5).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fournines.artifacts.document import Complain, numbered, refuse

_COMMENT = "#%;!"


@dataclass(frozen=True, slots=True)
class Directive:
    """``name word ...``; the name in lower case, as chronyd takes it in any."""

    name: str
    words: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """The directives, in order."""

    directives: tuple[Directive, ...] = ()

    def named(self, *names: str) -> tuple[Directive, ...]:
        """Those of these names."""
        return tuple(each for each in self.directives if each.name in names)


def parse(text: str, complain: Complain = refuse) -> Document:
    """The directives that ``text`` holds. Any words are some, so there is nothing to complain of."""
    found: list[Directive] = []
    for number, line in numbered(text):
        words = line.split("#")[0].split()
        if words and words[0][0] not in _COMMENT:
            found.append(Directive(words[0].lower(), tuple(words[1:]), number))
    return Document(tuple(found))
