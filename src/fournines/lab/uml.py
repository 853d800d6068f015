"""A machine made of User-Mode-Linux: a Linux kernel of its own as a process of this computer, from Debian's
``user-mode-linux``. For what needs a kernel: DRBD, a watchdog, and a power loss that loses unwritten pages.

What differs from a computer: one processor, starting a process takes about ten times as long, and what
its kernel handed to a disk survives the power loss (no disk's write cache is lost). A pulled cable passes
nothing, but its link light stays on. See https://docs.kernel.org/virt/uml/user_mode_linux_howto_v2.html.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from fournines.durable import write_durably
from fournines.errors import LabError
from fournines.lab.cgroups import ControlGroup
from fournines.lab.dial import dial
from fournines.lab.pids import ProcessId
from fournines.lab.places import LabPlaces
from fournines.lab.process import run
from fournines.lab.process_machine import ProcessMachine, script
from fournines.lab.state import MachineState
from fournines.lab.wires import Cables, fabric_socket

KERNEL = "/usr/bin/linux.uml"
MEMORY_MIB = 2048   # the most that it may use; what it does not touch costs nothing
# Its way in: a cable of its own to nobody but the namespace that it runs in, the same in each machine.
DOOR = "door"
DOOR_NEAR = "169.254.254.1/30"
DOOR_FAR = "169.254.254.2"
DOOR_PORT = 22022
KNOCK_TIMEOUT_S = 0.3
# What a machine is sent is cut into packets before: its kernel loses larger frames until it is told otherwise
# from inside (0.3 MB/s between two machines, 235 MB/s with this). What it sends may be large.
WHOLE_PACKETS = ("gso_max_segs", "1")
# A machine that restarted says so when it is next spoken to; one that is frozen is waited for.
LIVENESS = {"ServerAliveInterval": "2", "ServerAliveCountMax": "1000000"}
CREDENTIALS = struct.Struct("3i")   # struct ucred, see unix(7)


@dataclass(frozen=True, slots=True)
class Card:
    """A network card: ``near`` is the interface in the machine's namespace that it sends and receives on,
    ``name`` what it is called inside."""

    name: str
    near: str
    mac: str


@dataclass(frozen=True, slots=True)
class Start:
    """What ``uml_start.py`` is to do: ``links`` are arguments of ip(8), ``memory`` is the directory for what
    is the machine's memory, ``processor`` the one of this computer's that it runs on, ``kernel`` the
    command."""

    links: tuple[tuple[str, ...], ...]
    memory: str
    memory_mib: int
    processor: int
    kernel: tuple[str, ...]

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()


@dataclass(frozen=True, slots=True)
class Disks:
    """Of one machine: ``system`` is the image that ``own`` lies over, copied on write; ``seed`` is what makes
    it this machine when it first boots; ``data`` are the empty ones of its layers."""

    system: Path
    own: Path
    seed: Path
    data: tuple[Path, ...] = ()


class UmlMachine(ProcessMachine):
    """See ``driver.Machine``."""

    firmware_s = 25.0

    def __init__(self, lab: str, name: str, interfaces: Mapping[str, str], places: LabPlaces, cables: Cables,
                 disks: Disks) -> None:
        super().__init__(lab, name, interfaces, places.node(name), cables)
        self._lab_places = places
        self._disks = disks

    def _start(self, group: ControlGroup) -> MachineState:
        cards = cards_of(self._lab, self._name, self._interfaces)
        far = {interface: self._cables.cable(self._name, network)
               for network, interface in self._interfaces.items()}
        self._places.memory.mkdir(exist_ok=True)
        processor = processor_of(self._cables.number(self._name), os.sched_getaffinity(0))
        start = start_of(cards, far, self._cables.namespace, self._places.memory, self._disks, processor)
        write_durably(self._places.start, start.as_json())
        state = self._run(["unshare", "--net", "--pid", "--mount", "--propagation", "private", "--fork",
                           "--kill-child=KILL", "--", *script("uml_start"), str(self._places.start)],
                          group, {}, _sender)
        assert state.init is not None
        return MachineState(state.init, state.supervisor,
                            door=door_argv(self._name, state.init.pid, self._lab_places))

    def _may_be_up(self) -> bool:
        """Whether the door is there: asking is quick, a login is not."""
        init = self._state().init
        with suppress(OSError, LabError):
            if init is not None:
                with fabric_socket(Path(f"/proc/{init.pid}/ns/net")) as knock:
                    knock.settimeout(KNOCK_TIMEOUT_S)
                    knock.connect((DOOR_FAR, DOOR_PORT))
                    return knock.recv(4) == b"SSH-"
        return False

    def _ask_to_shut_down(self, init: ProcessId, timeout_s: float) -> None:
        run(self.enter_argv(["systemctl", "--no-block", "poweroff"]), timeout_s=timeout_s)


def cards_of(lab: str, name: str, interfaces: Mapping[str, str]) -> tuple[Card, ...]:
    """One for each network, then the door's. A card keeps its address over power cycles."""
    cards = [Card(interface, interface, _mac(lab, name, network))
             for network, interface in interfaces.items()]
    return (*cards, Card(DOOR, f"{DOOR}-far", _mac(lab, name, DOOR)))


def processor_of(number: int, usable: Iterable[int]) -> int:
    """The one that a lab's machine of this number stays on, of those that may be used. Its kernel and its
    processes never run at once: each fault of a process stops it for the kernel to act. On two processors
    each of these turns is a wake-up of the other one, and all takes two to four times as long."""
    found = sorted(usable)
    return found[number % len(found)]


def start_of(cards: Sequence[Card], far: Mapping[str, str], fabric: str, memory: Path, disks: Disks,
             processor: int) -> Start:
    """``far`` maps the near end of each cable to its end in the namespace ``fabric``. Both ends of the door's
    are in the machine's namespace, where no other machine can be; its card is on the far one. Near ends speak
    no protocol of their own."""
    ends = [*((card.near, far[card.near]) for card in cards[:-1]), (cards[-1].near, DOOR)]
    links: list[tuple[str, ...]] = [("link", "add", "name", near, "type", "veth", "peer", "name", other,
                                     *WHOLE_PACKETS) for near, other in ends]
    links += [("link", "set", near, "addrgenmode", "none", "up") for near, _ in ends]
    links += [("link", "set", other, "netns", fabric) for _, other in ends[:-1]]
    links += [("link", "set", DOOR, "addrgenmode", "none", "up"), ("address", "add", DOOR_NEAR, "dev", DOOR)]
    return Start(tuple(links), str(memory), MEMORY_MIB, processor, kernel_argv(memory, disks, cards))


def kernel_argv(memory: Path, disks: Disks, cards: Sequence[Card]) -> tuple[str, ...]:
    """The command that is the machine. What the kernel does not know goes to ``init`` as environment."""
    drives = [f"ubd0={disks.own},{disks.system}", f"ubd1r={disks.seed}"]
    drives += [f"ubd{number}={disk}" for number, disk in enumerate(disks.data, start=2)]
    network = [f"vec{number}:transport=raw,ifname={card.near},depth=128,mac={card.mac}"
               for number, card in enumerate(cards)]
    return (KERNEL, "umid=machine", f"uml_dir={memory}/", f"mem={MEMORY_MIB}M", *drives, *network,
            "con=null", "con0=null,fd:1", "root=/dev/ubda", "rw", "rootflags=noinit_itable",
            "init=/usr/lib/fournines-lab/init",
            f"lab_cards={','.join(card.name for card in cards)}", f"lab_door={DOOR_FAR}/30",
            "net.ifnames=0", "TERM=dumb")


def door_argv(name: str, init: int, places: LabPlaces) -> tuple[str, ...]:
    """The ssh that logs in through the door of the machine whose process 1 is ``init``. What it goes through
    is a process in the machine's namespaces, which dies with the machine: nobody waits for an answer."""
    through = ["nsenter", f"--target={init}", "--net", "--pid", *dial(DOOR_FAR, str(DOOR_PORT))]
    options = {"IdentityFile": str(places.key), "IdentitiesOnly": "yes", "BatchMode": "yes",
               "UserKnownHostsFile": str(places.known_hosts), "GlobalKnownHostsFile": "none",
               "StrictHostKeyChecking": "yes", "HostKeyAlias": name, "LogLevel": "ERROR",
               **LIVENESS,
               "ProxyCommand": shlex.join(through).replace("%", "%%"), "User": "root"}
    return ("ssh", "-F", "none", *(f"-o{key}={value}" for key, value in options.items()), name)


def _mac(lab: str, name: str, network: str) -> str:
    digest = hashlib.sha256(f"{lab} {name} {network}".encode()).digest()
    return ":".join(["02", *(f"{byte:02x}" for byte in digest[:5])])   # 02: locally administered


def _sender(notifications: socket.socket) -> ProcessId | None:
    """Who sent the notification: process 1 of the new namespaces, by its number here."""
    _, control, _, _ = notifications.recvmsg(64, socket.CMSG_SPACE(CREDENTIALS.size))
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return ProcessId.of(CREDENTIALS.unpack(data)[0])
    return None
