"""An apply as it happens: what has been done stays on the screen, what is under way moves below it.

In a pipe the same as plain lines. Shows events, decides nothing.
"""

from __future__ import annotations

import sys
import time
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fournines.engine.events import (
    CARRIED_OUT,
    ActionBegan,
    ActionDone,
    ActionFailed,
    ActionSkipped,
    ActionWaiting,
    ApplyBegan,
    ApplyEnded,
    CheckBegan,
    CheckWaiting,
    Event,
    StepBegan,
    StepSkipped,
)
from fournines.report.console import (
    BAD,
    DOUBTFUL,
    GOOD,
    QUIET,
    STRONG,
    count,
    line,
    plain_screen,
    screen,
    seconds,
)

_REFRESHES_PER_S = 4
_CHECK = ("the whole cluster", "check")


class ApplyView:
    """Shows events while it is entered."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or (screen() if sys.stdout.isatty() else plain_screen())
        self._running: dict[tuple[str, str], tuple[float, str]] = {}
        self._live = Live(get_renderable=self.under_way, console=self._console, transient=True,
                          refresh_per_second=_REFRESHES_PER_S) if self._console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def tell(self, event: Event) -> None:
        """Show one event."""
        match event:
            case ApplyBegan():
                self._began(event)
            case StepBegan() if self._live is None:
                self._console.print(line((event.step, STRONG), (f": {event.why}", QUIET)))
            case ActionBegan():
                self._running[event.step, event.node] = (time.monotonic(), event.reason)
            case ActionWaiting():
                self._waiting(event)
            case ActionDone():
                self._settled(event.step, event.node, line(("done", GOOD), f" in {seconds(event.seconds)}"))
            case ActionSkipped():
                self._settled(event.step, event.node, line(("skipped", QUIET), f": {event.because}"))
            case ActionFailed():
                self._settled(event.step, event.node, line(("failed", BAD), f": {event.problem}"))
                self._console.print(line(("      hint: ", DOUBTFUL), event.hint))
            case StepSkipped():
                self._console.print(line(f"  {event.step} ", ("skipped", QUIET), f": {event.because}"))
            case CheckBegan():
                self._check_began(event)
            case CheckWaiting():
                self._check_waits(event)
            case ApplyEnded():
                self._ended(event)

    def _began(self, event: ApplyBegan) -> None:
        if event.resumes:
            self._console.print(line((f"note: {event.resumes}; going on", DOUBTFUL)))
        if event.actions:
            self._console.print(f"{event.cluster}: {count(event.actions, 'action')}")

    def _waiting(self, event: ActionWaiting) -> None:
        began, _ = self._running.get((event.step, event.node), (time.monotonic(), ""))
        self._running[event.step, event.node] = (began, f"waiting: {event.last_seen}")
        if self._live is None:
            self._console.print(line(f"  {event.node} {event.step} ", ("waits", DOUBTFUL),
                                     f" (up to {seconds(event.timeout_s)}): {event.last_seen}"))

    def _settled(self, step: str, node: str, how: Text) -> None:
        self._running.pop((step, node), None)
        self._console.print(line(f"  {node} {step} ").append_text(how))

    def _check_began(self, event: CheckBegan) -> None:
        self._running[_CHECK] = (time.monotonic(), f"judging {count(event.invariants, 'invariant')}")

    def _check_waits(self, event: CheckWaiting) -> None:
        began, _ = self._running[_CHECK]
        self._running[_CHECK] = (began, f"waiting: {event.last_seen}")
        if self._live is None:
            self._console.print(line("check ", ("waits", DOUBTFUL), f" (up to {seconds(event.timeout_s)}): "
                                                                    f"{event.last_seen}"))

    def _ended(self, event: ApplyEnded) -> None:
        self._running.clear()
        for wrong in event.missing:
            self._console.print(line(("not whole: ", BAD), wrong))
        if event.missing:
            self._console.print(line(("hint: ", DOUBTFUL), "'fournines verify' says what to do about it"))
        if event.outcome == "done" and not event.done:
            self._console.print(line(("nothing to do", GOOD), ": everything is as the cluster file says"))
            return
        style = {"done": GOOD, "interrupted": DOUBTFUL}.get(event.outcome, BAD)
        counts = [f"{number} {what}" for number, what in
                  ((event.done, "done"), (event.already, "already so"), (event.failed, "failed"),
                   (event.skipped, "not begun")) if number]
        took = f" in {seconds(event.seconds)}: {', '.join(counts) or 'nothing to do'}"
        self._console.print(line((event.outcome, style), took))
        if event.outcome not in CARRIED_OUT:
            self._console.print("what was done stays done; the same apply goes on from here")

    def under_way(self) -> Table:
        """What moves: a line for each action that has begun and not settled."""
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
        now = time.monotonic()
        for (step, node), (began, state) in self._running.items():
            table.add_row(Text(f"{now - began:5.0f} s", style=QUIET), Text(node, style=STRONG), Text(step),
                          Text(state, style=QUIET, overflow="ellipsis", no_wrap=True))
        return table
