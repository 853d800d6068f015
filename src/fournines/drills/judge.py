"""Judge: from everything that was recorded to verdicts and the table. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fournines.drills.checkers.gaps import measure, recovered_within
from fournines.drills.checkers.owners import SILENCE_S, Sample, one_owner
from fournines.drills.checkers.writes import Writes, compare, kept
from fournines.drills.operation import History
from fournines.drills.result import Row, row
from fournines.drills.schedule import Timeline, Window
from fournines.drills.settings import AMQP, SQL_NEW, SQL_STANDING
from fournines.drills.verdict import Verdict

WHOLE_AGAIN = "the cluster becomes whole again"
SILENT_AFTER_S = 2.0   # what may still arrive of a machine that is off


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was recorded. ``rows`` maps each node to what it has in the run's table, None where it could
    not be asked. ``effect_seen`` is what the machine's driver said after the fault; ``whole_again`` whether
    the cluster converged, and ``convergence`` how that was seen. ``finished`` says whether the clients ended
    well."""

    history: History
    timeline: Timeline
    target: str
    address: str
    samples: Mapping[str, Sequence[Sample]]
    rows: Mapping[str, Sequence[str] | None]
    effect_seen: bool
    whole_again: bool
    convergence: str
    finished: bool


def took_effect(evidence: Evidence) -> Verdict:
    """Whether the fault hit a machine that served: it held the address just before, and then was gone."""
    question = f"{evidence.target} held {evidence.address} and was hit"
    mine = sorted(evidence.samples.get(evidence.target, ()), key=lambda sample: sample.lo_s)
    before = [sample for sample in mine if sample.hi_s < evidence.timeline.injected_s]
    if not before or not before[-1].holds or before[-1].lo_s < evidence.timeline.injected_s - SILENCE_S:
        return Verdict(question, None, "it was not seen to hold the address just before the fault")
    if not evidence.effect_seen:
        return Verdict(question, None, "the machine did not become what the fault makes of it")
    silent = Window(evidence.timeline.injected_s + SILENT_AFTER_S, evidence.timeline.healed_s)
    if any(sample.lo_s in silent for sample in mine):
        return Verdict(question, None, "it went on speaking after the fault")
    return Verdict(question, True, "it held the address, fell silent, and its driver confirms the fault")


def judge(evidence: Evidence, *, recover_within_s: float, slow_s: float) -> tuple[list[Verdict], list[Row]]:
    """Every verdict, and a row per path. Where the fault cannot be shown to have taken effect, a recovery
    that was measured proves nothing and is unknown; a lost write is lost all the same."""
    effect = took_effect(evidence)
    store_of = _stores(evidence)
    verdicts, rows = [effect], []
    for path in evidence.history.paths:
        measured = measure(evidence.history.of(path), evidence.timeline, slow_s)
        recovery = recovered_within(measured, recover_within_s)
        if effect.truth is not True:
            recovery = replace(recovery, truth=None, because=f"not shown: {effect.because}")
        verdicts.append(recovery)
        writes = store_of.get(path)
        rows.append(row(measured, writes.acknowledged if writes else None,
                        len(writes.lost) if writes and writes.read else None, recovery.truth))
    verdicts += _keeping(evidence, store_of)
    window = Window(evidence.timeline.began_s, evidence.timeline.ended_s)
    excused = {evidence.target: Window(evidence.timeline.injected_s, evidence.timeline.ended_s)}
    verdicts.append(one_owner(evidence.address, evidence.samples, window, excused))
    truth = True if evidence.whole_again else None
    verdicts.append(Verdict(WHOLE_AGAIN, truth, evidence.convergence))
    return verdicts, rows


def _stores(evidence: Evidence) -> dict[str, Writes]:
    """The set checker's comparison for every path that writes. Both SQL paths write to one table: each is
    compared with its own values."""
    found = {}
    history = evidence.history
    for path in (SQL_STANDING, SQL_NEW):
        if operations := history.of(path):
            others = {item.value for item in history.operations if item.path != path}
            mine = {node: None if values is None else [value for value in values if value not in others]
                    for node, values in evidence.rows.items()}
            found[path] = compare(operations, mine)
    if operations := history.of(AMQP):
        found[AMQP] = compare(operations, {"the consumer": history.received.get(AMQP, ())})
    return found


def _keeping(evidence: Evidence, store_of: Mapping[str, Writes]) -> list[Verdict]:
    found = []
    for path, writes in store_of.items():
        if path == AMQP:
            drained = evidence.finished and evidence.history.drained.get(AMQP, False)
            found.append(kept(path, writes, repeats_allowed=True, complete=drained))
        else:
            found.append(kept(path, writes))
    return found
