#!/usr/bin/python3
"""DRBD's fence-peer handler: whether the lost side of a volume can no longer write, nor be promoted.

The kernel calls it, through drbdadm, while writes stand still or a promotion waits. It ends when Pacemaker
knows the other node to be off, or on and well; then a constraint keeps the other side from being promoted
until crm-unfence-peer.sh takes it away. What it answers is drbd.conf(5)'s: 4 for barred from promotion, 7 for
fenced, 5 for a side here that is too old to go on with, 1 for neither known.

The constraint is the one of drbd-utils' crm-fence-peer.sh. What differs: nothing is assumed after 90 s about
a node that nobody knows to be off; a fenced node that boots, whose Corosync is there and whose Pacemaker is
not yet, is taken for what it is; and it starts three processes instead of a hundred.
Shipped as /usr/lib/fournines/fence_peer.py; standard library only.
"""

import json
import os
import re
import subprocess
import sys
import syslog
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SETTINGS = Path("/etc/fournines/storage.json")
STATE = Path("/proc/drbd")
UNKNOWN, BARRED, TOO_OLD, FENCED = 1, 4, 5, 7
GIVE_UP_S = 86400.0   # by then somebody has seen it: writes stand still, which is what is safe
LOOK_AGAIN_S, TELL_AGAIN_S, TOOL_S = 1.0, 30.0, 5.0
_STATE = re.compile(r"^ *(\d+): cs:\S+ ro:\S+ ds:([^/ ]+)/(\S+)", re.MULTILINE)


@dataclass
class World:
    """What the decision is made from; the tests bring their own."""

    cib: Callable[[], Element | None]                   # None without quorum and an elected controller
    answers: Callable[[], bool]                         # whether the other node's Pacemaker does
    disks: Callable[[], tuple[str, str]]                # ours and the other's, in DRBD's words
    place: Callable[[str], bool]                        # the constraint; False where one of its name is there
    remove: Callable[[str], None]
    tell: Callable[[str], None]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def main() -> int:
    volume, minor, peer = (os.environ[name] for name in ("DRBD_RESOURCE", "DRBD_MINOR", "DRBD_PEER"))
    devices = json.loads(SETTINGS.read_text())["devices"]
    clone = next(each["clone"] for each in devices if each["name"] == volume)
    syslog.openlog("fence_peer", syslog.LOG_PID)
    world = World(cib, lambda: node_answers(peer), lambda: disks(STATE.read_text(), int(minor)), place,
                  remove, lambda text: syslog.syslog(f"{volume}: {text}"))
    return fence(world, volume, clone, peer, os.uname().nodename)


def fence(world: World, volume: str, clone: str, peer: str, here: str) -> int:
    """The handler's answer."""
    name, end = constraint_name(volume, clone), world.now() + GIVE_UP_S
    while found := settled(world, peer, end):
        state, configuration = found
        allowed = allowed_by(configuration, name)
        if refused := refusal(state, *world.disks(), allowed, here):
            answer, why = refused
            world.tell(f"{why} ({peer}, {name})")
            return answer
        if allowed == here or world.place(constraint(name, volume, clone, here)):
            return placed(world, name, peer, state)
        world.sleep(LOOK_AGAIN_S)   # somebody was quicker, or the controller is being elected
    world.tell(f"{peer} is not known to be off: nothing is written here until it is back")
    return UNKNOWN


def refusal(state: int, own: str, other: str, allowed: str | None, here: str) -> tuple[int, str] | None:
    """Why the other side is not to be barred, with the answer; None where it is."""
    if other == "UpToDate":
        return UNKNOWN, "the other side is connected again and up to date"
    if own != "UpToDate" and (own, state) != ("Consistent", BARRED):
        return TOO_OLD, f"the side here is {own}, and may lack what was written on the other"
    if allowed is not None and allowed != here:
        return UNKNOWN, f"{allowed or 'an unknown node'} alone may be promoted already"
    return None


def placed(world: World, name: str, peer: str, state: int) -> int:
    """The answer, now that the constraint is there; taken back where the other side is there again too."""
    if world.disks()[1] == "UpToDate":
        world.remove(name)
        world.tell(f"{peer} is connected again and up to date: {name} is taken away")
        return UNKNOWN
    world.tell(f"{peer} is {'fenced' if state == FENCED else 'there, and barred'}, see {name}")
    return state


def settled(world: World, peer: str, end: float) -> tuple[int, Element] | None:
    """FENCED or BARRED, as soon as one of them is known of the other node, and the configuration in which it
    was seen."""
    told = world.now()
    while True:
        configuration = world.cib()
        state = UNKNOWN if configuration is None else state_of(configuration, peer)
        if configuration is not None and (state == FENCED or (state == BARRED and world.answers())):
            return state, configuration
        if world.now() >= end:
            return None
        if world.now() >= told + TELL_AGAIN_S:
            told = world.now()
            world.tell(f"waits until {peer} is known to be off, or answers: {said_of(configuration, peer)}")
        world.sleep(LOOK_AGAIN_S)


def state_of(configuration: Element, peer: str) -> int:
    """What Pacemaker knows of a node. Expected down and not online: it was fenced, or has stopped in good
    order; that Corosync is back there makes no difference (see determine_online_status_fencing of
    Pacemaker's lib/pengine/unpack.c). UNKNOWN also where it will be fenced, or was never seen."""
    node = node_state(configuration, peer)
    if node is None or node.get("in_ccm") is None:
        return UNKNOWN
    is_member, is_online = is_set(node.get("in_ccm", "")), is_set(node.get("crmd", ""))
    if is_member and is_online:
        return BARRED
    return FENCED if not is_online and node.get("expected", "down") == "down" else UNKNOWN


def is_set(word: str) -> bool:
    """true or online; from Pacemaker 2.1.7 on the time since when, or 0."""
    return word in ("true", "online") or (word.isdigit() and int(word) > 0)


def node_state(configuration: Element, peer: str) -> Element | None:
    return next((each for each in configuration.iterfind("status/node_state")
                 if each.get("uname") == peer), None)


def said_of(configuration: Element | None, peer: str) -> str:
    if configuration is None:
        return "no quorum, or no elected controller"
    node = node_state(configuration, peer)
    return "Pacemaker knows nothing of it" if node is None else ", ".join(
        f"{name} {node.get(name, 'unknown')}" for name in ("in_ccm", "crmd", "join", "expected"))


def constraint_name(volume: str, clone: str) -> str:
    return f"drbd-fence-by-handler-{volume}-{clone}"


def constraint(name: str, volume: str, clone: str, here: str) -> str:
    """Nowhere but here; the names, and the role's old one, are crm-fence-peer.sh's, whose other half takes it
    away."""
    ids = f"drbd-fence-by-handler-{volume}"
    return (f'<rsc_location rsc="{clone}" id="{name}">'
            f'<rule role="Master" score="-INFINITY" id="{ids}-rule-{clone}">'
            f'<expression attribute="#uname" operation="ne" value="{here}" id="{ids}-expr-{clone}"/>'
            '</rule></rsc_location>')


def allowed_by(configuration: Element, name: str) -> str | None:
    """The node that the constraint lets be promoted; None where there is none."""
    found = next((each for each in configuration.iterfind("configuration/constraints/rsc_location")
                  if each.get("id") == name), None)
    if found is None:
        return None
    expression = found.find("rule/expression")
    return "" if expression is None else expression.get("value", "")


# ------------------------------------------------------------------------------------------------- the world


def disks(text: str, minor: int) -> tuple[str, str]:
    """Ours and the other's. From /proc/drbd: drbdadm would ask the kernel, which waits for this handler."""
    return next(((own, other) for number, own, other in _STATE.findall(text) if int(number) == minor),
                ("Unconfigured", "DUnknown"))


def cib() -> Element | None:
    """This node's copy. Asked of the elected controller, a look would hang while there is none; where there
    is one with quorum, it has told every member what it knows."""
    try:
        found = ElementTree.fromstring(tool("cibadmin", "--query", "--local"))  # noqa: S314 - root's own tool
    except (subprocess.SubprocessError, ElementTree.ParseError):
        return None
    return found if found.get("have-quorum") == "1" and found.get("dc-uuid") else None


def node_answers(peer: str) -> bool:
    try:
        return "ok" in re.findall(r"\w+", tool("crmadmin", f"--timeout={TOOL_S:.0f}s", f"--status={peer}"))
    except subprocess.SubprocessError:
        return False


def place(xml: str) -> bool:
    try:
        tool("cibadmin", "--create", "--scope=constraints", f"--xml-text={xml}")
    except subprocess.SubprocessError:
        return False
    return True


def remove(name: str) -> None:
    tool("cibadmin", "--delete", f'--xml-text=<rsc_location id="{name}"/>')


def tool(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True,
                          timeout=2 * TOOL_S).stdout


if __name__ == "__main__":
    sys.exit(main())
