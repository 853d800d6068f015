"""One run as the values that its report shows. Pure: numbers here, words and markup in the page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from fournines.cluster.timers import Chain, explain
from fournines.cluster.timers import Row as TimerRow
from fournines.cluster.timers.timer import shown
from fournines.drills.breakdown import Step
from fournines.drills.checkers.gaps import Gap, gaps, of_fault, of_return
from fournines.drills.checkers.owners import holdings
from fournines.drills.convergence import Redundancy
from fournines.drills.judge import WHOLE_AGAIN
from fournines.drills.operation import Outcome
from fournines.drills.prediction import Agreement, Derivation, agreement, bounds_of, chain_of, derivation_of
from fournines.drills.recorded import Recorded
from fournines.drills.result import Row
from fournines.drills.schedule import Deed
from fournines.drills.settings import in_time_s
from fournines.drills.spec import Spec
from fournines.drills.verdict import Verdict
from fournines.report.budget import Cost
from fournines.report.untested import Untested, untested


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the timers foresee for a path: the bounds, the waits that make the upper one, and how the measured
    gap agrees."""

    lower_s: float
    upper_s: float
    waits: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class PathGap:
    """One gap. ``start_s`` counts from the fault; ``on_return``: it began while the cluster became whole."""

    start_s: float
    lower_s: float
    upper_s: float
    requests: int
    on_return: bool


@dataclass(frozen=True, slots=True)
class PathView:
    """One client path. ``row`` is what was judged when the drill ran; the rest is read from the history."""

    row: Row
    prediction: Prediction | None
    gaps: tuple[PathGap, ...]
    cost: Cost
    errors: Mapping[str, int]

    @property
    def longest(self) -> tuple[float, float]:
        """Bounds of its longest gap, whenever it was."""
        return max((self.row.gap_upper_s, self.row.gap_lower_s),
                   (self.row.return_upper_s, self.row.return_lower_s))[::-1]

    def as_data(self) -> dict[str, object]:
        """Plain data; infinities are still in it."""
        return {**asdict(self), "row": self.row.as_data(),
                "cost": {**asdict(self.cost), "share_of_a_year": self.cost.share,
                         "times_a_year": self.cost.times_a_year}}


@dataclass(frozen=True, slots=True)
class Held:
    """A node certainly held the address between two moments, counted from the fault."""

    node: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Moments:
    """Seconds from the fault. ``whole_s`` is None where the cluster was not seen to become whole again."""

    began_s: float
    healed_s: float
    ended_s: float
    whole_s: float | None


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything. ``deeds`` are the faults that were made, in seconds from the first. ``timers`` come with
    their derivation where ``no_derivation`` is empty, else as bare values. ``steps`` are what Pacemaker did,
    where it runs."""

    name: str
    drill: str
    summary: str
    deeds: tuple[Deed, ...]
    target: str
    address: str
    cluster: str
    nodes: tuple[str, ...]
    slow_s: float
    recover_within_s: float
    verdict: Verdict
    verdicts: tuple[Verdict, ...]
    moments: Moments
    paths: tuple[PathView, ...]
    held: tuple[Held, ...]
    timers: tuple[TimerRow, ...]
    no_derivation: str
    untested: Untested
    notes: tuple[str, ...]
    redundancy: Redundancy | None = None
    steps: tuple[Step, ...] = ()

    @property
    def hit(self) -> tuple[str, ...]:
        """The nodes that anything was done to."""
        return tuple(dict.fromkeys(deed.target for deed in self.deeds))

    @property
    def worst(self) -> PathView | None:
        """The path with the longest gap; None where no path had one."""
        found = max(self.paths, key=lambda path: path.longest[::-1], default=None)
        return found if found is not None and found.longest[1] else None

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``; null where a gap has no end, and where a truth is not known."""
        plain = {**asdict(self), "verdict": self.verdict.as_data(),
                 "verdicts": [item.as_data() for item in self.verdicts],
                 "paths": [path.as_data() for path in self.paths]}
        return {key: without_infinity(value) for key, value in plain.items()}


def run_view(run: Recorded) -> RunView:
    """The view of one run."""
    derivation = derivation_of(run.spec)
    zero_s = run.timeline.injected_s
    whole = any(item.question == WHOLE_AGAIN and item.truth is True for item in run.result.verdicts)
    ended_s = run.timeline.ended_s - zero_s
    return RunView(
        name=run.name, drill=run.result.drill, summary=run.spec.summary,
        deeds=tuple(replace(deed, injected_s=deed.injected_s - zero_s, undone_s=deed.undone_s - zero_s)
                    for deed in run.deeds),
        target=run.result.target, address=run.spec.address, cluster=run.spec.cluster.name,
        nodes=tuple(node.name for node in run.spec.cluster.nodes), slow_s=run.spec.slow_s,
        recover_within_s=run.result.recover_within_s, verdict=run.result.verdict,
        verdicts=run.result.verdicts,
        moments=Moments(run.timeline.began_s - zero_s, run.timeline.healed_s - zero_s, ended_s,
                        ended_s if whole else None),
        paths=tuple(_path(run, row, derivation.chains) for row in run.result.rows), held=_held(run),
        timers=_timers(run, derivation), no_derivation=derivation.because,
        untested=untested(run, derivation.foreseen), notes=run.notes, redundancy=run.result.redundancy,
        steps=run.result.steps)


def _path(run: Recorded, row: Row, chains: Sequence[Chain]) -> PathView:
    operations = run.history.of(row.path)
    found = gaps(operations, in_time_s(row.path, run.spec.slow_s))
    broken, healing = of_fault(found, run.timeline), of_return(found, run.timeline)
    shown_gaps = tuple(_gap(gap, run, on_return=gap not in broken)
                       for gap in dict.fromkeys((*broken, *healing)))
    chain = chain_of(row.path, run.spec.chain, chains)
    later = [item for item in operations if item.intended_s < run.timeline.ended_s
             and (item.done_s is None or item.done_s >= run.timeline.injected_s)]
    return PathView(
        row, None if chain is None else _prediction(row, chain, run.spec), shown_gaps,
        Cost(sum(gap.lower_s for gap in shown_gaps), sum(gap.upper_s for gap in shown_gaps)),
        dict(Counter(item.error or item.outcome.value for item in later
                     if item.outcome is not Outcome.OK).most_common()))


def _gap(gap: Gap, run: Recorded, *, on_return: bool) -> PathGap:
    return PathGap(gap.start_s - run.timeline.injected_s, gap.lower_s, gap.upper_s, gap.probes, on_return)


def _prediction(row: Row, chain: Chain, spec: Spec) -> Prediction:
    waits = " + ".join(f"{term.what} ({shown(round(term.upper_s, 3))})"
                       for term in chain.terms if term.upper_s)
    bounds = bounds_of(chain, lower_holds=spec.lower_holds)
    return Prediction(bounds.lower_s, bounds.upper_s, waits, agreement(row, bounds, spec.slow_s))


def _held(run: Recorded) -> tuple[Held, ...]:
    found = [Held(item.node, item.start_s - run.timeline.injected_s, item.end_s - run.timeline.injected_s)
             for node, samples in run.samples.items() for item in holdings(node, samples)
             if item.start_s <= item.end_s]
    return tuple(sorted(found, key=lambda item: item.start_s))


def _timers(run: Recorded, derivation: Derivation) -> tuple[TimerRow, ...]:
    if derivation.timers is not None:
        return explain(derivation.timers)
    return tuple(TimerRow(name, value, "", "", "", name in run.spec.cluster.overrides)
                 for name, value in run.spec.timers.items())


def without_infinity(value: object) -> object:
    """JSON has no infinity."""
    match value:
        case float():
            return None if math.isinf(value) else value
        case dict():
            return {key: without_infinity(item) for key, item in value.items()}
        case list() | tuple():
            return [without_infinity(item) for item in value]
        case _:
            return value
