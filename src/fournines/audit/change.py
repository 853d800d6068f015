"""A change of one line, or of what begins there, that a rule is certain of: a value, applied to text only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Swap:
    """What matches ``pattern`` becomes ``by``: the only match of the line, or with ``column`` (from 1) the
    first from there on. A line of which nothing is left goes."""

    pattern: str
    by: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class Remove:
    """The line goes; with ``block`` everything up to the brace that closes what it opens."""

    block: bool = False


@dataclass(frozen=True, slots=True)
class Append:
    """Words at the end of the line."""

    text: str


@dataclass(frozen=True, slots=True)
class Below:
    """Lines under it, indented as the next one; ``at_end``: at the end of the file."""

    lines: tuple[str, ...]
    at_end: bool = False


Change: TypeAlias = Swap | Remove | Append | Below

_COMMENTED = re.compile(r"[#;!\\]")
_LEFT_OVER = re.compile(r"\s*(?:property|rsc_defaults|op_defaults)?\s*")


def _indent(line: str) -> str:
    return line[:len(line) - len(line.lstrip(" \t"))]


class Draft:
    """A text with changes made to it: ``before`` as it was, in ``slots`` what each line of it has become."""

    def __init__(self, text: str) -> None:
        self.before = text
        self.original = text.split("\n")
        self.slots = [[line] for line in self.original]
        self._made: set[tuple[int, Change]] = set()

    @property
    def text(self) -> str:
        return "\n".join(line for slot in self.slots for line in slot)

    def make(self, line: int, change: Change) -> bool:
        """Make a change at a line (0: the whole file); False where the text is not what it was thought to be,
        and nothing is changed."""
        if (line, change) in self._made:
            return True   # two findings that one change ends
        made = self._tried(line, change)
        if made:
            self._made.add((line, change))
        return made

    def _tried(self, line: int, change: Change) -> bool:
        if isinstance(change, Below):
            return self._below(line, change)
        if not 1 <= line <= len(self.slots) or not self.slots[line - 1]:
            return False
        match change:
            case Swap():
                return self._swap(line, change)
            case Remove():
                return self._remove(line, change.block)
            case Append():
                if _COMMENTED.search(self.slots[line - 1][0]):
                    return False   # the words would be part of the comment
                self.slots[line - 1][0] = f"{self.slots[line - 1][0].rstrip()} {change.text}"
                return True

    def _swap(self, line: int, change: Swap) -> bool:
        text, untouched = self.slots[line - 1][0], self.slots[line - 1] == [self.original[line - 1]]
        found = list(re.finditer(change.pattern, text))
        if change.column and untouched:
            found = [match for match in found if match.start() >= change.column - 1][:1]
        if len(found) != 1:
            return False
        begin, end = found[0].span()
        left = text[:begin] + found[0].expand(change.by) + text[end:]
        if not change.by and self._is_nothing(line, left):
            del self.slots[line - 1][0]
        else:
            self.slots[line - 1][0] = left if change.by else left.rstrip()
        return True

    def _is_nothing(self, line: int, left: str) -> bool:
        """Whether a line may go of which only this is left; the end of a continued statement stays."""
        continued = line > 1 and self.original[line - 2].rstrip().endswith("\\")
        return re.fullmatch(r"\s*\\\s*", left) is not None if continued \
            else _LEFT_OVER.fullmatch(left) is not None

    def _remove(self, line: int, block: bool) -> bool:
        end = self._closing(line) if block else line
        if end is None or any(slot != [text] for slot, text in zip(
                self.slots[line - 1:end], self.original[line - 1:end], strict=True)):
            return False
        for slot in self.slots[line - 1:end]:
            slot.clear()
        return True

    def _closing(self, line: int) -> int | None:
        depth = 0
        for number in range(line, len(self.original) + 1):
            depth += self.original[number - 1].count("{") - self.original[number - 1].count("}")
            if depth <= 0:
                return number if depth == 0 and number > line else None
        return None

    def _below(self, line: int, change: Below) -> bool:
        if change.at_end or line == 0:
            last = max((number for number, slot in enumerate(self.slots) if any(slot)), default=0)
            if last == len(self.slots) - 1 and self.slots[last] != [""]:
                self.slots.append([""])   # the last line had no end
                self.original.append("")
            self.slots[last] = [*self.slots[last], *change.lines]
            return True
        if not 1 <= line <= len(self.slots) or not self.slots[line - 1]:
            return False
        following = self.original[line] if line < len(self.original) else ""
        this = self.original[line - 1]
        indent = _indent(following) if following.strip(" \t\r}") else \
            _indent(this) + ("    " if this.rstrip().endswith("{") else "")
        self.slots[line - 1] += [f"{indent}{text}" for text in change.lines]
        return True


def new_value(key: str, old: str, new: str, column: int = 0) -> Swap:
    """``key old`` (with = or : between, in quotes or not) gets another value."""
    name = "".join("[-_]" if letter in "-_" else re.escape(letter) for letter in key)
    return Swap(rf"(?<![\w.-])({name})(\s*[:=]\s*|\s+)([\"']?){re.escape(old)}\3(?![\w.%-])",
                rf"\1\2\g<3>{new}\3", column)


def without_word(key: str, old: str, column: int = 0) -> Swap:
    """``key=old`` among other words goes."""
    return Swap(rf"(?<!\S){re.escape(key)}=([\"']?){re.escape(old)}\1(?!\S)[ \t]?", "", column)
