"""/proc/drbd of DRBD 8.4, whose ``drbdsetup`` has no status in JSON: the same as ``drbd_status`` reads, by
minor numbers. DRBD 9 says its version there and nothing else. Read only.

Source: DRBD 8.4 User's Guide, "Status information in /proc/drbd".
"""

from __future__ import annotations

import re
from dataclasses import replace

from fournines.artifacts.document import Complain, refuse
from fournines.artifacts.drbd_status import Document, Peer, Resource
from fournines.errors import Unparsable

FORMAT = "/proc/drbd"
_DEVICE = re.compile(r"[ \t]*(?P<minor>[0-9]{1,7}): cs:(?P<rest>.*)")
_STATES = re.compile(r"(?P<connection>\w+)[ \t]+ro:(?P<role>\w+)/(?P<peer_role>\w+)[ \t]+"
                     r"ds:(?P<disk>\w+)/(?P<peer_disk>\w+)(?:[ \t].*)?")
_OUT_OF_SYNC = re.compile(r"[ \t]+ns:[0-9]+[ \t].*\boos:(?P<kib>[0-9]{1,18})")
UNCONFIGURED = "Unconfigured"


def parse(text: str, complain: Complain = refuse) -> Document:
    """The devices that are up, each as a resource ``minor N`` with its one peer."""
    found: list[Resource] = []
    for number, line in enumerate(text.split("\n"), 1):
        device, behind = _DEVICE.fullmatch(line), _OUT_OF_SYNC.match(line)
        if behind and found:
            (peer,) = found[-1].peers
            found[-1] = replace(found[-1], peers=(replace(peer, out_of_sync_kib=int(behind["kib"])),))
        if device is None or device["rest"] == UNCONFIGURED:
            continue
        states = _STATES.fullmatch(device["rest"])
        if states is None:
            complain(Unparsable(FORMAT, number, "a device without its states"))
            continue
        found.append(Resource(
            f"minor {device['minor']}", states["role"], (states["disk"],),
            (Peer("the other node", states["connection"], states["peer_role"], (states["peer_disk"],)),)))
    return Document(tuple(found))
