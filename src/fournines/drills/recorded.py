"""Recorded: a run folder read back into values, or an error that says which file is wrong and what to do.

Runs of versions before ``timeline.json`` have neither times nor clocks. Both follow from what else they hold,
because only labs could run drills then, and the machines of a lab have one kernel and so one clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias, TypeVar

from fournines.drills import history
from fournines.drills.checkers.owners import SILENCE_S, Sample
from fournines.drills.folder import SPEC, TIMELINE, UNDO, VERDICT, RunFolder
from fournines.drills.operation import History
from fournines.drills.plain import number, object_, objects
from fournines.drills.result import Result, result_from_data
from fournines.drills.sampling import Offset, Session
from fournines.drills.schedule import Deed, Timeline
from fournines.drills.spec import Spec, spec_from_data
from fournines.errors import DrillError

OLD_RUN = ("This run was recorded by a version that did not write down when it broke and healed the machine. "
           "Both moments are taken from the samples of the machine itself, and may be wrong by a second.")
ONLY_FIRST = ("The drill makes more than one fault, and this run was recorded by a version that wrote down "
              "one: when the first was made, and when the last was taken away.")
TORN = "{} ends in a torn line, which was left out: whoever wrote it was stopped."
STILL_BROKEN = (f"{UNDO} is there: nobody has taken the fault away yet. The next `fournines drill run` on "
                "this cluster does.")
NO_VERDICT = "the run came to no verdict (refused, interrupted or killed), so there is nothing to report"
ANOTHER_RUN = "name another run, or run the drill again"
ONE_CLOCK = Offset(0.0, 0.0)


Value = TypeVar("Value")
SessionKey: TypeAlias = tuple[str, int]   # node, and the how-manieth of its sessions
Clocks: TypeAlias = Mapping[SessionKey, Offset]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One run. ``deeds`` are the faults that were made, in their order; ``notes`` say what is unusual about
    its folder."""

    folder: Path
    spec: Spec
    result: Result
    timeline: Timeline
    deeds: tuple[Deed, ...]
    history: History
    samples: Mapping[str, tuple[Sample, ...]]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """UTC time and drill."""
        return self.folder.resolve().name


def read_run(path: Path) -> Recorded:
    """The run in a folder. Raises ``DrillError``."""
    if not path.is_dir():
        raise DrillError(f"{path} is not a run folder",
                         hint="name one below runs/; drill run prints it at its end")
    folder = RunFolder(path)
    spec = _values(path / SPEC, spec_from_data)
    result = _values(folder.path / VERDICT, lambda data: result_from_data(data, path), NO_VERDICT)
    asked, sessions = _history(folder.history), _sessions(folder.samples)
    notes = [TORN.format(item.name) for item in (folder.history, folder.samples) if _is_torn(item)]
    if (path / UNDO).exists():
        notes.append(STILL_BROKEN)
    recorded = (path / TIMELINE).exists()
    clocks: Clocks = {}
    deeds: tuple[Deed, ...] = ()
    if recorded:
        timeline, clocks, deeds = _values(path / TIMELINE, _times)
    for key, session in sessions.items():
        session.offset = clocks.get(key, Offset()) if recorded else ONE_CLOCK
    samples = _samples(sessions, spec.address)
    if not recorded:
        timeline = _inferred(asked, samples.get(result.target, ()), spec, folder.samples)
        notes.append(OLD_RUN)
    if not deeds:
        deeds = (_the_first(spec, result.target, timeline),)
        notes += [ONLY_FIRST] if spec.several else []
    return Recorded(path, spec, result, timeline, deeds, asked, samples, tuple(notes))


def _values(path: Path, parse: Callable[[Mapping[str, object]], Value], missing: str = "") -> Value:
    """``missing`` says what it means that the file is not there."""
    try:
        data = json.loads(_bytes(path, missing))
        if not isinstance(data, dict):
            raise TypeError("it is not an object")
        return parse(data)
    except KeyError as problem:
        raise DrillError(f"{path} cannot be used: it lacks {problem.args[0]}", hint=ANOTHER_RUN) from None
    except (ValueError, TypeError) as problem:
        raise DrillError(f"{path} cannot be used: {problem}", hint=ANOTHER_RUN) from None


def _bytes(path: Path, missing: str = "") -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DrillError(f"{path} is missing{missing and ': '}{missing}", hint=ANOTHER_RUN) from None
    except OSError as problem:
        raise DrillError(f"{path} cannot be read: {problem.strerror}",
                         hint="repair what keeps it from being read, then ask again") from None


def _is_torn(path: Path) -> bool:
    return not _bytes(path).endswith(b"\n")


def _history(path: Path) -> History:
    _bytes(path)
    try:
        found = history.read(path)
    except KeyError as problem:
        raise DrillError(f"{path} cannot be used: an event lacks {problem.args[0]}",
                         hint=ANOTHER_RUN) from None
    except ValueError as problem:
        raise DrillError(f"{path} cannot be used: {problem}", hint=ANOTHER_RUN) from None
    if not found.operations:
        raise DrillError(f"{path} cannot be used: no request is in it", hint=ANOTHER_RUN)
    return found


def _sessions(path: Path) -> dict[SessionKey, Session]:
    """What each sampler said, by node and number; without their clocks."""
    found: dict[SessionKey, Session] = {}
    lines = _bytes(path).split(b"\n")
    for count, line in enumerate(lines[:-1], 1):   # what follows the last line end is torn, or nothing
        try:
            said = json.loads(line)
            key = (str(said["node"]), int(said.get("session", 0)))
            found.setdefault(key, Session()).hear(said, now_s=0.0)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise DrillError(f"{path} cannot be used: line {count} is not a sample",
                             hint=ANOTHER_RUN) from None
    return found


def _samples(sessions: Mapping[SessionKey, Session], address: str) -> dict[str, tuple[Sample, ...]]:
    found: dict[str, tuple[Sample, ...]] = {}
    for (node, _), session in sorted(sessions.items()):
        found[node] = (*found.get(node, ()), *session.samples(address))
    return found


def _times(data: Mapping[str, object]) -> tuple[Timeline, Clocks, tuple[Deed, ...]]:
    """Versions that did not write down what they did have no deeds."""
    timeline = Timeline(*(number(data, key) for key in ("began_s", "injected_s", "healed_s", "ended_s")))
    clocks = {(node, index): _offset(item) for node in object_(data, "clocks")
              for index, item in enumerate(objects(object_(data, "clocks"), node))}
    deeds = [Deed(str(item["what"]), str(item["undo"]), str(item["target"]), number(item, "injected_s"),
                  number(item, "undone_s"))
             for item in (objects(data, "deeds") if "deeds" in data else ())]
    return timeline, clocks, tuple(deeds)


def _the_first(spec: Spec, target: str, timeline: Timeline) -> Deed:
    """As far as the drill itself tells it."""
    return Deed(_words(spec.act, spec.broken), _words(spec.undo, spec.broken), target, timeline.injected_s,
                timeline.healed_s)


def _words(act: str, broken: str) -> str:
    """``power off``; ``hang mariadb.service``; ``cut management``."""
    return " ".join(filter(None, (act.replace("_", " "), broken)))


def _offset(data: Mapping[str, object]) -> Offset:
    """One that could never be compared has null for its bounds."""
    if data["lo_s"] is None or data["hi_s"] is None:
        return Offset()
    return Offset(number(data, "lo_s"), number(data, "hi_s"))


def _inferred(asked: History, target: Sequence[Sample], spec: Spec, path: Path) -> Timeline:
    """From before there was a timeline: the target's longest silence begins with the fault. The clients ask
    from when the runner begins to when the cluster has converged."""
    moments = sorted(item.lo_s for item in target)
    silences = [(later_s - earlier_s, earlier_s) for earlier_s, later_s in pairwise(moments)]
    length_s, injected_s = max(silences, default=(0.0, 0.0))
    if length_s <= SILENCE_S:
        raise DrillError(f"{path} does not show when the fault began, and {TIMELINE} is missing",
                         hint="run the drill again: this version records it")
    due = [item.intended_s for item in asked.operations]
    return Timeline(min(due), injected_s, injected_s + spec.observe_s, max(due))
