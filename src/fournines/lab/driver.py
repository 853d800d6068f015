"""Machine: the verbs of a lab machine, whatever it is made of: ``nspawn.py`` or ``uml.py``."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class Power(StrEnum):
    """What a machine is doing."""

    ON = "on"
    OFF = "off"
    FROZEN = "frozen"   # on, and executing nothing
    STARTING = "starting"   # on, and in its firmware: no system runs yet

    @property
    def runs(self) -> bool:
        """Whether there is a system, which may stand still."""
        return self in (Power.ON, Power.FROZEN)


class Machine(Protocol):
    """One machine. Its state is on disk and in the kernel, none in the object: any process of this computer
    may hold one. All verbs do nothing when the machine already is as asked. They raise ``LabError`` or
    ``CommandFailed``, and block: call them with ``asyncio.to_thread`` where something else goes on."""

    @property
    def name(self) -> str: ...

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that it has a cable to."""
        ...

    @property
    def power(self) -> Power: ...

    @property
    def firmware_s(self) -> float:
        """How long its firmware takes after it was fenced: longer than the others need to take over, as that
        of a server does (one to three minutes)."""
        ...

    def power_on(self) -> None:
        """Returns once its init runs and its cables are plugged in (those that were cut stay cut); without
        the time that a firmware takes."""
        ...

    def enter_firmware(self) -> str:
        """As if its power button was pressed: it is on, and no system runs yet. What is returned is for
        ``boot``, the same for one that starts already; empty where a system runs."""
        ...

    def boot(self, start: str) -> None:
        """Its firmware is done. Nothing happens where it has lost its power since ``enter_firmware``."""
        ...

    def wait_up(self, timeout_s: float = 120.0) -> None:
        """Returns once one can log in. Raises ``GateTimeout``."""
        ...

    def power_off(self) -> None:
        """Loss of power: gone between two instructions, no farewell reaches a peer."""
        ...

    def shut_down(self, timeout_s: float = 120.0) -> None:
        """The orderly way: services are stopped, then it is off. Raises ``GateTimeout``."""
        ...

    def freeze(self) -> None:
        """A hang: it executes nothing, keeps its addresses and connections, and answers nobody."""
        ...

    def thaw(self) -> None: ...

    def throttle(self, percent: int) -> None:
        """It gets this share of one processor and no more, as on a host that has promised too much; 0: as
        much as there is. A power cycle ends it. Raises ``LabError`` where this computer cannot."""
        ...

    @property
    def throttled(self) -> int:
        """How often it has had to wait for its share; 0 where it has all."""
        ...

    def cut(self, network: str) -> None:
        """Pull the cable; stays pulled over a power cycle."""
        ...

    def heal(self, network: str) -> None:
        """Plug it in again."""
        ...

    def has_link(self, network: str) -> bool:
        """Whether the machine is on and its cable to that network is plugged in."""
        ...

    def enter_argv(self, argv: Sequence[str] = ()) -> tuple[str, ...]:
        """The command, run on this computer, that runs ``argv`` (none: a shell) as root on the machine, past
        its network. As a prefix it stays good over power cycles."""
        ...

    def console(self, lines: int = 0) -> str:
        """What it wrote to its console, over all boots; the last ``lines`` (0: all)."""
        ...
