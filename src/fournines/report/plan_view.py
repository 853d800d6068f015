"""A plan on the screen: waves, steps, nodes, reasons, diffs."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from fournines.blueprint.steps import On
from fournines.engine.plan import Action, FileChange, Plan, PlannedStep
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, count, line
from fournines.report.tables import show_findings

_HOW = {On.ROLLING: "one at a time", On.FIRST: "on one node"}
_DIFF_STYLES = {"+": GOOD, "-": BAD, "@": "cyan"}


def show_plan(console: Console, plan: Plan) -> None:
    """The whole plan; ends with what it amounts to."""
    for number, wave in enumerate(plan.waves, start=1):
        console.print(line((f"wave {number}", STRONG)))
        for step in wave.steps:
            _show_step(console, step)
    if plan.blocking:
        show_findings(console, plan.blocking)
        console.print(line(("nothing will be done", BAD), " while this is so"))
    else:
        nodes = len({action.node for action in plan.actions})
        console.print(f"{count(len(plan.actions), 'action')} on {count(nodes, 'node')} "
                      f"in {count(len(plan.waves), 'wave')}")


def _show_step(console: Console, step: PlannedStep) -> None:
    how = f" ({_HOW[step.on]})" if step.on in _HOW else ""
    _indented(console, line((step.name, STRONG), how, (f": {step.why}", QUIET)), 2)
    shown: set[tuple[tuple[str, ...], tuple[FileChange, ...]]] = set()
    for action in step.actions:
        _show_action(console, action, brief=(action.does, action.changes) in shown)
        shown.add((action.does, action.changes))


def _show_action(console: Console, action: Action, *, brief: bool) -> None:
    """``brief`` where the node before was to get the very same."""
    reason = action.reason.removeprefix(f"{action.node}: ")
    _indented(console, line((f"{action.node}  ", STRONG), reason), 4)
    if action.guard:
        _indented(console, line(("only if: ", DOUBTFUL), action.guard), 8)
    if brief:
        _indented(console, line(("the same as above", QUIET)), 8)
    else:
        for does in action.does:
            _indented(console, line((does, QUIET)), 8)
        for change in action.changes:
            _show_change(console, change)
    if action.gate:
        _indented(console, line(("then wait until: ", QUIET), action.gate), 8)


def _show_change(console: Console, change: FileChange) -> None:
    if change.secret and change.rewrites:
        _indented(console, line((f"{change.path}: a secret file, not shown", QUIET)), 8)
    for text in change.diff.splitlines():
        _indented(console, Text(text, style=_DIFF_STYLES.get(text[:1], "")), 10)


def _indented(console: Console, text: Text, columns: int) -> None:
    """Long lines hang on a terminal, and stay whole in a pipe."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, columns), expand=False))
    else:
        console.print(Text(" " * columns).append_text(text), soft_wrap=True)
