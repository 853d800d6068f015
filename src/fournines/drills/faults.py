"""Every kind of fault, each complete: what is done, what takes it away, what it needs, how it is seen."""

from __future__ import annotations

from fournines.drills.drill import Act, Capability, Direction, Effect, Fault, Target


def power_off(target: Target) -> Fault:
    """The machine loses its power."""
    return Fault(Act.POWER_OFF, Act.POWER_ON, target, frozenset({Capability.POWER}), Effect.IS_OFF)


def freeze(target: Target) -> Fault:
    """The machine executes nothing, and keeps its addresses and connections."""
    return Fault(Act.FREEZE, Act.THAW, target, frozenset({Capability.FREEZE}), Effect.IS_FROZEN)


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
