"""Who answers for the VIP: an ARP request from the clients' own network, and every station that replies.

That two nodes hold an address may harm nobody for long; that two *answer* for it does at once. Needs a raw
socket, and a network that the address is in.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from fournines.drills.operation import Outcome
from fournines.drills.workloads.workload import Answer

LISTEN_S = 0.15
ETH_P_ARP, REQUEST, REPLY = 0x0806, 1, 2
_BROADCAST = b"\xff" * 6
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_HEADER = 14


@dataclass(slots=True)
class ArpWorkload:
    """See ``workload.Workload``. ``result`` are the stations that replied, joined by commas."""

    host: str
    path: str
    period_s: float
    op: str = "who has"
    _kept: socket.socket | None = None

    async def start(self) -> None:
        """Nothing that others have to wait for."""

    async def attempt(self, value: str) -> Answer:
        """See ``workload.Workload``."""
        sent_s = time.monotonic()
        try:
            link = await self._link()
        except (OSError, ValueError) as problem:
            return Answer(Outcome.UNKNOWN, None, f"cannot ask: {type(problem).__name__}")
        wanted = socket.inet_aton(self.host)
        mine = link.getsockname()[4]
        loop = asyncio.get_running_loop()
        stations: set[str] = set()
        try:
            link.send(_BROADCAST + mine + struct.pack("!H", ETH_P_ARP) + _ARP.pack(
                1, 0x0800, 6, 4, REQUEST, mine, b"\0" * 4, b"\0" * 6, wanted))   # a probe, as RFC 5227 has it
            async with asyncio.timeout(LISTEN_S):
                while True:
                    frame = await loop.sock_recv(link, 2048)
                    if station := _station(frame, wanted):
                        stations.add(station)
        except TimeoutError:
            pass
        except OSError as problem:
            return Answer(Outcome.UNKNOWN, sent_s, f"cannot ask: {type(problem).__name__}")
        if not stations:
            return Answer(Outcome.FAIL, sent_s, "nobody answered")
        return Answer(Outcome.OK, sent_s, result=",".join(sorted(stations)))

    async def finish(self) -> None:
        """Close the socket."""
        if self._kept is not None:
            self._kept.close()

    async def _link(self) -> socket.socket:
        if self._kept is None:
            self._kept = await asyncio.to_thread(_open, self.host)
        return self._kept


def _station(frame: bytes, wanted: bytes) -> str:
    """The hardware address in a reply about the address that is wanted; empty for every other frame."""
    if len(frame) < _HEADER + _ARP.size:
        return ""
    *_, operation, hardware, protocol, _, _ = _ARP.unpack_from(frame, _HEADER)
    return hardware.hex(":") if operation == REPLY and protocol == wanted else ""


def _open(host: str) -> socket.socket:
    """On the interface whose own network the address is in. Raises ValueError where there is none."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
    try:
        link.bind((interface_to(IPv4Address(host), Path("/proc/net/route").read_text()), ETH_P_ARP))
    except BaseException:
        link.close()
        raise
    link.setblocking(False)
    return link


def interface_to(address: IPv4Address, routes: str) -> str:
    """From the kernel's table of routes: hexadecimal, in the byte order of the machine."""
    for line in routes.splitlines()[1:]:
        name, destination, gateway, *_, mask, _, _, _ = line.split()
        network, bits = (int.from_bytes(bytes.fromhex(word)[::-1], "big") for word in (destination, mask))
        if int(gateway, 16) == 0 and bits and int(address) & bits == network:
            return name
    raise ValueError(f"{address} is in no network of this computer")
