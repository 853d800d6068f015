"""What is asked of a node to break something in it, to look whether it is broken, and to mend it. Pure.

The undo of such a fault is armed on the node first, as a transient timer of systemd: whatever becomes of the
computer that runs the drill, the fault ends.
"""

from __future__ import annotations

from collections.abc import Iterable

from fournines.blueprint.requests import Request, Run, Unit, UnitFacts, UnitProcesses, WriteFile
from fournines.drills.drill import Act, Direction, Effect
from fournines.drills.intervention import Intervention

TABLE = "fournines_drill"
COUNTER = "dropped"
TIMER_PREFIX = "fournines-drill-"
LATE_S = 30.0           # how much later than the drill itself the timer heals
TIMER_ACCURACY = "AccuracySec=1s"
FILLER = ".fournines-drill-filler"
FILL_TIMEOUT_S = 60.0
START_TIMEOUT_S = 120.0
CLUSTER_TIMEOUT_S = 60.0   # tools of Pacemaker's and DRBD's on a busy node
TIME_UNIT = "chrony.service"
UNLIMITED = {"MemoryMax": "infinity"}   # CPUQuota is taken away by an empty value
# Scripts of sh(1): what a node does by itself has to be one command. Their arguments never are part of them.
# A unit that was killed too often is not started before it is forgiven. One that systemd does not start at
# boot is Pacemaker's, which may have it elsewhere by now.
_START = ('systemctl reset-failed -- "$1" 2>/dev/null; '
          '! systemctl is-enabled --quiet -- "$1" || systemctl start -- "$1"')
_RELEASE = ('systemctl set-property --runtime -- "$1" "$2" && { systemctl reset-failed -- "$1"; '
            '! systemctl is-enabled --quiet -- "$1" || '
            'systemctl start --no-block -- "$1"; }')   # it may have been killed too often meanwhile
_RESTORE = ('rm -f -- "$1" && systemctl daemon-reload && systemctl reset-failed -- "$2"; verb=restart; '
            'systemctl is-enabled --quiet -- "$2" || verb=try-restart; systemctl "$verb" --no-block -- "$2"')
_INTERFACE = "$(ip -o -4 address show to \"$1\" | awk '{print $2; exit}')"
_DELAY = (f'tc qdisc add dev "{_INTERFACE}" root netem delay "$2" || '
          '{ echo "needs a capability: no netem in the kernel of this node" >&2; exit 1; }')
_HURRY = ('for a; do set -- "$a"; '
          f'tc qdisc del dev "{_INTERFACE}" root netem 2>/dev/null; done; true')
_FILL = ('[ "$(findmnt -n -o TARGET -T "$1")" != / ] || '
         '{ echo "needs a capability: $1 is on no file system of its own, and the root\'s is not filled" >&2;'
         ' exit 1; }; '
         f'fallocate -l "$(df --output=avail -B1 -- "$1" | tail -n 1)" -- "$1/{FILLER}"')
_CORRECT_CLOCK = 'systemctl start -- "$1" && sleep 2 && chronyc makestep'
_THROTTLED = ('cat "/sys/fs/cgroup/system.slice/$1/cpu.stat" "/sys/fs/cgroup/cpu/system.slice/$1/cpu.stat" '
              '"/sys/fs/cgroup/cpu,cpuacct/system.slice/$1/cpu.stat" 2>/dev/null | grep nr_throttled')
# Of an address that is on a network of the node's own, a route to itself alone comes first.
_UNREACH = 'for a; do ip route replace unreachable "$a/32"; done'
_REACH = 'for a; do ip route del unreachable "$a/32" 2>/dev/null; done; true'
_DETACH = ("drbdadm", "detach", "--force", "all")
_ATTACH = ("drbdadm", "adjust", "all")   # attaches what is detached, and leaves the rest
FORGIVE = Run(("crm_resource", "--cleanup"), timeout_s=CLUSTER_TIMEOUT_S)
_EMPTY_TABLE = f"add table inet {TABLE}; delete table inet {TABLE}"   # also where there was none


def requests(deed: Intervention) -> tuple[Request, ...]:
    """Those that carry it out. What mends does no harm where nothing is broken."""
    match deed.act:
        case Act.KILL | Act.HANG:
            return (_signal("KILL" if deed.act is Act.KILL else "STOP", deed.unit),)
        case Act.STOP | Act.RESTART:
            return (Unit(deed.act.value, deed.unit),)
        case Act.START:
            return (Run(by_itself(deed), timeout_s=START_TIMEOUT_S),)
        case Act.CONTINUE:
            return (Run(by_itself(deed), check=False),)   # fails where no process is left to be continued
        case Act.DROP | Act.LOSE | Act.SWALLOW:
            return (Run(("nft", "-f", "-"), stdin=rules(deed)),)
        case Act.LIMIT:
            return (Run(("systemctl", "set-property", "--runtime", "--", deed.unit, deed.setting)),)
        case Act.MISCONFIGURE:   # whether it starts with that, the drill finds out: nobody waits for it
            return (WriteFile(drop_in(deed.unit), f"[Service]\n{deed.setting}\n".encode()),
                    Unit("daemon-reload"), Run(("systemctl", "restart", "--no-block", "--", deed.unit)))
        case Act.DELAY:
            return tuple(Run(("sh", "-c", _DELAY, "sh", address, f"{deed.amount}ms"))
                         for address in deed.addresses)
        case Act.FILL:
            return (Run(("sh", "-c", _FILL, "sh", deed.setting), timeout_s=FILL_TIMEOUT_S),)
        case Act.SET_CLOCK:
            return (Unit("stop", TIME_UNIT), Run(("date", f"--set=now + {deed.amount} seconds")))
        case Act.STANDBY:
            return (Run(("crm_standby", "--update", "on"), timeout_s=CLUSTER_TIMEOUT_S),)
        case Act.DETACH:
            return (Run(_DETACH, timeout_s=CLUSTER_TIMEOUT_S),)
        case Act.UNREACH:
            return (Run(("sh", "-c", _UNREACH, "sh", *deed.addresses)),)
        case Act.ONLINE | Act.ATTACH:
            return (Run(by_itself(deed), timeout_s=CLUSTER_TIMEOUT_S),)
        case Act.REACH | Act.ACCEPT | Act.RELEASE | Act.RESTORE | Act.HURRY | Act.EMPTY | Act.CORRECT_CLOCK:
            return (Run(by_itself(deed)),)
    raise ValueError(f"{deed.act} is not done on a node")


def by_itself(undo: Intervention) -> tuple[str, ...]:
    """The one command with which the node undoes it when nobody else does."""
    match undo.act:
        case Act.CONTINUE:
            return _signal("CONT", undo.unit).argv
        case Act.START:
            return ("sh", "-c", _START, "sh", undo.unit)
        case Act.ACCEPT:
            return ("nft", _EMPTY_TABLE)
        case Act.RELEASE:
            name = undo.setting.partition("=")[0]
            return ("sh", "-c", _RELEASE, "sh", undo.unit, f"{name}={UNLIMITED.get(name, '')}")
        case Act.RESTORE:
            return ("sh", "-c", _RESTORE, "sh", drop_in(undo.unit), undo.unit)
        case Act.HURRY:
            return ("sh", "-c", _HURRY, "sh", *undo.addresses)
        case Act.EMPTY:
            return ("rm", "-f", "--", f"{undo.setting}/{FILLER}")
        case Act.ONLINE:
            return ("crm_standby", "--delete")
        case Act.ATTACH:
            return _ATTACH
        case Act.REACH:
            return ("sh", "-c", _REACH, "sh", *undo.addresses)
        case Act.CORRECT_CLOCK:
            return ("sh", "-c", _CORRECT_CLOCK, "sh", TIME_UNIT)
    raise ValueError(f"{undo.act} takes nothing away on a node")


def drop_in(unit: str) -> str:
    """Gone with the next boot, whatever becomes of the drill."""
    return f"/run/systemd/system/{unit}.d/90-fournines-drill.conf"


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
    match effect:
        case Effect.IS_MISCONFIGURED:
            return (Run(("systemctl", "show", "--property=DropInPaths", "--value", "--", deed.unit)),)
        case Effect.IS_THROTTLED:
            return (Run(("sh", "-c", _THROTTLED, "sh", deed.unit)),)
        case Effect.PACKETS_DELAYED:
            return (Run(("tc", "-s", "qdisc", "show")),)
        case Effect.IS_FULL:
            return (Run(("df", "--output=pcent", "--", deed.setting)),)
        case Effect.CLOCK_IS_WRONG:
            return (Run(("date", "+%s")),)
        case Effect.IS_STANDBY:
            return (Run(("crm_standby", "--query", "--quiet"), check=False, timeout_s=CLUSTER_TIMEOUT_S),)
        case Effect.IS_DISKLESS:
            return (Run(("cat", "/proc/drbd")),)
        case Effect.NO_ROUTE:
            return (Run(("ip", "-4", "route", "show", "type", "unreachable")),)
    if effect is Effect.PACKETS_DROPPED:
        return (Run(("nft", "--json", "list", "counter", "inet", TABLE, COUNTER)),)
    return (UnitFacts((deed.unit,)), UnitProcesses(deed.unit))


def rules(deed: Intervention) -> str:
    """The drill's own table, in place of an older one of it; taken away as a whole, and never flushed."""
    if deed.act is Act.SWALLOW:
        chains = [_chain("input", "daddr", deed.addresses, f"{deed.setting} ")]
    else:
        chance = f"numgen random mod 100 < {deed.amount} " if deed.act is Act.LOSE else ""
        chains = [_chain("input", "saddr", deed.peers, chance)]
        if deed.direction is Direction.BOTH:
            chains.append(_chain("output", "daddr", deed.peers, chance))
    return (f"{_EMPTY_TABLE}\ntable inet {TABLE} {{\n counter {COUNTER} {{ }}\n" + "".join(chains) + "}\n")


def _chain(hook: str, field: str, addresses: Iterable[str], which: str) -> str:
    """Before connection tracking, so that established connections are hit too. ``which`` of the packets:
    empty for all."""
    return (f" chain {hook} {{\n  type filter hook {hook} priority -300; policy accept;\n"
            f"  ip {field} {{ {', '.join(addresses)} }} {which}counter name {COUNTER} drop\n }}\n")


def _signal(name: str, unit: str) -> Run:
    return Run(("systemctl", "kill", f"--signal={name}", "--kill-who=all", "--", unit))
