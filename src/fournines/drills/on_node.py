"""What is asked of a node to break something in it, to look whether it is broken, and to mend it. Pure.

The undo of such a fault is armed on the node first, as a transient timer of systemd: whatever becomes of the
computer that runs the drill, the fault ends.
"""

from __future__ import annotations

from fournines.blueprint.requests import Request, Run, Unit, UnitFacts, UnitProcesses
from fournines.drills.drill import Act, Direction, Effect
from fournines.drills.intervention import Intervention

TABLE = "fournines_drill"
COUNTER = "dropped"
TIMER_PREFIX = "fournines-drill-"
LATE_S = 30.0           # how much later than the drill itself the timer heals
TIMER_ACCURACY = "AccuracySec=1s"
_EMPTY_TABLE = f"add table inet {TABLE}; delete table inet {TABLE}"   # also where there was none


def requests(deed: Intervention) -> tuple[Request, ...]:
    """Those that carry it out. What mends does no harm where nothing is broken."""
    match deed.act:
        case Act.KILL | Act.HANG:
            return (_signal("KILL" if deed.act is Act.KILL else "STOP", deed.unit),)
        case Act.STOP | Act.RESTART:
            return (Unit(deed.act.value, deed.unit),)
        case Act.START:   # a unit that was killed too often is not started before it is forgiven
            return (Unit("reset-failed", deed.unit), Unit("start", deed.unit))
        case Act.CONTINUE:
            return (Run(by_itself(deed), check=False),)   # fails where no process is left to be continued
        case Act.DROP:
            return (Run(("nft", "-f", "-"), stdin=rules(deed)),)
        case Act.ACCEPT:
            return (Run(by_itself(deed)),)
    raise ValueError(f"{deed.act} is not done on a node")


def by_itself(undo: Intervention) -> tuple[str, ...]:
    """The one command with which the node undoes it when nobody else does."""
    match undo.act:
        case Act.CONTINUE:
            return _signal("CONT", undo.unit).argv
        case Act.START:
            return ("systemctl", "start", undo.unit)
        case Act.ACCEPT:
            return ("nft", _EMPTY_TABLE)
    raise ValueError(f"{undo.act} takes nothing away on a node")


def arm(undo: Intervention, after_s: float) -> Request:
    """Start the timer that undoes after ``after_s``."""
    return Run(("systemd-run", f"--unit={undo.timer}", f"--on-active={after_s:.0f}s",
                f"--timer-property={TIMER_ACCURACY}", "--collect",
                "--description=takes a fault of fournines drill away", "--", *by_itself(undo)))


def disarm(undo: Intervention) -> tuple[Request, ...]:
    """End the timer, also where it is over or never was; then tell whether it is there."""
    timer = f"{undo.timer}.timer"
    return (Run(("systemctl", "stop", timer), check=False), UnitFacts((timer,)))


def look(effect: Effect, deed: Intervention) -> tuple[Request, ...]:
    """What shows whether the fault is there, for ``effects.py``."""
    if effect is Effect.PACKETS_DROPPED:
        return (Run(("nft", "--json", "list", "counter", "inet", TABLE, COUNTER)),)
    return (UnitFacts((deed.unit,)), UnitProcesses(deed.unit))


def rules(deed: Intervention) -> str:
    """The drill's own table, in place of an older one of it; taken away as a whole, and never flushed."""
    peers = ", ".join(deed.peers)
    chains = [_chain("input", "saddr", peers)]
    if deed.direction is Direction.BOTH:
        chains.append(_chain("output", "daddr", peers))
    return (f"{_EMPTY_TABLE}\ntable inet {TABLE} {{\n counter {COUNTER} {{ }}\n" + "".join(chains) + "}\n")


def _chain(hook: str, field: str, peers: str) -> str:
    """Before connection tracking, so that established connections are hit too."""
    return (f" chain {hook} {{\n  type filter hook {hook} priority -300; policy accept;\n"
            f"  ip {field} {{ {peers} }} counter name {COUNTER} drop\n }}\n")


def _signal(name: str, unit: str) -> Run:
    return Run(("systemctl", "kill", f"--signal={name}", "--kill-who=all", "--", unit))
