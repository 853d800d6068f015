"""Drill and Fault: what is broken, where, for how long, and how one knows that it was; all of it data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """Something that can be done to a node. Those to a machine and its cables are verbs of
    ``lab/driver.py``; the others are requests to the node, see ``on_node.py``."""

    POWER_OFF = "power_off"
    POWER_ON = "power_on"
    FREEZE = "freeze"
    THAW = "thaw"
    THROTTLE = "throttle"   # a share of one processor for all that the machine does
    UNTHROTTLE = "unthrottle"
    CUT = "cut"             # pull the cables to some networks
    PLUG_IN = "plug_in"
    KILL = "kill"           # SIGKILL to every process of a unit
    HANG = "hang"           # SIGSTOP to every process of a unit
    CONTINUE = "continue"
    STOP = "stop"           # the orderly way, as an operator does
    START = "start"
    RESTART = "restart"
    DROP = "drop"           # packets of the other controllers, by a table of the drill's own
    ACCEPT = "accept"
    SWALLOW = "swallow"     # what comes to one of its ports, without a word to whoever sent it
    LOSE = "lose"           # a share of those packets, by chance
    DELAY = "delay"         # whatever leaves by the interfaces of some networks
    HURRY = "hurry"         # no delay any more
    LIMIT = "limit"         # what a unit may have of the processor or of memory
    RELEASE = "release"
    MISCONFIGURE = "misconfigure"   # a drop-in for a unit, and a restart
    RESTORE = "restore"
    FILL = "fill"           # the file system that a directory is on
    EMPTY = "empty"
    SET_CLOCK = "set_clock"
    CORRECT_CLOCK = "correct_clock"
    STANDBY = "standby"     # Pacemaker moves everything away, as for maintenance
    ONLINE = "online"
    DETACH = "detach"       # the disks below the node's side of every volume, as a disk that fails
    ATTACH = "attach"
    UNREACH = "unreach"     # no route to the devices that fence
    REACH = "reach"


MACHINE_ACTS = frozenset({Act.POWER_OFF, Act.POWER_ON, Act.FREEZE, Act.THAW, Act.THROTTLE, Act.UNTHROTTLE})
CABLE_ACTS = frozenset({Act.CUT, Act.PLUG_IN})


class Capability(StrEnum):
    """What the place where the machines are must be able to do, and may."""

    POWER = "power"
    FREEZE = "freeze"
    THROTTLE = "throttle"
    CABLES = "cables"
    PROCESSES = "processes"   # signals to, and orders about, units of a node
    PACKETS = "packets"       # rules in a node's packet filter
    DELAYS = "delays"         # netem in a node's kernel
    SETTINGS = "settings"     # drop-ins for units, which restart them
    LIMITS = "limits"         # a unit's share of processor and memory, by its control group
    DISKS = "disks"           # filling a file system that holds nothing but data
    CLOCK = "clock"           # setting a node's clock
    CLUSTER = "cluster"       # what an operator may tell Pacemaker and DRBD
    ROUTES = "routes"         # of a node's kernel


BEYOND_A_LAB = frozenset({Capability.DELAYS, Capability.LIMITS, Capability.DISKS, Capability.CLOCK})
"""What machines of a lab lack: their kernel, clock and file system are their computer's, and their systemd
has no controllers to limit a unit with."""


class Target(StrEnum):
    """Which machine is hit; found out when the drill begins, from what the nodes say."""

    VIP_HOLDER = "vip-holder"
    DATABASE_WRITER = "database-writer"
    CACHE_IN_USE = "cache-in-use"
    QUEUE_LEADER = "queue-leader"   # the broker that leads the queue of the drill's own publisher
    API = "api"                     # the node on which Pacemaker runs the APIs; any, where all do
    NETWORK = "network-controller"  # the node on which it runs Neutron's agents
    ARBITRATOR = "arbitrator"       # the node that runs nothing and votes
    ONE = "one"                     # any controller, chosen by the seed
    OTHER = "other"                 # any that does not hold the service address, chosen by the seed; of a
                                    # fault beside the first, any that the first does not hit
    OTHERS = "others"               # all of those: of a fault beside the first

    @property
    def is_drawn(self) -> bool:
        """Whether the seed decides; of the APIs, where every node runs them."""
        return self in (Target.ONE, Target.OTHER, Target.API)


class Direction(StrEnum):
    """Which packets between the target and the other controllers are dropped."""

    HEARD = "heard"   # those that it would hear; what it says is heard
    BOTH = "both"


class Effect(StrEnum):
    """What has to be seen before the fault counts as having taken effect."""

    IS_OFF = "is off"                       # the driver says so, and the node falls silent
    IS_FROZEN = "is frozen"                 # the driver says so, and the node falls silent
    HAS_NO_LINK = "has no link"             # the kernel says so of every cable that was cut
    PROCESSES_GONE = "processes gone"       # none of those that ran before is there any more
    PROCESSES_STOPPED = "processes stopped"   # every one is in state T, and it is those that ran before
    IS_INACTIVE = "is inactive"             # systemd says so, or has others for it
    PACKETS_DROPPED = "packets dropped"     # the counter of the drill's rule has moved
    PACKETS_DELAYED = "packets delayed"     # the queue that delays has sent packets
    IS_THROTTLED = "is throttled"           # the kernel has made the unit wait for its share
    IS_SLOW = "is slow"                     # the same of the machine
    IS_MISCONFIGURED = "is misconfigured"   # the unit runs, or tries to, with the drill's drop-in
    IS_FULL = "is full"                     # the file system says so
    CLOCK_IS_WRONG = "clock is wrong"       # by about as much as was asked
    IS_STANDBY = "is in standby"            # Pacemaker says so
    IS_DISKLESS = "is diskless"             # DRBD says so
    NO_ROUTE = "has no route"               # the kernel says so


SILENCING = frozenset({Effect.IS_OFF, Effect.IS_FROZEN})
"""Effects after which nothing on the machine speaks any more."""

MENDED_BY_PACEMAKER = SILENCING | {Effect.PROCESSES_STOPPED}
"""Effects that do not last where Pacemaker runs things: it fences, which ends with a boot, and stops what
does not answer its monitor."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault without its undo does not exist. ``undo`` must do no harm where the fault did not happen.

    ``unit`` is whose processes are hit; ``networks`` whose cables are cut (none: all), or whose packets are
    dropped, in ``direction`` and of so many ``peers`` (0: of all others). ``amount`` is per cent of packets,
    milliseconds of delay or seconds of clock, ``setting`` a property of a unit, the lines of a drop-in, a
    directory, or a port. ``faults.py`` has one function for each kind.
    """

    inject: Act
    undo: Act
    target: Target
    needs: frozenset[Capability]
    effect: Effect
    unit: str = ""
    networks: tuple[str, ...] = ()
    direction: Direction | None = None
    peers: int = 0
    amount: int = 0
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Drill:
    """``name`` is what one types. Times in seconds: watch ``baseline_s`` with nothing broken, then
    ``observe_s`` with the fault, heal, and give the cluster ``converge_s`` to become whole again.

    ``layer`` has to be in the cluster file for the target to exist, in that ``pattern`` if one is given, and
    ``service`` among those of it that not every such cluster has. ``chain`` is what the timers' chains call
    this failure, empty where they have none; ``lower_holds`` says whether the target is the one that the
    chains suppose, so that their lower bounds hold too. ``beside`` is a second fault, made just before the
    first and there as long.
    ``then`` is one that is made when the first has just been taken away and the cluster is still becoming
    whole, ``then_layer`` the layer of its target. ``rolling``: the same fault on each of the other
    controllers too, in turns, each when the cluster is whole. ``blocks``: nothing may be served while the
    fault is there (no write, where a node is left alone), for whoever served then would not know that he is
    the only one; the promise counts from when it is taken away. ``beyond``: more is lost at once than the
    promise is about, so that no gap is too long which ends. ``mended``: the node itself ends the fault while
    it is watched, so that it is looked at once only.
    """

    @property
    def needs(self) -> frozenset[Capability]:
        """What has to be possible where it is run."""
        return frozenset().union(*(each.needs for each in self.faults))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All of them, in the order in which they are made."""
        return tuple(each for each in (self.beside, self.fault, self.then) if each is not None)

    @property
    def is_orderly(self) -> bool:
        """Whether nothing fails: things are stopped or restarted as for maintenance."""
        return all(fault.inject in (Act.STOP, Act.RESTART) for fault in self.faults)

    name: str
    summary: str
    fault: Fault
    baseline_s: float = 10.0
    observe_s: float = 20.0
    converge_s: float = 180.0
    slow_s: float = 1.0     # an answer that takes longer was, to its client, not there
    layer: str = ""
    pattern: str = ""
    service: str = ""
    chain: str = ""
    lower_holds: bool = True
    then: Fault | None = None
    then_layer: str = ""
    beside: Fault | None = None
    rolling: bool = False
    blocks: bool = False
    beyond: bool = False
    mended: bool = False

    def as_data(self) -> dict[str, object]:
        """What it does, as plain data for ``drill list --json``."""
        fault = self.fault
        return {"summary": self.summary, "target": fault.target.value, "inject": fault.inject.value,
                "undo": fault.undo.value, "effect": fault.effect.value, "unit": fault.unit,
                "networks": list(fault.networks), "needs": sorted(self.needs), "layer": self.layer,
                "pattern": self.pattern, "service": self.service, "predicted_by": self.chain,
                "amount": fault.amount, "setting": fault.setting, "then_layer": self.then_layer,
                "then": _second(self.then), "beside": _second(self.beside), "rolling": self.rolling,
                "blocks": self.blocks, "beyond": self.beyond, "mended": self.mended}


def _second(fault: Fault | None) -> dict[str, object] | None:
    return None if fault is None else {"inject": fault.inject.value, "target": fault.target.value,
                                       "unit": fault.unit}
