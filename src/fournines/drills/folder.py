"""The folder of a run: everything its verdict rests on, written as it becomes known.

    spec.json       the drill, the cluster, what its machines are, the timers in force
    history.jsonl   what clients asked and were answered
    samples.jsonl   which node held the address, as the nodes saw it, in the time of their own clocks
    timeline.json   when what happened, every fault that was made, and the clocks of the nodes compared with
                    that of the clients
    before.json     the cluster before, and after.json after
    console-NODE    the end of what the target wrote to its console
    journal-NODE    what the engines wrote into their journals, where the promise was not seen kept
    clients.log     what the clients' process complained of
    verdict.json    the result
    report.html     all of it for people
    undo.json       while the fault is there: what takes it away again

The folder of a series has those of its runs in it, its ``series.json``, ``report.html`` and ``junit.xml``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path

from fournines.drills.intervention import Intervention, from_data
from fournines.drills.place import Health
from fournines.durable import write_durably
from fournines.errors import DrillError

READABLE = 0o644
SPEC, TIMELINE, VERDICT, REPORT, UNDO = ("spec.json", "timeline.json", "verdict.json", "report.html",
                                         "undo.json")
JUNIT = "junit.xml"


class RunFolder:
    """``name`` is the run's: UTC time and drill."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, runs: Path, drill: str, now: datetime | None = None) -> RunFolder:
        """A new folder below ``runs``, which is made where it is missing."""
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        for number in range(1, 100):
            path = runs / (f"{stamp}-{drill}" if number == 1 else f"{stamp}-{drill}-{number}")
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            return cls(path)
        raise FileExistsError(f"{runs} has a hundred runs of this second")

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def history(self) -> Path:
        return self.path / "history.jsonl"

    @property
    def samples(self) -> Path:
        return self.path / "samples.jsonl"

    @property
    def clients_log(self) -> Path:
        return self.path / "clients.log"

    def write(self, name: str, data: object) -> None:
        """``data`` as JSON; dataclasses become objects, what JSON does not know becomes text."""
        text = json.dumps(data, indent=1, default=_plain, ensure_ascii=False)
        write_durably(self.path / name, text.encode() + b"\n", READABLE)

    def write_health(self, name: str, health: Health) -> None:
        """What the cluster looked like."""
        gone = {node: why.reason for node, why in health.snapshot.gone.items()}
        self.write(name, {"findings": [finding.as_data() for finding in health.findings],
                          "values": {node: dict(values) for node, values in health.snapshot.values.items()},
                          "gone": gone})

    def write_console(self, node: str, text: str) -> None:
        """The end of a console log."""
        write_durably(self.path / f"console-{node}.log", text.encode(errors="replace"), READABLE)

    def write_journal(self, node: str, text: str) -> None:
        """What its engines said; for its reader alone, as on the node."""
        write_durably(self.path / f"journal-{node}.log", text.encode(errors="replace"))

    def arm(self, undos: Sequence[Intervention]) -> None:
        """Write down, durably and before the faults, what takes them away: whoever comes after a killed
        runner finds it. Data, never code."""
        self.write(UNDO, [undo.as_data() for undo in undos])

    def disarm(self) -> None:
        """The fault is gone."""
        (self.path / UNDO).unlink(missing_ok=True)


def armed(runs: Path) -> dict[Path, tuple[Intervention, ...]]:
    """Faults that a killed runner has left, in a run below ``runs`` or below a series there: run folder ->
    what takes them away. Earlier versions knew one fault at a time. Raises ``DrillError`` where such a file
    is not what ``arm`` wrote."""
    found = {}
    for path in sorted((*runs.glob(f"*/{UNDO}"), *runs.glob(f"*/*/{UNDO}"))):
        try:
            written = json.loads(path.read_text())
            found[path.parent] = tuple(map(from_data, written if isinstance(written, list) else [written]))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise DrillError(f"{path} does not say how to heal: {problem}",
                             hint="repair what is broken ('fournines status'), remove the file") from None
    return found


def cluster_of(run: Path) -> str:
    """The name of the cluster that a run broke; empty where that is not known."""
    try:
        return str(json.loads((run / SPEC).read_text())["cluster"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    return str(value)
