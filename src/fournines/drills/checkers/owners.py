"""Had an address two owners at any instant? A sweep over what every node saw of itself. Pure.

A sample says whether the node held the address at a moment that is known only to lie in [lo_s, hi_s] on the
common clock. Between two samples that both say so it is taken to have held it all along, if they are close
enough, or the node was told of every change and there was none: a machine that is starved speaks rarely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from fournines.drills.operation import Operation, Outcome
from fournines.drills.schedule import Window
from fournines.drills.verdict import Verdict

SILENCE_S = 1.0   # without a sample, a node's holdings are not known
# Nor after this where it was told of every change: it may have stood still, and then it holds nothing.
STARVED_S = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """At some moment in [lo_s, hi_s] the node held the address, or did not. ``quiet``: as it has all along
    since its sample before."""

    lo_s: float
    hi_s: float
    holds: bool
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """The node certainly held the address from ``start_s`` to ``end_s``."""

    node: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Clash:
    """Two nodes certainly held the address at the same time."""

    nodes: tuple[str, str]
    start_s: float
    end_s: float


def holdings(node: str, samples: Sequence[Sample]) -> tuple[Holding, ...]:
    """The times for which the samples prove that the node held the address."""
    found: list[Holding] = []
    run: list[Sample] = []
    for sample in sorted(samples, key=lambda item: item.lo_s):
        if run and (not sample.holds or sample.lo_s - run[-1].lo_s > _patience_s(sample.quiet)):
            found.append(_holding(node, run))
            run = []
        if sample.holds:
            run.append(sample)
    return tuple([*found, _holding(node, run)] if run else found)


def _holding(node: str, run: Sequence[Sample]) -> Holding:
    """From when the first sample was certainly taken to when the last may have been: where the clock is too
    uncertain for one sample alone, this is empty (it ends before it starts) and proves nothing."""
    return Holding(node, run[0].hi_s, run[-1].lo_s)


def clashes(samples: Mapping[str, Sequence[Sample]]) -> tuple[Clash, ...]:
    """Every time that two nodes provably held the address together, in order."""
    held = {node: [item for item in holdings(node, of_node) if item.start_s <= item.end_s]
            for node, of_node in samples.items()}
    found = []
    for one, other in combinations(sorted(held), 2):
        for mine in held[one]:
            for theirs in held[other]:
                start_s, end_s = max(mine.start_s, theirs.start_s), min(mine.end_s, theirs.end_s)
                if start_s <= end_s:
                    found.append(Clash((one, other), start_s, end_s))
    return tuple(sorted(found, key=lambda clash: clash.start_s))


def silences(samples: Sequence[Sample], window: Window) -> tuple[Window, ...]:
    """The times in the window of which the samples tell nothing."""
    inside = sorted((item.lo_s, item.quiet) for item in samples if item.lo_s in window)
    moments = [(window.start_s, False), *inside, (window.end_s, False)]
    return tuple(Window(start_s, end_s) for (start_s, _), (end_s, quiet) in pairwise(moments)
                 if end_s - start_s > _patience_s(quiet))


def _patience_s(quiet: bool) -> float:
    """How far a sample may be from that before it."""
    return STARVED_S if quiet else SILENCE_S


def was_held(samples: Mapping[str, Sequence[Sample]]) -> bool:
    """Whether any node was ever seen to hold the address."""
    return any(item.holds for of_node in samples.values() for item in of_node)


def one_owner(address: str, samples: Mapping[str, Sequence[Sample]], window: Window,
              excused: Mapping[str, Window], off_s: Mapping[str, float] | None = None) -> Verdict:
    """Whether never two nodes held the address. ``excused`` are nodes that could not speak for a time because
    of the fault itself (it was off, and held nothing). ``off_s`` is when others knew of a node that it was
    off, by fencing: from then on it held nothing until it spoke again. Who is silent while all others say
    that they do not hold the address is nobody's rival."""
    question = f"never two owners of {address}"
    if not was_held(samples):
        return Verdict(question, None, "nobody was seen to hold it")
    found = clashes(samples)
    if found:
        longest = max(found, key=lambda clash: clash.end_s - clash.start_s)
        return Verdict(question, False,
                       f"{longest.nodes[0]} and {longest.nodes[1]} both had it, at least for "
                       f"{longest.end_s - longest.start_s:.2f} s", tuple(map(str, found)))
    dumb = [f"{node} for {silence.end_s - silence.start_s:.1f} s" for node, of_node in samples.items()
            for silence in silences(of_node, window) if not _covers(excused.get(node), silence)
            and _had_a_rival(node, _on_in(silence, (off_s or {}).get(node)), samples, window)]
    if dumb:
        return Verdict(question, None, f"not seen: {', '.join(dumb)}")
    return Verdict(question, True, f"seen to within {_resolution_s(samples):.2f} s")


def _covers(excuse: Window | None, silence: Window) -> bool:
    slack_s = SILENCE_S
    return (excuse is not None and silence.start_s >= excuse.start_s - slack_s
            and silence.end_s <= excuse.end_s + slack_s)


def _on_in(silence: Window, off_s: float | None) -> Window:
    """The part of the silence in which the node may have run."""
    return Window(silence.start_s, off_s) if off_s is not None and off_s in silence else silence


def _had_a_rival(node: str, meanwhile: Window, samples: Mapping[str, Sequence[Sample]],
                 window: Window) -> bool:
    """Whether one of the other nodes may have held the address then: it said so, or was silent too."""
    for of_other in (of_node for other, of_node in samples.items() if other != node):
        before = max((item for item in of_other if item.lo_s < meanwhile.start_s),
                     key=lambda item: item.lo_s, default=None)
        said = [item for item in of_other if item.hi_s >= meanwhile.start_s and item.lo_s < meanwhile.end_s]
        if any(item.holds for item in (*said, *([before] if before else []))):
            return True
        if any(silence.start_s < meanwhile.end_s and silence.end_s > meanwhile.start_s
               for silence in silences(of_other, window)):
            return True
    return False


def _resolution_s(samples: Mapping[str, Sequence[Sample]]) -> float:
    """The usual distance of two samples, and how uncertain their moment is."""
    steps = sorted(later.lo_s - earlier.lo_s for of_node in samples.values()
                   for earlier, later in pairwise(of_node))
    doubt_s = max((item.hi_s - item.lo_s for of_node in samples.values() for item in of_node), default=0.0)
    return (steps[len(steps) // 2] if steps else 0.0) + doubt_s


def one_answers(address: str, operations: Sequence[Operation]) -> Verdict:
    """Whether never two stations answered the same ARP request for the address. That two nodes hold it may
    harm nobody for a time; that two answer does."""
    question = f"never two stations answer for {address}"
    heard = [(item, item.result.split(",")) for item in operations if item.outcome is Outcome.OK]
    doubles = [(item, stations) for item, stations in heard if len(stations) > 1]
    if doubles:
        item, stations = doubles[0]
        return Verdict(question, False, f"{' and '.join(stations)} both did, {len(doubles)} times of "
                                        f"{len(heard)}", (f"first at {item.intended_s:.2f} s",))
    if not heard:
        return Verdict(question, None, "no request was answered")
    return Verdict(question, True, f"{len(heard)} of {len(operations)} requests were answered, by one each")


@dataclass(frozen=True, slots=True)
class View:
    """At some moment in [lo_s, hi_s] the node said that it was in this primary component; empty: in none."""

    lo_s: float
    hi_s: float
    view: str


def one_component(views: Mapping[str, Sequence[View]], apart_s: float) -> Verdict:
    """Whether the database was never in two primary components. ``views``: node -> what it said. Members
    notice a change of view at different moments, so two views count only when both were certainly held for
    longer than ``apart_s``, which Galera may take to give a member up: one that was hung goes on in its old
    view, though it can commit nothing there, until it has done so too."""
    question = "the database is never in two primary components"
    if not any(views.values()):
        return Verdict(question, None, "no node said in which component it was")
    held = [holding for node, of_node in views.items()
            for holding in _stays(node, of_node, apart_s)]
    for one, other in combinations(held, 2):
        together_s = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
        if one.view != other.view and together_s > apart_s:
            return Verdict(question, False, f"{one.node} was in {one.view} and {other.node} in {other.view} "
                                            f"for {together_s:.1f} s")
    return Verdict(question, True, f"seen to within {apart_s:g} s")


@dataclass(frozen=True, slots=True)
class _Stay:
    node: str
    view: str
    start_s: float
    end_s: float


def _stays(node: str, views: Sequence[View], apart_s: float) -> list[_Stay]:
    found: list[_Stay] = []
    for item in sorted(views, key=lambda each: each.lo_s):
        last = found[-1] if found else None
        if last and last.view == item.view and item.lo_s - last.end_s <= apart_s:
            found[-1] = replace(last, end_s=item.lo_s)
        else:
            found.append(_Stay(node, item.view, item.hi_s, item.lo_s))
    return [stay for stay in found if stay.view]
