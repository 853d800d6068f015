"""corosync.conf: sections in braces, nested, of ``key: value`` lines; a section may come several times.

A # begins a comment only at the start of a line. Sources: corosync.conf(5) and exec/coroparse.c, which looks
for an opening brace, then for a colon, then for a closing brace, and so do we.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fournines.artifacts.document import Complain, named, notice, numbered, refuse, unpadded, writable
from fournines.artifacts.document import Entry as Entry
from fournines.errors import Unparsable

FORMAT = "corosync.conf"


@dataclass(frozen=True, slots=True)
class Section:
    """``name { entries, sections }``; an entry is ``key: value``, and of two for one key the last holds."""

    name: str
    entries: tuple[Entry, ...] = ()
    sections: tuple[Section, ...] = ()
    line: int = field(default=0, compare=False)

    def all(self, name: str) -> tuple[Section, ...]:
        """The sections of that name right below this one."""
        return tuple(section for section in self.sections if section.name == name)

    def last(self, key: str) -> Entry | None:
        """The entry that holds, if any."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole configuration, in order; entries outside of sections have no meaning to Corosync."""

    sections: tuple[Section, ...] = ()
    entries: tuple[Entry, ...] = ()


def emit(configuration: Document) -> str:
    """The file's text; Unwritable where a name or value cannot be carried."""
    text = notice()
    for line in (*_entry_lines(configuration.entries, FORMAT, ""),
                 *_section_lines(configuration.sections, FORMAT, "")):
        text += f"{line}\n"
    return text


def _section_lines(sections: Iterable[Section], where: str, indent: str) -> Iterator[str]:
    for section in sections:
        name = named(section.name, f"{where}: a section", refuse="{}:#")
        yield f"{indent}{name} {{"
        yield from _entry_lines(section.entries, f"{where}: {name}", indent + "    ")
        yield from _section_lines(section.sections, f"{where}: {name}", indent + "    ")
        yield f"{indent}}}"


def _entry_lines(entries: Iterable[Entry], where: str, indent: str) -> Iterator[str]:
    for entry in entries:
        key = named(entry.key, f"{where}: the name of a setting", refuse="{}:#")
        here = f"{where}: {key}"
        yield f"{indent}{key}: {unpadded(writable(entry.value, here, refuse='{'), here)}".rstrip()


_DEEPEST = 50


def parse(text: str, complain: Complain = refuse) -> Document:
    """The configuration that ``text`` holds; Unparsable where braces do not match or a line is no setting."""
    open_sections: list[tuple[str, int, list[Entry], list[Section]]] = [("", 0, [], [])]

    def close() -> None:
        name, number, entries, sections = open_sections.pop()
        open_sections[-1][3].append(Section(name, tuple(entries), tuple(sections), number))

    for number, line in numbered(text):
        content = line.strip()
        if not content or content[0] == "#":
            continue
        if "{" in content:
            name = content.partition("{")[0].strip()
            if not name or len(open_sections) > _DEEPEST:
                complain(Unparsable(FORMAT, number,
                                    f"a section is written: name {{, at most {_DEEPEST} deep"))
            else:
                open_sections.append((name, number, [], []))
        elif ":" in content:
            key, _, value = (part.strip() for part in content.partition(":"))
            if key:
                open_sections[-1][2].append(Entry(key, value, number))
            else:
                complain(Unparsable(FORMAT, number, "a setting has no name"))
        elif "}" not in content:
            complain(Unparsable(FORMAT, number, "a line is name {, key: value or }"))
        elif len(open_sections) == 1:
            complain(Unparsable(FORMAT, number, "a } closes no section"))
        else:
            close()
    if len(open_sections) > 1:
        complain(Unparsable(FORMAT, open_sections[-1][1], "the section that begins here is not closed"))
    while len(open_sections) > 1:
        close()
    _, _, entries, sections = open_sections[0]
    return Document(tuple(sections), tuple(entries))
