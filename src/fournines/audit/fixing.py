"""Corrected texts: of the changes that rules are certain of, those after which the finding is gone and
nothing new is found, as unified diffs. Nothing is written; changes are tried by auditing the changed texts.

The diffs have no context lines, for what stands around may be secret; a line that may hold a secret is not
changed at all.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fournines.artifacts.pacemaker import Configuration
from fournines.audit.change import Draft, Remove
from fournines.audit.cloud import Cloud, File
from fournines.audit.formats import read
from fournines.audit.judge import Audit, Verdict, judge

_SECRET = re.compile(r"(?i)passw|passphrase|pass\b|secret|cookie|token_?key|_auth\b|auth_|://[^/\s:@]*:[^@\s]+@")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file with what its diff ends; ``diff`` is for ``patch -p0``."""

    file: str
    diff: str
    ends: tuple[Verdict, ...]

    def as_data(self) -> dict[str, object]:
        return {"file": self.file, "diff": self.diff, "ends": [verdict.as_data() for verdict in self.ends]}


@dataclass(frozen=True, slots=True)
class Fixes:
    """``by_hand``: what no certain text ends, with the advice of its rule."""

    files: tuple[Fixed, ...]
    by_hand: tuple[Verdict, ...]

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {"files": [fixed.as_data() for fixed in self.files],
                "by_hand": [verdict.as_data() for verdict in self.by_hand]}


def fixes(cloud: Cloud, audit: Audit) -> Fixes:
    """What can be corrected with certainty, and what is left."""
    trial = _Trial(cloud, audit)
    certain = [verdict for verdict in audit.open if verdict.change is not None]
    made = trial.grown((), tuple(sorted(certain, key=lambda verdict: not isinstance(verdict.change, Remove))))
    drafts = trial.drafted(made) or {}
    left, done = trial.after(drafts), set(map(id, made))
    gone = [verdict for verdict in audit.open if verdict.place.file in drafts
            and (id(verdict) in done or not left[_kind(verdict)])]   # some end with another's change
    files = tuple(Fixed(name, _diff(name, drafts[name]),
                        tuple(verdict for verdict in gone if verdict.place.file == name))
                  for name in sorted(drafts))
    ended = set(map(id, gone))
    return Fixes(files, tuple(verdict for verdict in audit.open if id(verdict) not in ended))


class _Trial:
    """Tries changes on the texts, all at once where that works, else half by half."""

    def __init__(self, cloud: Cloud, audit: Audit) -> None:
        self._cloud = cloud
        self._files = {file.shown: file for file in cloud.files}
        self._before = _counted(audit)

    def grown(self, made: tuple[Verdict, ...], more: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        """``made`` with as many more as keep the promise."""
        if not more or self._keeps((*made, *more)):
            return (*made, *more)
        if len(more) == 1:
            return made
        half = len(more) // 2
        return self.grown(self.grown(made, more[:half]), more[half:])

    def drafted(self, verdicts: Sequence[Verdict]) -> dict[str, Draft] | None:
        """The files with these changes; None where one cannot be made."""
        drafts: dict[str, Draft] = {}
        for verdict in verdicts:
            file = self._files.get(verdict.place.file)
            if file is None or file.text is None or verdict.change is None:
                return None
            if isinstance(file.document, Configuration):
                return None   # Pacemaker's own file is changed through Pacemaker alone
            draft = drafts.setdefault(file.shown, Draft(file.text))
            if not draft.make(verdict.place.line, verdict.change):
                return None
        return None if any(_secret(draft) for draft in drafts.values()) else drafts

    def _keeps(self, verdicts: Sequence[Verdict]) -> bool:
        """Whether these findings are gone after their changes, and none is there that was not before."""
        drafts = self.drafted(verdicts)
        if drafts is None:
            return False
        after, gone = self.after(drafts), Counter(map(_kind, verdicts))
        return all(count <= self._before[kind] - gone[kind]
                   for kind, count in (*after.items(), *((kind, 0) for kind in gone)))

    def after(self, drafts: Mapping[str, Draft]) -> Counter[tuple[str, str, str]]:
        """What is found with these texts instead, counted."""
        files = tuple(_changed(file, drafts.get(file.shown)) for file in self._cloud.files)
        return _counted(judge(replace(self._cloud, files=files)))


def _changed(file: File, draft: Draft | None) -> File:
    if draft is None:
        return file
    return read(file.node, file.path, file.shown, draft.text.encode(), file.mode) or file


def _counted(audit: Audit) -> Counter[tuple[str, str, str]]:
    return Counter(map(_kind, audit.open))


def _kind(verdict: Verdict) -> tuple[str, str, str]:
    """What two findings share that differ in their lines, or in a number that is told."""
    return verdict.rule.id, verdict.severity, verdict.place.file


def _secret(draft: Draft) -> bool:
    return any(_SECRET.search(text) for slot, line in zip(draft.slots, draft.original, strict=True)
               if slot != [line] for text in _differing(slot, line))


def _differing(slot: list[str], line: str) -> list[str]:
    """What a diff shows of a line: what was added, and the line itself unless it stays."""
    return [text for text in slot if text != line] + ([] if line in slot else [line])


def _diff(name: str, draft: Draft) -> str:
    found = difflib.unified_diff(_lines(draft.before), _lines(draft.text), name, name, n=0)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
                   for line in found)


def _lines(text: str) -> list[str]:
    """With their ends; nothing but a newline ends a line."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
