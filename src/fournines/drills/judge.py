"""Judge: from everything that was recorded to verdicts and the table. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fournines.drills.aftermath import Everywhere, calm, left_as_found, nothing_broke
from fournines.drills.checkers.bank import Books, balanced
from fournines.drills.checkers.deaf import no_deaf_connection
from fournines.drills.checkers.gaps import measure, recovered_by_itself, recovered_within
from fournines.drills.checkers.images import images_kept
from fournines.drills.checkers.owners import (
    SILENCE_S,
    Sample,
    View,
    one_answers,
    one_component,
    one_owner,
    was_held,
)
from fournines.drills.checkers.register import register
from fournines.drills.checkers.writers import MOST_CHANGES, one_writer
from fournines.drills.checkers.writes import Writes, compare, kept
from fournines.drills.drill import Fault
from fournines.drills.effects import Sight
from fournines.drills.operation import History, Operation, Outcome
from fournines.drills.prediction import Bounds, remark
from fournines.drills.result import Row, row
from fournines.drills.schedule import Timeline, Window
from fournines.drills.settings import (
    AMQP,
    ARP,
    CACHE,
    CHECKED_ONLY,
    IMAGES,
    SELDOM_S,
    SQL_BANK,
    SQL_NEW,
    SQL_REGISTER,
    SQL_STANDING,
    in_time_s,
)
from fournines.drills.verdict import Verdict

WHOLE_AGAIN = "the cluster becomes whole again"
INSERTS = (SQL_STANDING, SQL_NEW)
WRITING = (*INSERTS, AMQP)
POOLED = (SQL_STANDING,)   # paths whose clients keep connections for later
SILENT_AFTER_S = 2.0   # what may still arrive of a machine that is off


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was recorded. ``views``: what each node said of its database's component, empty where there
    are none; ``views_apart_s``: how long two may differ. ``rows`` maps each node to what it has in the run's
    table, ``bank`` to its accounts, None where it could not be asked. ``faults`` are the one or two that
    were made. ``traces_before`` and ``traces_after`` are what was on the nodes. ``role`` is what made the
    target one (``held 192.0.2.1``); ``served`` how that was seen before the fault, None where only the
    samples of the address tell. ``effect`` is what was seen of the fault, which ``silences`` the machine or
    not; ``whole_again`` whether the cluster converged, None where it was never known not to have, and
    ``convergence`` how that was seen. ``finished``
    says whether the clients ended well. ``others`` are machines that a fault beside the first has hit.
    ``silent_until_s``: when the target may speak again although nobody has taken the fault away. ``blocks``
    and ``beyond`` are the drill's, and ``said_meanwhile`` is what ``verify`` found while the fault was there.
    ``off_s`` is when Pacemaker had fenced a node. ``elsewhere``: of each other VIP what was seen of it."""

    history: History
    timeline: Timeline
    target: str
    address: str
    samples: Mapping[str, Sequence[Sample]]
    views: Mapping[str, Sequence[View]]
    views_apart_s: float
    rows: Mapping[str, Sequence[str] | None]
    bank: Mapping[str, Books | None]
    traces_before: Everywhere
    traces_after: Everywhere
    faults: Sequence[Fault]
    role: str
    served: Sight | None
    effect: Sight
    silences: bool
    whole_again: bool | None
    convergence: str
    finished: bool
    others: frozenset[str] = frozenset()
    silent_until_s: float | None = None
    blocks: bool = False
    beyond: bool = False
    said_meanwhile: Sequence[str] = ()
    off_s: Mapping[str, float] = field(default_factory=dict)
    elsewhere: Mapping[str, Mapping[str, Sequence[Sample]]] = field(default_factory=dict)


def took_effect(evidence: Evidence) -> Verdict:
    """Whether the fault hit a machine that served, just before, and then was what the fault makes of it."""
    question = f"{evidence.target} {evidence.role} and was hit"
    served = evidence.served or _held_it(evidence)
    for sight in (served, evidence.effect):
        if not sight.shown:
            return Verdict(question, None, sight.because)
    until_s = evidence.timeline.healed_s if evidence.silent_until_s is None else evidence.silent_until_s
    silent = Window(evidence.timeline.injected_s + SILENT_AFTER_S, until_s)
    if not evidence.silences or silent.end_s <= silent.start_s:   # it may speak again before that shows
        return Verdict(question, True, f"{served.because}; then {evidence.effect.because}")
    if any(sample.lo_s in silent for sample in evidence.samples.get(evidence.target, ())):
        return Verdict(question, None, "it went on speaking after the fault")
    return Verdict(question, True, f"{served.because}, fell silent, and {evidence.effect.because}")


def _held_it(evidence: Evidence) -> Sight:
    """As the node itself saw it, many times a second."""
    before = [sample for sample in evidence.samples.get(evidence.target, ())
              if sample.hi_s < evidence.timeline.injected_s]
    last = max(before, key=lambda sample: sample.lo_s, default=None)
    if last is None or not last.holds or last.lo_s < evidence.timeline.injected_s - SILENCE_S:
        return Sight(False, "it was not seen to hold the address just before the fault")
    return Sight(True, "it held the address")


def judge(evidence: Evidence, *, recover_within_s: float, slow_s: float,
          bounds: Mapping[str, Bounds]) -> tuple[list[Verdict], list[Row], list[str]]:
    """Every verdict, a row per path, and what does not fit the predicted ``bounds`` of each path. Where the
    fault cannot be shown to have taken effect, a recovery that was measured proves nothing and is unknown; a
    lost write is lost all the same."""
    effect = took_effect(evidence)
    blocked_s = evidence.timeline.healed_s - evidence.timeline.injected_s if evidence.blocks else 0.0
    store_of = _stores(evidence)
    verdicts, rows = [effect], []
    for path in evidence.history.paths:
        if path in CHECKED_ONLY:
            continue
        measured = measure(evidence.history.of(path), evidence.timeline, in_time_s(path, slow_s))
        recovery = recovered_by_itself(measured) if evidence.beyond else \
            recovered_within(measured, recover_within_s + SELDOM_S.get(path, 0.0), blocked_s)
        if effect.truth is not True:
            recovery = replace(recovery, truth=None, because=f"not shown: {effect.because}")
        verdicts.append(recovery)
        writes = store_of.get(path)
        found = row(measured, writes.acknowledged if writes else None,
                    len(writes.lost) if writes and writes.read else None, recovery.truth)
        rows.append(_beside(found, bounds.get(path)))
    verdicts += _keeping(evidence, store_of)
    verdicts += _checked(evidence)
    verdicts += [left_as_found(evidence.traces_before, evidence.traces_after),
                 nothing_broke(evidence.traces_before, evidence.traces_after,
                               [fault.unit for fault in evidence.faults if fault.unit])]
    verdicts += _owners(evidence)
    verdicts += [no_deaf_connection(path, evidence.history.pooled.get(path))
                 for path in evidence.history.paths if path in POOLED]
    if evidence.blocks:
        verdicts += _blocked(evidence)
    verdicts.append(Verdict(WHOLE_AGAIN, evidence.whole_again, evidence.convergence))
    remarks = [remark(each, bounds[each.path], slow_s) for each in rows
               if effect.truth is True and each.path in bounds]
    return verdicts, rows, [text for text in remarks if text]


def _owners(evidence: Evidence) -> list[Verdict]:
    """Of the clients' address, and of each other VIP that anybody was seen to hold."""
    window = Window(evidence.timeline.began_s, evidence.timeline.ended_s)
    faulty = Window(evidence.timeline.injected_s, evidence.timeline.ended_s)
    excused = dict.fromkeys({evidence.target, *evidence.others}, faulty) if evidence.silences else {}
    used = {address: samples for address, samples in evidence.elsewhere.items() if was_held(samples)}
    return [one_owner(address, samples, window, excused, evidence.off_s)
            for address, samples in {evidence.address: evidence.samples, **used}.items()]


def _blocked(evidence: Evidence) -> list[Verdict]:
    """Where nobody can know whether he is the only one: nobody serves, and ``verify`` says what is wrong. A
    node that nothing was done to may answer what needs no majority, and takes no write."""
    window = Window(evidence.timeline.injected_s + SILENT_AFTER_S, evidence.timeline.healed_s)
    only_writes = bool(set(evidence.samples) - {evidence.target, *evidence.others})
    served = [item for item in evidence.history.operations if item.outcome is Outcome.OK
              and (item.path in WRITING if only_writes else item.path not in CHECKED_ONLY)
              and item.sent_s is not None and item.sent_s in window]
    what = "no write" if only_writes else "nothing"
    return [Verdict(f"{what} is served before the fault is taken away", not served,
                    f"{len(served)} requests were answered" if served else "no request was answered"),
            Verdict("verify says what is wrong meanwhile", bool(evidence.said_meanwhile),
                    next(iter(evidence.said_meanwhile), "it found nothing"))]


def _beside(found: Row, bounds: Bounds | None) -> Row:
    if bounds is None:
        return found
    return replace(found, predicted_lower_s=bounds.lower_s, predicted_upper_s=bounds.upper_s)


def _stores(evidence: Evidence) -> dict[str, Writes]:
    """The set checker's comparison for every path that writes. Both SQL paths write to one table: each is
    compared with its own values."""
    found = {}
    history = evidence.history
    for path in INSERTS:
        if operations := history.of(path):
            others = {item.value for item in history.operations if item.path != path}
            mine = {node: None if values is None else [value for value in values if value not in others]
                    for node, values in evidence.rows.items()}
            found[path] = compare(operations, mine)
    if operations := history.of(SQL_BANK):
        found[SQL_BANK] = compare(operations, {node: None if books is None else books.ledger
                                               for node, books in evidence.bank.items()})
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


def _checked(evidence: Evidence) -> list[Verdict]:
    """What else must hold of the answers, on the paths that the clients took."""
    history, found = evidence.history, []
    inserts = [item for path in INSERTS for item in history.of(path)]
    if inserts:
        found.append(_seen_later(one_writer(inserts, MOST_CHANGES * len(evidence.faults)), inserts, evidence))
    if evidence.views:   # a database that is one process has none
        found.append(_of_components(evidence))
        if not evidence.beyond:   # members that have lost their majority look for one in many steps
            found.append(calm(evidence.faults, evidence.views))
    if operations := history.of(SQL_REGISTER):
        found.append(_seen_later(register(SQL_REGISTER, operations), operations, evidence))
    if history.of(SQL_BANK):
        found.append(balanced(evidence.bank))
    if operations := history.of(CACHE):
        found.append(_seen_later(register(CACHE, operations, may_forget=True), operations, evidence))
    if operations := history.of(IMAGES):
        found.append(images_kept(IMAGES, operations, history.images, evidence.timeline.healed_s))
    if operations := history.of(ARP):
        found.append(_seen_later(one_answers(evidence.address, operations), operations, evidence))
    return found


def _seen_later(verdict: Verdict, operations: Sequence[Operation], evidence: Evidence) -> Verdict:
    """What was only seen before the fault says nothing of it."""
    later = any(item.outcome is Outcome.OK and item.intended_s >= evidence.timeline.injected_s
                for item in operations)
    if later or verdict.truth is not True:
        return verdict
    return replace(verdict, truth=None, because="nothing was acknowledged after the fault")


def _of_components(evidence: Evidence) -> Verdict:
    verdict = one_component(evidence.views, evidence.views_apart_s)
    spoke = [node for node, views in evidence.views.items()
             if any(item.lo_s >= evidence.timeline.injected_s for item in views)]
    if verdict.truth is not True or len(spoke) >= min(2, len(evidence.views)):
        return verdict
    who = " and ".join(spoke) or "nobody"
    return replace(verdict, truth=None, because=f"after the fault only {who} said in which component it was")
