"""Recovery times on the screen: each chain with its sum against the goal, its steps, and where each value
stands."""

from __future__ import annotations

from rich.console import Console

from fournines.audit.timing.analysis import RecoveryTimes
from fournines.audit.timing.chain import Chain, Standing, Step
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, count, line

_STYLES = {Standing.OVER: BAD, Standing.LEFT: DOUBTFUL, Standing.UNKNOWN: DOUBTFUL, Standing.WITHIN: GOOD}


def show_recovery_times(console: Console, found: RecoveryTimes) -> None:
    """Worst first; the deciding route of each chain in full, then whatever is unknown on the others."""
    for chain in found.chains:
        standing = chain.standing(found.goal_s)
        console.print(line((chain.name, STRONG), f": {_total(chain)}: ", (standing, _STYLES[standing])))
        for step in chain.longest:
            _show_step(console, step)
        for step in chain.unknowns:
            if step not in chain.longest:
                _show_step(console, step)
        if standing is Standing.LEFT:
            console.print(line((f"  {found.goal_s - chain.waits_s:g} s of the goal are left for its actions",
                                QUIET)))
    goal = f"{found.goal_s:g} s ({found.stated})" if found.stated else \
        f"{found.goal_s:g} s (ours: no cluster file and no --recover-within states one)"
    standings = ", ".join(f"{len(chains)} {standing}" for standing in Standing
                          if (chains := found.of(standing)))
    console.print(line(("goal ", STRONG), f"{goal}; {count(len(found.chains), 'chain')}"
                       + (f": {standings}" if standings else ": no component with timers was found")))


def _total(chain: Chain) -> str:
    if chain.unknowns:
        return f"at least {chain.waits_s:g} s"
    if not chain.allowed_s:
        return f"up to {chain.waits_s:g} s"
    return f"up to {chain.waits_s:g} s of waits, and actions that may take {chain.allowed_s:g} s"


def _show_step(console: Console, step: Step) -> None:
    if step.upper_s is None:
        console.print(line(f"  {'?':>9}    {step.what}: ", (f"unknown: {step.unknown}", DOUBTFUL)))
        return
    formula = f" = {step.formula}" if step.formula != f"{step.upper_s:g} s" else ""
    of = " (given up after that; how long it takes no file says)" if step.allowed else ""
    console.print(line(f"  {round(step.upper_s, 3):>9g} s  {step.what}", (formula + of, QUIET)))
    for value in step.values:
        console.print(line((f"               {value.shown}  {value.origin}", QUIET)))
