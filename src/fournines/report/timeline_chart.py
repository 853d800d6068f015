"""The timeline of a run as pictures: a small SVG for each client path and for each node, on one time axis.

The SVG holds shapes only and is stretched to whatever width there is; all words stand beside it in the page,
at positions in percent. So the same picture is legible on a phone, on a wide screen and on paper, and needs
no JavaScript. What a shape is, is said by its class; colours are the style sheet's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fournines.drills.breakdown import Step
from fournines.drills.checkers.gaps import good
from fournines.drills.checkers.owners import silences
from fournines.drills.operation import Operation, Outcome
from fournines.drills.recorded import Recorded
from fournines.drills.schedule import Window
from fournines.drills.settings import in_time_s
from fournines.report.run_view import RunView

WIDTH, HEIGHT = 1000, 100     # of the drawing; what they are on a screen the page decides
FLOOR_S = 0.001               # the bottom of the logarithmic scale of latencies
TOP = 28                      # above it are the lanes
LANES = {"failed": 0, "unknown": 9, "slow": 18}
LANE_HEIGHT = 7
MOST_TICKS = 7
NEAR_PERCENT = 2.0            # two numbers nearer than that cannot be told apart
_STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Mark:
    """Words beside a picture: where (in percent of its width or height), and what."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture with its name, what it shows in words, and the marks of its own scale."""

    name: str
    svg: Markup
    words: str
    scale: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """``events`` are numbered, from 1, on the axis and in the list beside it. ``steps`` have an axis of their
    own, ``step_ticks``, from the fault to the end of the last of them."""

    ticks: tuple[Mark, ...]
    events: tuple[Mark, ...]
    paths: tuple[Panel, ...]
    holders: tuple[Panel, ...]
    steps: tuple[Panel, ...]
    step_ticks: tuple[Mark, ...]


class Axis:
    """Seconds from the fault -> x."""

    def __init__(self, start_s: float, end_s: float) -> None:
        self.start_s, self.end_s = start_s, max(end_s, start_s + 1.0)

    def x(self, moment_s: float) -> float:
        inside_s = min(max(moment_s, self.start_s), self.end_s)
        return round(WIDTH * (inside_s - self.start_s) / (self.end_s - self.start_s), 1)

    def percent(self, moment_s: float) -> float:
        return round(100 * self.x(moment_s) / WIDTH, 2)

    def ticks(self) -> tuple[Mark, ...]:
        """A few round moments."""
        length_s = self.end_s - self.start_s
        step_s = next((step for step in _STEPS_S if length_s / step <= MOST_TICKS), _STEPS_S[-1])
        first, last = math.ceil(self.start_s / step_s), math.floor(self.end_s / step_s)
        return tuple(Mark(self.percent(number * step_s), f"{number * step_s:+d} s" if number else "0 s")
                     for number in range(first, last + 1))


def chart(run: Recorded, view: RunView) -> Chart:
    """All panels of a run."""
    moments = view.moments
    axis = Axis(moments.began_s, moments.ended_s)
    steps_axis = Axis(0.0, max((step.ended_s for step in view.steps), default=0.0))
    top_s = _top_s(run.history.operations)
    windows = _windows(axis, view)
    return Chart(axis.ticks(), _events(axis, view),
                 tuple(_path_panel(run, view, number, axis, top_s, windows)
                       for number in range(len(view.paths))),
                 tuple(_holder_panel(run, view, node, axis, windows) for node in view.nodes),
                 tuple(_step_panel(step, steps_axis) for step in view.steps), steps_axis.ticks())


def _events(axis: Axis, view: RunView) -> tuple[Mark, ...]:
    """Those that would stand on one another share a number."""
    moments = view.moments
    end = ("the cluster is whole again" if moments.whole_s is not None
           else "the drill stops waiting; the cluster was not seen to be whole again")
    found: list[Mark] = []
    happened = [*((deed.injected_s, f"{deed.what}, {deed.target}") for deed in view.deeds),
                *((deed.undone_s, f"{deed.undo}, {deed.target}") for deed in view.deeds)]
    for moment_s, what in (*sorted(happened), (moments.ended_s, end)):
        at, text = axis.percent(moment_s), f"{moment_s:.1f} s: {what}"
        if found and at - found[-1].at < NEAR_PERCENT:
            found[-1] = Mark(found[-1].at, f"{found[-1].text}; {text}")
        else:
            found.append(Mark(at, text))
    return tuple(found)


def _windows(axis: Axis, view: RunView) -> str:
    """While any fault was there, and while the cluster became whole after it."""
    shapes, healed_s = "", 0.0
    for deed in sorted(view.deeds, key=lambda deed: deed.injected_s):
        if shapes and deed.injected_s > healed_s:
            shapes += _rect(axis, "healing", healed_s, deed.injected_s)
        if deed.undone_s > healed_s:
            shapes += _rect(axis, "fault", max(deed.injected_s, healed_s), deed.undone_s)
            healed_s = deed.undone_s
    return shapes + _rect(axis, "healing", healed_s, view.moments.ended_s)


def _path_panel(run: Recorded, view: RunView, number: int, axis: Axis, top_s: float, windows: str) -> Panel:
    path = view.paths[number]
    zero_s, slow_s = run.timeline.injected_s, in_time_s(path.row.path, run.spec.slow_s)
    operations = [item for item in run.history.of(path.row.path)
                  if axis.start_s <= item.intended_s - zero_s <= axis.end_s]
    kinds: dict[str, list[tuple[float, int]]] = {}
    for item in operations:
        kinds.setdefault(_kind(item, slow_s), []).append(
            (axis.x(item.intended_s - zero_s), _height(item, top_s)))
    bars = "".join(_bars(kind, kinds[kind]) for kind in _SAID if kind in kinds)
    lines = "".join(_line("grid", _y(level_s, top_s)) for level_s in _decades(top_s) if level_s != slow_s)
    lines += _line("limit", _y(slow_s, top_s))
    gaps = "".join(_rect(axis, "gap", gap.start_s, gap.start_s + gap.lower_s) for gap in path.gaps)
    words = (f"{path.row.path}: {len(operations)} requests; "
             + ", ".join(f"{len(kinds.get(kind, ()))} {said}" for kind, said in _SAID.items()))
    return Panel(path.row.path, _svg(HEIGHT, windows + gaps + lines + bars), words,
                 tuple(Mark(_y(level_s, top_s), _level(level_s)) for level_s in _decades(top_s)))


_SAID = {"good": "answered in time", "slow": "answered too late", "unknown": "with an unknown outcome",
         "failed": "refused"}


def _kind(item: Operation, slow_s: float) -> str:
    if good(item, slow_s):
        return "good"
    return {Outcome.OK: "slow", Outcome.FAIL: "failed", Outcome.UNKNOWN: "unknown"}[item.outcome]


def _line(kind: str, y: int) -> str:
    return f'<path class="{kind}" d="M0 {y}H{WIDTH}"/>'


def _bars(kind: str, places: Sequence[tuple[float, int]]) -> str:
    """A bar for each request up to its latency, and above it, where it was not good, a tick in its lane."""
    bars = "".join(f"M{x:g} {HEIGHT}V{y}" for x, y in places)
    drawn = f'<path class="{kind}" d="{bars}"/>'
    if kind in LANES:
        ticks = "".join(f"M{x:g} {LANES[kind]}v{LANE_HEIGHT}" for x, _ in places)
        drawn += f'<path class="{kind} lane" d="{ticks}"/>'
    return drawn


def _height(item: Operation, top_s: float) -> int:
    return TOP if item.latency_s is None else _y(item.latency_s, top_s)


def _y(latency_s: float, top_s: float) -> int:
    """On a logarithmic scale from the floor to ``top_s``."""
    share = math.log(max(latency_s, FLOOR_S) / FLOOR_S) / math.log(top_s / FLOOR_S)
    return round(HEIGHT - min(share, 1.0) * (HEIGHT - TOP))


def _top_s(operations: Iterable[Operation]) -> float:
    """The power of ten, of at least ten seconds, that no latency exceeds."""
    worst_s = max((item.latency_s or 0.0 for item in operations), default=0.0)
    return float(10 ** max(1, math.ceil(math.log10(max(worst_s, 1.0)))))


def _decades(top_s: float) -> tuple[float, ...]:
    return tuple(FLOOR_S * 10 ** power for power in range(1, round(math.log10(top_s / FLOOR_S)) + 1))


def _level(level_s: float) -> str:
    return f"{level_s:g} s" if level_s >= 1 else f"{level_s * 1000:g} ms"


def _holder_panel(run: Recorded, view: RunView, node: str, axis: Axis, windows: str) -> Panel:
    """When the node certainly held the address, and when it did not speak."""
    zero_s = run.timeline.injected_s
    held = [item for item in view.held if item.node == node]
    unseen = silences(run.samples.get(node, ()), Window(axis.start_s + zero_s, axis.end_s + zero_s))
    shapes = windows + "".join(_rect(axis, "unseen", item.start_s - zero_s, item.end_s - zero_s)
                               for item in unseen)
    shapes += "".join(_rect(axis, "held", item.start_s, item.end_s) for item in held)
    said = _times("was seen to hold", view.address, [(item.start_s, item.end_s) for item in held])
    blind = _times("did not say whether it holds", view.address,
                   [(item.start_s - zero_s, item.end_s - zero_s) for item in unseen])
    return Panel(node, _svg(10, shapes), f"{node} {said or f'was never seen to hold {view.address}'}"
                                         f"{blind and f'; it {blind}'}")


def _step_panel(step: Step, axis: Axis) -> Panel:
    """When Pacemaker was at it."""
    return Panel(step.what, _svg(10, _rect(axis, "step", step.began_s, step.ended_s)),
                 f"{step.what} on {step.node} from {step.began_s:.1f} to {step.ended_s:.1f} s")


def _times(what: str, address: str, spans_s: Sequence[tuple[float, float]]) -> str:
    """Empty where there are none. Seconds from the fault."""
    said = " and ".join(f"from {start_s:.1f} to {end_s:.1f} s" for start_s, end_s in spans_s)
    return said and f"{what} {address} {said}"


def _rect(axis: Axis, kind: str, start_s: float, end_s: float) -> str:
    """As high as the picture; never so narrow that it cannot be seen."""
    x, width = axis.x(start_s), axis.x(end_s) - axis.x(start_s)
    return f'<rect class="{kind}" x="{x:g}" y="0" width="{max(width, 1.5):g}" height="100%"/>'


def _svg(height: int, shapes: str) -> Markup:
    """Only numbers and the names of classes are in it. The page gives it its words."""
    return Markup(f'<svg viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" aria-hidden="true" '  # noqa: S704
                  f'focusable="false">{shapes}</svg>')
