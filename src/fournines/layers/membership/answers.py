"""The answers of Corosync and Pacemaker as values: what their tools print, typed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from lxml import etree

from fournines.blueprint.requests import JsonValue
from fournines.blueprint.resources import Placed, Placements
from fournines.blueprint.snapshot import Unreadable

QUORUM, LINKS, PACEMAKER = "membership.quorum", "membership.links", "membership.pacemaker"
COROSYNC_CONF, DEVICE = "membership.corosync_conf", "membership.device"
ARBITRATOR, CERTIFICATES = "membership.arbitrator", "membership.certificates"
SBD, WATCHDOG_DEVICE, MAY_END = ("membership.sbd", "membership.watchdog_device",
                                 "membership.watchdog_may_end")
CIB_ON_DISK = "membership.cib_on_disk"
CONFIGURATION, FENCING, VERIFIED = ("membership.configuration", "membership.fencing", "membership.verified")


class Vote(StrEnum):
    """What a member has of the arbitrator's vote."""

    GIVEN = "given"
    WITHHELD = "withheld"
    NOT_ASKED = "not asked"   # no quorum device runs there, whether or not Corosync is told of one


@dataclass(frozen=True, slots=True)
class Quorum:
    """Votes as this node counts them; ``needed`` are enough."""

    quorate: bool
    expected: int
    votes: int
    needed: int
    arbitrator: Vote = Vote.NOT_ASKED

    @property
    def spare(self) -> int:
        """Votes that may be lost."""
        return self.votes - self.needed


@dataclass(frozen=True, slots=True)
class Arbitrator:
    """What it says of itself: how many members are connected to it."""

    members: int


@dataclass(frozen=True, slots=True)
class Sbd:
    """What guards a member by its watchdog."""

    enabled: bool
    running: bool


@dataclass(frozen=True, slots=True)
class Links:
    """This node's links to the others: how many are connected, and in words those that are not."""

    connected: int
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pacemaker:
    """The cluster as this node sees it. ``nodes`` maps name to online, standby, maintenance, pending, offline
    or unclean (lost, and not fenced yet). ``failures`` are actions that failed and are remembered;
    ``barred`` are resources that failed so often on a node that they may not run there; ``fenced`` maps a
    node to when it was last fenced, in seconds since the epoch. With ``maintenance``, that of the whole
    cluster, Pacemaker starts, stops and recovers nothing; ``unmanaged`` are resources that it leaves be."""

    quorate: bool
    dc: str
    nodes: Mapping[str, str]
    failures: tuple[str, ...]
    barred: tuple[str, ...]
    fenced: Mapping[str, float]
    maintenance: bool = False
    unmanaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs from the wanted configuration, early or whole, and what Pacemaker would do about it."""

    early: tuple[str, ...]
    whole: tuple[str, ...]
    preview: tuple[str, ...]

    def of(self, which: str) -> tuple[str, ...]:
        """What differs from that one. A cluster that has the whole has the early too."""
        return () if which == "early" and not self.whole else getattr(self, which)


@dataclass(frozen=True, slots=True)
class Proofs:
    """Device -> the digest of what it was told when it last answered this node, and when that was in seconds
    since the epoch."""

    digests: Mapping[str, str] = field(default_factory=dict)
    at_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """What ``crm_verify`` says of the configuration in force."""

    clean: bool
    said: str


def _printed(reply: JsonValue, stream: str = "stdout") -> str:
    text = reply.get(stream) if isinstance(reply, dict) else None
    if not isinstance(text, str):
        raise Unreadable("no output")
    return text


def parse_quorum(reply: JsonValue) -> Quorum:
    """From ``corosync-quorumtool -s``: lines of ``Name: value``."""
    lines = (line.partition(":") for line in _printed(reply).splitlines())
    found = {name.strip(): value.split() for name, colon, value in lines if colon}
    try:
        expected, votes, needed = (int(found[name][0])
                                   for name in ("Expected votes", "Total votes", "Quorum"))
        return Quorum(found["Quorate"][0] == "Yes", expected, votes, needed, _vote(_printed(reply)))
    except (KeyError, IndexError, ValueError):
        said = f"{_printed(reply)} {_printed(reply, 'stderr')}".strip().splitlines()
        raise Unreadable(said[-1] if said else "no answer") from None


def _vote(text: str) -> Vote:
    """The column ``Qdevice`` of this node's own line: A and V where it is alive and votes; NR where nobody
    has registered."""
    own = next((line.split() for line in text.splitlines() if line.rstrip().endswith("(local)")), [])
    flags = own[2].split(",") if len(own) >= 5 else []
    if "A" in flags and "V" in flags:
        return Vote.GIVEN
    return Vote.WITHHELD if {"A", "NA", "V", "NV"} & set(flags) else Vote.NOT_ASKED


def parse_device(reply: JsonValue) -> bool:
    """Whether the Corosync that runs is told of a quorum device: from ``corosync-cmapctl -g`` of its
    model."""
    if isinstance(reply, dict) and reply.get("rc") == 0:
        return True
    said = _printed(reply, "stderr").strip()
    if "CS_ERR_NOT_EXIST" not in said:
        raise Unreadable(said or "no answer")
    return False


def parse_arbitrator(reply: JsonValue) -> Arbitrator:
    """From ``corosync-qnetd-tool -s``."""
    found = re.search(r"^Connected clients:\s*(\d+)$", _printed(reply), re.MULTILINE)
    if found is None:
        raise Unreadable((_printed(reply, "stderr") or "no answer").strip())
    return Arbitrator(int(found[1]))


def parse_present(reply: JsonValue) -> bool:
    """From ``test``, or ``fping`` of one host: by its exit code."""
    return isinstance(reply, dict) and reply.get("rc") == 0


def parse_sbd(reply: JsonValue) -> Sbd:
    """Of the only unit that was asked for."""
    facts = next(iter(reply.values()), None) if isinstance(reply, dict) else None
    if not isinstance(facts, dict):
        raise Unreadable("no unit")
    return Sbd(facts.get("enabled") == "enabled", facts.get("active") == "active")


def parse_digest(reply: JsonValue) -> str:
    """The SHA-256 of the only file that was asked for; empty where there is none."""
    facts = next(iter(reply.values()), None) if isinstance(reply, dict) else None
    return str(facts["sha256"]) if isinstance(facts, dict) else ""


def parse_links(reply: JsonValue) -> Links:
    """From ``corosync-cfgtool -n``: a ``nodeid:`` line for each other node, then its ``LINK:`` lines."""
    node, connected, broken = "", 0, []
    for line in _printed(reply).splitlines():
        words = line.split()
        if words[:1] == ["nodeid:"] and len(words) >= 3:
            node = words[1]
            if words[2] != "reachable":
                broken.append(f"node {node} is {words[2]}")
        elif words[:1] == ["LINK:"]:
            way = re.search(r"\((\S+?)->(\S+?)\)", line)
            if "connected" in words:
                connected += 1
            else:
                broken.append(f"link {words[1]} to {way[2] if way else f'node {node}'} is down")
    return Links(connected, tuple(broken))


def _monitor(reply: JsonValue) -> etree._Element:
    try:
        root = etree.fromstring(_printed(reply).encode(), etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        raise Unreadable("not the XML of crm_mon") from None
    status = root.find("status")
    if status is None or status.get("code") != "0":
        raise Unreadable("Pacemaker does not run" if status is None else f"crm_mon: {status.get('message')}")
    return root


def _true(element: etree._Element, name: str) -> bool:
    return element.get(name) == "true"


def _state(node: etree._Element) -> str:
    for name in ("unclean", "pending"):
        if _true(node, name):
            return name
    if not _true(node, "online"):
        return "offline"
    return next((name for name in ("maintenance", "standby") if _true(node, name)), "online")


def _nodes(root: etree._Element) -> dict[str, str]:
    return {node.get("name") or "": _state(node) for node in root.iterfind("nodes/node")}


def _controller(root: etree._Element) -> tuple[bool, str]:
    found = root.find("summary/current_dc")
    if found is None or not _true(found, "present"):
        return False, ""
    return _true(found, "with_quorum"), found.get("name") or ""


def parse_pacemaker(reply: JsonValue) -> Pacemaker:
    """From ``crm_mon --output-as=xml``."""
    root = _monitor(reply)
    failures = tuple(f"{each.get('op_key')} on {each.get('node')}: {each.get('exitstatus')}"
                     for each in root.iterfind("failures/failure"))
    options = root.find("summary/cluster_options")
    return Pacemaker(*_controller(root), _nodes(root), failures, tuple(_barred(root)), _fenced(root),
                     maintenance=options is not None and _true(options, "maintenance-mode"),
                     unmanaged=_unmanaged(root))


def _unmanaged(root: etree._Element) -> tuple[str, ...]:
    """Each once, without the number of an instance."""
    return tuple(dict.fromkeys((each.get("id") or "").partition(":")[0]
                               for each in root.iterfind("resources//resource")
                               if each.get("managed") == "false"))


def _barred(root: etree._Element) -> Iterator[str]:
    for node in root.iterfind("node_history/node"):
        for each in node.iterfind("resource_history"):
            failed, threshold = (_score(each.get(name)) for name in ("fail-count", "migration-threshold"))
            if 0 < threshold <= failed:
                yield f"{each.get('id')} on {node.get('name')}: failed {each.get('fail-count')} times"


def _score(text: str | None) -> float:
    return math.inf if text == "INFINITY" else float(text or 0)


def _fenced(root: etree._Element) -> dict[str, float]:
    """The last success for each node."""
    found: dict[str, float] = {}
    for event in root.iterfind("fence_history/fence_event"):
        if event.get("status") == "success":
            node, ended = event.get("target") or "", datetime.fromisoformat(event.get("completed") or "")
            found[node] = max(ended.replace(tzinfo=ended.tzinfo or UTC).timestamp(), found.get(node, 0.0))
    return found


def parse_placements(reply: JsonValue) -> Placements:
    """From the same."""
    root = _monitor(reply)
    nodes = _nodes(root)
    return Placements(
        *_controller(root),
        online=tuple(name for name, state in nodes.items() if state in ("online", "standby", "maintenance")),
        offline=tuple(name for name, state in nodes.items() if state == "offline"),
        placed=tuple(_placed(root)))


def _placed(root: etree._Element) -> Iterator[Placed]:
    resources = root.find("resources")
    for each in resources.iter("resource") if resources is not None else ():
        if not _true(each, "active") or each.get("role") in ("Stopped", "Starting", None):
            continue
        for node in each.iterfind("node"):
            yield Placed((each.get("id") or "").partition(":")[0], node.get("name") or "",
                         each.get("role") or "", _true(each, "failed"))


def _json(reply: JsonValue) -> dict[str, object]:
    found = json.loads(_printed(reply))
    if not isinstance(found, dict):
        raise Unreadable("no table")
    return found


def parse_difference(reply: JsonValue) -> Difference:
    """From ``cib_load.py compare``."""
    found = _json(reply)

    def lines(name: str) -> tuple[str, ...]:
        listed = found.get(name)
        return tuple(map(str, listed)) if isinstance(listed, list) else ()

    return Difference(lines("early"), lines("whole"), lines("preview"))


def parse_proofs(reply: JsonValue) -> Proofs:
    """From ``fence_test.py report``."""
    found = {name: each for name, each in _json(reply).items() if isinstance(each, dict)}
    return Proofs({name: str(each.get("digest")) for name, each in found.items()},
                  {name: float(each.get("at_s", 0.0)) for name, each in found.items()})


def parse_verified(reply: JsonValue) -> Verified:
    """From ``crm_verify --live-check``."""
    said = _printed(reply, "stderr").strip()
    rc = reply.get("rc") if isinstance(reply, dict) else None
    return Verified(rc == 0 and not said, said or "nothing")
