"""Every kind of fault, each complete: what is done, what takes it away, what it needs, how it is seen."""

from __future__ import annotations

from fournines.drills.drill import Act, Capability, Direction, Effect, Fault, Target


def power_off(target: Target) -> Fault:
    """The machine loses its power."""
    return Fault(Act.POWER_OFF, Act.POWER_ON, target, frozenset({Capability.POWER}), Effect.IS_OFF)


def freeze(target: Target) -> Fault:
    """The machine executes nothing, and keeps its addresses and connections."""
    return Fault(Act.FREEZE, Act.THAW, target, frozenset({Capability.FREEZE}), Effect.IS_FROZEN)


def throttle(target: Target, percent: int) -> Fault:
    """The machine gets this share of one processor and no more: it is slow, and not silent."""
    return Fault(Act.THROTTLE, Act.UNTHROTTLE, target, frozenset({Capability.THROTTLE}), Effect.IS_SLOW,
                 amount=percent)


def cut(target: Target, *networks: str) -> Fault:
    """The cables to these networks are pulled; without a name, all of them."""
    return Fault(Act.CUT, Act.PLUG_IN, target, frozenset({Capability.CABLES}), Effect.HAS_NO_LINK,
                 networks=networks)


def kill(target: Target, unit: str) -> Fault:
    """Every process of the unit is killed; systemd may start it again. The undo is for where it does not."""
    return Fault(Act.KILL, Act.START, target, frozenset({Capability.PROCESSES}), Effect.PROCESSES_GONE, unit)


def hang(target: Target, unit: str) -> Fault:
    """Every process of the unit stands still: the kernel still accepts for it, and nobody answers."""
    return Fault(Act.HANG, Act.CONTINUE, target, frozenset({Capability.PROCESSES}), Effect.PROCESSES_STOPPED,
                 unit)


def stop(target: Target, unit: str) -> Fault:
    """The unit is stopped in good order, as for maintenance."""
    return Fault(Act.STOP, Act.START, target, frozenset({Capability.PROCESSES}), Effect.IS_INACTIVE, unit)


def restart(target: Target, unit: str) -> Fault:
    """The unit is restarted in good order."""
    return Fault(Act.RESTART, Act.START, target, frozenset({Capability.PROCESSES}), Effect.PROCESSES_GONE,
                 unit)


def drop(target: Target, direction: Direction, *networks: str) -> Fault:
    """On these networks (all, without a name) packets between the target and the other controllers are
    dropped: every link stays up, and clients reach everybody."""
    return Fault(Act.DROP, Act.ACCEPT, target, frozenset({Capability.PACKETS}), Effect.PACKETS_DROPPED,
                 networks=networks, direction=direction)


def drop_of_one(target: Target, *networks: str) -> Fault:
    """No packet passes between the target and one other controller; both hear everybody else."""
    return Fault(Act.DROP, Act.ACCEPT, target, frozenset({Capability.PACKETS}), Effect.PACKETS_DROPPED,
                 networks=networks, direction=Direction.BOTH, peers=1)


def lose(target: Target, percent: int, *networks: str) -> Fault:
    """This share of the packets between the target and the other controllers is lost by chance, both ways.
    """
    return Fault(Act.LOSE, Act.ACCEPT, target, frozenset({Capability.PACKETS}), Effect.PACKETS_DROPPED,
                 networks=networks, direction=Direction.BOTH, amount=percent)


def swallow(target: Target, port: int) -> Fault:
    """What comes to a TCP port of the target's own addresses vanishes, established connections included: no
    kernel refuses it, and nobody answers."""
    return Fault(Act.SWALLOW, Act.ACCEPT, target, frozenset({Capability.PACKETS}), Effect.PACKETS_DROPPED,
                 setting=f"tcp dport {port}")


def delay(target: Target, milliseconds: int, *networks: str) -> Fault:
    """Whatever the target sends on these networks arrives so much later."""
    return Fault(Act.DELAY, Act.HURRY, target, frozenset({Capability.DELAYS}), Effect.PACKETS_DELAYED,
                 networks=networks, amount=milliseconds)


def starve(target: Target, unit: str, percent: int) -> Fault:
    """The unit gets this share of one processor and no more."""
    return Fault(Act.LIMIT, Act.RELEASE, target, frozenset({Capability.LIMITS}), Effect.IS_THROTTLED, unit,
                 setting=f"CPUQuota={percent}%")


def no_memory(target: Target, unit: str, megabytes: int) -> Fault:
    """The unit may have so little memory that the kernel kills it."""
    return Fault(Act.LIMIT, Act.RELEASE, target, frozenset({Capability.LIMITS}), Effect.PROCESSES_GONE,
                 unit, setting=f"MemoryMax={megabytes}M")


def misconfigure(target: Target, unit: str, lines: str) -> Fault:
    """The unit is restarted with these lines in its ``[Service]``; ``{vip}`` stands for the address."""
    return Fault(Act.MISCONFIGURE, Act.RESTORE, target, frozenset({Capability.SETTINGS}),
                 Effect.IS_MISCONFIGURED, unit, setting=lines)


def read_only(target: Target, unit: str, directory: str) -> Fault:
    """The unit finds its data on a read-only file system when it starts, as after a bad disk's reboot."""
    return misconfigure(target, unit, f"ReadOnlyPaths={directory}")


def fill(target: Target, directory: str) -> Fault:
    """The file system of the directory has no byte left. It must hold nothing but data, so that nothing but
    the service is hit."""
    return Fault(Act.FILL, Act.EMPTY, target, frozenset({Capability.DISKS}), Effect.IS_FULL,
                 setting=directory)


def set_clock(target: Target, seconds: int) -> Fault:
    """Time synchronization is stopped, and the clock jumps."""
    return Fault(Act.SET_CLOCK, Act.CORRECT_CLOCK, target, frozenset({Capability.CLOCK}),
                 Effect.CLOCK_IS_WRONG, amount=seconds)


def standby(target: Target) -> Fault:
    """An operator takes everything off the node."""
    return Fault(Act.STANDBY, Act.ONLINE, target, frozenset({Capability.CLUSTER}), Effect.IS_STANDBY)


def detach(target: Target) -> Fault:
    """The disks below the node's side of every volume are gone."""
    return Fault(Act.DETACH, Act.ATTACH, target, frozenset({Capability.CLUSTER}), Effect.IS_DISKLESS)


def unreach_fencing(target: Target) -> Fault:
    """The node's way to every fencing device is gone; nothing else is."""
    return Fault(Act.UNREACH, Act.REACH, target, frozenset({Capability.ROUTES}), Effect.NO_ROUTE)
