#!/usr/bin/python3
"""DRBD's devices on this node: tells about them, and makes them where nothing is that could be lost.

    drbd_device.py facts            a JSON object: each device by name, see ``facts_of``
    drbd_device.py create NAME      writes DRBD's metadata to its disk, if that is blank from end to end
    drbd_device.py up NAME          attaches and connects it
    drbd_device.py adjust NAME      puts its configuration in force while it is in use
    drbd_device.py first NAME       makes this node's side the one that the other is filled from; once ever
    drbd_device.py format NAME      makes its file system, if the device is blank from end to end
    drbd_device.py split NAME keep|discard     after split brain: this side's data stay, or are replaced

Every refusal says what was found. Shipped as /usr/lib/fournines/drbd_device.py; standard library only.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.append("/usr/lib/fournines/python")   # see shipped_library.py
from fournines.layers.node.disk_content import Refused, file_system, holds, in_use, make_file_system, tool

SETTINGS = "/etc/fournines/storage.json"
STATE = "/proc/drbd"
JUST_CREATED = "0000000000000004"   # UUID_JUST_CREATED of DRBD: metadata that has never been in use
# On the way to a connection: DRBD 8.4 User's Guide, connection states.
_CONNECTING = ("Unconnected", "Timeout", "BrokenPipe", "NetworkFailure", "ProtocolError", "TearDown",
               "WFConnection", "WFReportParams")
_SETTING = re.compile(r'^[ \t]*([a-z0-9-]+)[ \t]+"?([^;"{\n]*)"?;', re.MULTILINE)
_OUT_OF_SYNC = re.compile(r" oos:(\d+)")
_LINE = re.compile(r"^ *(\d+): cs:(\S+)(?: ro:([^/ ]+)/(\S+) ds:([^/ ]+)/(\S+))?")


# --------------------------------------------------------------------------------------- what the kernel says


def states(text: str) -> dict[int, dict[str, str]]:
    """Minor -> connection, role, peer_role, disk, peer_disk, in DRBD's own words, and out_of_sync in KiB:
    what the other side has not got, or not yet. From /proc/drbd of 8.4."""
    found: dict[int, dict[str, str]] = {}
    state: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            names = ("connection", "role", "peer_role", "disk", "peer_disk")
            state = dict(zip(names, (part or "" for part in match.groups()[1:]), strict=True))
            found[int(match[1])] = state
        elif out_of_sync := _OUT_OF_SYNC.search(line):
            state["out_of_sync"] = out_of_sync[1]
    return found


def generations(text: str) -> list[str]:
    """The four generation identifiers: current, bitmap, and two of the history; from ``drbdadm get-gi``.
    The last bit of each only says whether the node is primary, and is cleared."""
    first = next((line for line in text.splitlines() if line.count(":") >= 4), "")
    return [f"{int(word, 16) & ~1:016X}" for word in first.split(":")[:4] if word]


def settings(text: str) -> dict[str, str]:
    """Keyword -> value, of net and disk sections alike; from ``drbdsetup show --show-defaults``."""
    return dict(_SETTING.findall(text))


def kernel_state() -> dict[int, dict[str, str]]:
    """Of every device that the kernel has; empty while its module is not loaded."""
    try:
        return states(Path(STATE).read_text())
    except FileNotFoundError:
        return {}


# --------------------------------------------------------------------------------------------------- the acts


def facts_of(name: str, minor: int, disk: str, kernel: dict[int, dict[str, str]]) -> dict[str, object]:
    """``holds`` of its disk, ``used`` (its metadata were ever in use), its generations, its file system, and
    what the kernel says, with the settings in force; ``connection`` is empty where it is not up."""
    state = kernel.get(minor, {})
    facts: dict[str, object] = {
        "holds": "", "used": False, "generations": [], "filesystem": "", "settings": {},
        **dict.fromkeys(("connection", "role", "peer_role", "disk", "peer_disk"), ""), "out_of_sync": "0",
        **state}
    if state.get("connection") == "Unconfigured":
        facts["connection"] = ""
    if facts["connection"]:
        facts["settings"] = settings(tool("drbdsetup", "show", "--show-defaults", name, check=False))
    try:
        facts["holds"] = "DRBD metadata" if facts["disk"] not in ("", "Diskless") else holds(disk)
        if facts["holds"] == "DRBD metadata":
            facts["generations"] = found = generations(tool("drbdadm", "get-gi", name, check=False))
            facts["used"] = bool(found) and found[0] != JUST_CREATED
            facts["filesystem"] = file_system(disk)
    except (OSError, Refused) as error:
        facts["holds"] = facts["holds"] or f"unknown: {error}"
    return facts


def create(name: str, disk: str) -> None:
    """Metadata, on a disk that is proven to be blank at this moment."""
    user = in_use(disk)
    if user:
        raise Refused(f"{disk} is in use: {user}")
    found = holds(disk)
    if found != "blank":
        raise Refused(f"{disk} holds {found}: nothing was written")
    print(f"{disk} is blank: writing DRBD's metadata of {name}")
    tool("drbdadm", "create-md", name)


def up(name: str) -> None:
    """Attached and connected, as its configuration says."""
    tool("modprobe", "drbd")
    tool("drbdadm", "adjust", name)


def adjust(name: str, facts: dict[str, object]) -> None:
    """Never where the two sides were parted: they would talk again, and each may have data of its own. Nor
    where a disk was detached: it would be attached again, and may have failed."""
    if facts["connection"] in ("", "StandAlone") or facts["disk"] == "Diskless":
        raise Refused(f"{name} is {facts['connection'] or 'not up'}, its disk {facts['disk'] or 'unknown'}: "
                      "nothing was changed")
    tool("drbdadm", "adjust", name)


def once_connected(look: Callable[[], dict[str, object]], within_s: float = 30.0) -> dict[str, object]:
    """What is told once the two talk, or at the end of that time: busy nodes lose each other for a moment."""
    deadline = time.monotonic() + within_s
    while (facts := look())["connection"] in _CONNECTING and time.monotonic() < deadline:
        time.sleep(0.2)
    return facts


def first(name: str, facts: dict[str, object]) -> None:
    """Only where neither side was ever in use, by both sides' own words: the other is asked by DRBD itself,
    which shows a side with data as anything but Inconsistent."""
    wanted = {"used": False, "connection": "Connected", "disk": "Inconsistent", "peer_disk": "Inconsistent"}
    wrong = [f"{key} is {facts[key]}" for key, value in wanted.items() if facts[key] != value]
    if wrong:
        raise Refused(f"{name} is not new on both sides: {', '.join(wrong)}")
    print(f"{name} is new on both sides: the other is filled from this one")
    tool("drbdadm", "primary", "--force", name)
    tool("drbdadm", "secondary", name)


def format_device(name: str, device: str, kind: str) -> None:
    """A file system, on a device that is proven to be blank at this moment."""
    tool("drbdadm", "primary", name)
    try:
        # No discards: below DRBD they are slow or nothing.
        make_file_system(device, kind, *(["-K"] if kind == "xfs" else []))
    finally:
        until_closed(name)


def until_closed(name: str, within_s: float = 10.0) -> None:
    """Secondary again; udev looks at a device that was just written, and holds it for a moment."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            tool("drbdadm", "secondary", name)
        except Refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def split(name: str, facts: dict[str, object], choice: str) -> None:
    """One end of a resolution. A side whose data are discarded must not be in use, and asks the other for
    all blocks that differ; it can only be made to while the two do not talk."""
    if facts["connection"] not in ("StandAlone", "WFConnection"):
        raise Refused(f"{name} is not split: it is {facts['connection'] or 'not up'}")
    if choice == "discard":
        if facts["role"] != "Secondary":
            raise Refused(f"{name} is {facts['role']} here: stop what uses it first")
        tool("drbdadm", "disconnect", name, check=False)
        tool("drbdadm", "connect", "--discard-my-data", name)
    elif facts["connection"] == "StandAlone":
        tool("drbdadm", "connect", name)


def main(arguments: Sequence[str]) -> None:
    """One of the verbs above."""
    settings = json.loads(Path(SETTINGS).read_text(encoding="utf-8"))
    devices = {each["name"]: each for each in settings["devices"]}
    if list(arguments) == ["facts"]:
        kernel = kernel_state()
        print(json.dumps({name: facts_of(name, each["minor"], each["disk"], kernel)
                          for name, each in devices.items()}))
        return
    if len(arguments) < 2 or arguments[1] not in devices:
        raise SystemExit("say facts, or create, up, adjust, first, format or split and one of "
                         + ", ".join(devices))
    name, device = arguments[1], devices[arguments[1]]

    def look() -> dict[str, object]:
        return facts_of(name, device["minor"], device["disk"], kernel_state())

    facts = once_connected(look) if arguments[0] == "first" else look()
    try:
        match arguments[0]:
            case "create":
                create(name, device["disk"])
            case "up":
                up(name)
            case "adjust":
                adjust(name, facts)
            case "first":
                first(name, facts)
            case "format":
                format_device(name, f"/dev/drbd{device['minor']}", device["filesystem"])
            case "split":
                split(name, facts, arguments[2])
            case other:
                raise SystemExit(f"there is no {other}")
    except Refused as refusal:
        raise SystemExit(str(refusal)) from None


if __name__ == "__main__":
    main(sys.argv[1:])
