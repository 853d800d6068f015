"""The Markdown that the pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_NOTICE = "<!-- Made from the code by `make reference`; what is changed here is lost. -->"


def page(title: str, *parts: str) -> str:
    """A whole page; ``parts`` are paragraphs, headings, tables."""
    return "\n\n".join((_NOTICE, f"# {title}", *(part for part in parts if part))) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table without the columns that nothing is in; empty where there are no rows."""
    lines = list(rows)
    used = [index for index, _ in enumerate(columns) if any(line[index] for line in lines)]
    if not used:
        return ""
    kept = [columns, ["---"] * len(columns), *lines]
    return "\n".join(_line([line[index] for index in used]) for line in kept)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def code(text: str) -> str:
    """A word as it is typed; nothing stays nothing."""
    return f"`{text}`" if text else ""


def block(text: str, language: str = "") -> str:
    """Lines as they are typed."""
    return f"```{language}\n{text.strip()}\n```"
