"""What ``mariadb --batch`` prints for SHOW GLOBAL STATUS: lines of name, tabulator, value. Read only."""

from __future__ import annotations

from dataclasses import dataclass

from fournines.artifacts.document import Complain, Entry, numbered, refuse
from fournines.errors import Unparsable

FORMAT = "SHOW GLOBAL STATUS"


@dataclass(frozen=True, slots=True)
class Document:
    """Variables, with their names in lower case."""

    entries: tuple[Entry, ...] = ()

    def entry(self, name: str) -> Entry | None:
        """The variable of that name."""
        return next((each for each in self.entries if each.key == name), None)


def parse(text: str, complain: Complain = refuse) -> Document:
    """The variables that ``text`` holds; Unparsable where a line has no tabulator."""
    entries: list[Entry] = []
    for number, line in numbered(text):
        name, tabulator, value = line.partition("\t")
        if tabulator and name:
            entries.append(Entry(name.lower(), value.strip(), number))
        elif line.strip():
            complain(Unparsable(FORMAT, number, "a variable is written: name, tabulator, value"))
    return Document(tuple(entries))
