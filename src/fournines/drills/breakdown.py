"""Breakdown: what Pacemaker did after the fault, step by step, from the journals of the nodes. Pure.

Corosync finds a node lost, it is fenced, and then resources are promoted and started, each at its time. What
a client waits for is the last of them that his service stands on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from fournines.blueprint.requests import Failed, Reply, Run
from fournines.drills.plain import Data, number
from fournines.drills.sampling import Offset

FENCING = "fencing"   # the step: the node is off, as its device says
_TELLING = ("corosync", "pacemaker-controld", "pacemaker-fenced", "pacemaker-attrd")
_LOST = re.compile(r"Node (\S+) state is now lost")
_FENCED = re.compile(r"Peer (\S+) was terminated \(\w+\) by .*: OK")
_BEGUN = re.compile(r"Initiating (promote|start) operation (\S+)_(?:promote|start)_0 (?:locally )?on (\S+)")
_DONE = re.compile(r"Result of (promote|start) operation for (\S+) on (\S+): ok")
# What of the journal is read: all that they write in two minutes may be more than an answer holds.
_READ = r"state is now lost|was terminated \(|(Initiating|Result of) (promote|start) operation"
_WORDS = (("p_drbd_", "promote"), ("p_ip_", "address"), ("p_fs_", "mount"))
MOST_S = 1e6   # of a journal that is asked: an hour of a drill is less
JOURNAL_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a journal: when, on our clock, and what."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """``what`` was done on ``node``; ``began_s`` and ``ended_s`` count from the fault."""

    what: str
    node: str
    began_s: float
    ended_s: float

    def as_data(self) -> dict[str, object]:
        """Plain data for ``verdict.json``."""
        return asdict(self)


def step_from_data(data: Data) -> Step:
    """What ``as_data`` made. Raises KeyError or TypeError where it is something else."""
    return Step(str(data["what"]), str(data["node"]), number(data, "began_s"), number(data, "ended_s"))


def question(since_s: float) -> Run:
    """What the cluster's own daemons wrote of it in the last ``since_s`` seconds of this boot."""
    names = (word for name in _TELLING for word in ("--identifier", name))
    return Run(("journalctl", "--quiet", "--boot", "--output=json", "--output-fields=MESSAGE",
                since(since_s), f"--grep={_READ}", *names),
               timeout_s=JOURNAL_TIMEOUT_S)


def since(since_s: float) -> str:
    """journalctl's option for the last ``since_s`` seconds, one at least."""
    return f"--since=-{min(MOST_S, max(1.0, since_s)):.0f}s"


def entries(reply: Reply, clock: Offset) -> tuple[Entry, ...]:
    """From the answer to ``question``, of which a long one lacks its beginning; journald stamps with the same
    clock as the sampler's."""
    if isinstance(reply, Failed) or not isinstance(reply, dict):
        return ()
    doubt_s = (clock.lo_s + clock.hi_s) / 2
    found = []
    for line in str(reply["stdout"]).splitlines():
        if not line.startswith("{"):
            continue
        said = json.loads(line)
        found.append(Entry(int(said["__MONOTONIC_TIMESTAMP"]) / 1e6 + doubt_s, str(said["MESSAGE"])))
    return tuple(found)


def breakdown(journals: Mapping[str, Sequence[Entry]], injected_s: float, ended_s: float) -> tuple[Step, ...]:
    """What was done between the fault and ``ended_s``, in the order in which it ended. Several nodes tell of
    one thing: whoever does so first is believed."""
    told = sorted((entry for of_node in journals.values() for entry in of_node
                   if injected_s <= entry.at_s <= ended_s), key=lambda entry: entry.at_s)
    begun: dict[tuple[str, str, str], float] = {}
    found: dict[tuple[str, str], Step] = {}
    for entry in told:
        at_s = entry.at_s - injected_s
        if lost := _LOST.search(entry.text):
            found.setdefault(("detection", lost[1]), Step("detection", lost[1], 0.0, at_s))
        elif fenced := _FENCED.search(entry.text):
            seen = found.get(("detection", fenced[1]))
            found.setdefault((FENCING, fenced[1]),
                             Step(FENCING, fenced[1], seen.ended_s if seen else 0.0, at_s))
        elif started := _BEGUN.search(entry.text):
            begun.setdefault((started[1], _plain(started[2]), started[3].rstrip(".")), at_s)
        elif done := _DONE.search(entry.text):
            verb, resource, node = done[1], _plain(done[2]), done[3]
            since_s = begun.get((verb, resource, node))
            what = _words(verb, resource)
            if since_s is not None and what:
                found.setdefault((what, node), Step(what, node, since_s, at_s))
    return tuple(sorted(found.values(), key=lambda step: step.ended_s))


def _plain(resource: str) -> str:
    """Without the number of an instance."""
    return resource.partition(":")[0]


def _words(verb: str, resource: str) -> str:
    """``promote mysql``, ``mount mysql``, ``start p_mysql``; empty for DRBD's own start, and for the devices
    that fence, which nobody waits for."""
    for prefix, word in _WORDS:
        if resource.startswith(prefix):
            name = resource.removeprefix(prefix)
            return f"{word} {name}" if verb == "promote" or word != "promote" else ""
    return "" if resource.startswith("fence_") else f"{verb} {resource}"


def shown(steps: Iterable[Step]) -> list[tuple[str, str, str, str, str]]:
    """Rows for people: what, where, began, ended, took; in seconds."""
    return [(step.what, step.node, f"{step.began_s:.1f} s", f"{step.ended_s:.1f} s",
             f"{step.ended_s - step.began_s:.1f} s") for step in steps]
