"""What a node says of its name, its kernel settings and its clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.predicate import All, Fact, Judgement, OnEvery, Test
from fournines.blueprint.requests import JsonValue, Run
from fournines.blueprint.snapshot import Probe, Snapshot, Unreadable
from fournines.cluster.topology import Cluster
from fournines.findings import Severity

NAME, KERNEL, CLOCK, TIMEKEEPER = "host.name", "host.kernel", "host.clock", "host.timekeeper"
OWN_STRATUM = 10
_OWN_REFERENCE = "7F7F0101"   # as chronyc(1) has it: 127.127.1.1
OFFSET_LIMIT_S = 0.5   # tokens are dated in whole seconds: one from a node ahead is not valid yet elsewhere


@dataclass(frozen=True, slots=True)
class Clock:
    """``offset_s``: how far the clock is from its sources, unsigned. ``own``: it has none, and chronyd gives
    out its own time (``local stratum 10``)."""

    offset_s: float
    stratum: int
    own: bool = False

    @property
    def outside(self) -> bool:
        """Its time comes from beyond the nodes: one that follows a node's own time is of a higher stratum."""
        return not self.own and self.stratum <= OWN_STRATUM


def as_key(setting: str) -> str:
    """``net/ipv4/tcp_retries2``: sysctl's other notation, which facts can name."""
    return setting.replace(".", "/")


def parse_text(reply: JsonValue) -> str:
    """What a command printed, on one line."""
    if not isinstance(reply, dict) or not isinstance(printed := reply.get("stdout"), str):
        raise Unreadable("no output")
    return printed.strip()


def parse_kernel(reply: JsonValue) -> dict[str, str]:
    """Setting (with slashes) to value, from ``sysctl``'s lines."""
    pairs = (line.partition("=") for line in parse_text(reply).splitlines())
    return {as_key(name.strip()): value.strip() for name, equals, value in pairs if equals}


def parse_clock(reply: JsonValue) -> Clock:
    """From ``chronyc -c tracking``: reference, address, stratum, time, offset of the clock, last offset, ...,
    leap status (chronyc(1))."""
    fields = parse_text(reply).split(",")
    try:
        stratum, offset_s = int(fields[2]), abs(float(fields[4]))
    except (IndexError, ValueError):
        raise Unreadable(f"not a line of chronyc tracking: {','.join(fields)[:80]}") from None
    if stratum == 0 or fields[-1] == "Not synchronised":
        raise Unreadable("not synchronised yet")
    return Clock(offset_s, stratum, own=fields[0] == _OWN_REFERENCE)


@dataclass(frozen=True, slots=True)
class OneTime:
    """All of ``nodes`` follow one time. Only one of them may keep its own, and only where all others follow
    that: chronyd calls such a clock synchronised, and its offset is 0."""

    nodes: tuple[str, ...]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        seen = {each: snapshot.value(each, CLOCK) for each in self.nodes}
        clocks = {each: clock for each, clock in seen.items() if isinstance(clock, Clock)}
        own = [each for each, clock in clocks.items() if clock.own]
        outside = [each for each, clock in clocks.items() if clock.outside]
        unknown = [f"{each}: {CLOCK}: {clock}" for each, clock in seen.items() if each not in clocks]
        consulted = tuple((each, CLOCK, str(clock)) for each, clock in seen.items())
        if len(own) > 1 or (own and outside):
            others = f"; with a source outside: {', '.join(outside)}" if outside else ""
            return Judgement(False, f"without any source, on time of their own: {', '.join(own)}{others}",
                             consulted)
        if unknown:
            return Judgement(None, "; ".join(unknown), consulted)
        return Judgement(True, f"all follow {own[0] if own else 'sources outside'}", consulted)

    def __str__(self) -> str:
        return f"{', '.join(self.nodes)} follow one time"


def kernel_as(wanted: Mapping[str, int]) -> All:
    """The running kernel has these settings."""
    return All(tuple(Fact(KERNEL, as_key(name), Test.EQ, str(value)) for name, value in wanted.items()))


def probes(cluster: Cluster, wanted: Mapping[str, int]) -> tuple[Probe, ...]:
    """Asked of every node."""
    nodes = [node.name for node in cluster.nodes]
    return (
        Probe(NAME, dict.fromkeys(nodes, Run(("uname", "-n"))), parse_text),
        Probe(KERNEL, dict.fromkeys(nodes, Run(("sysctl", *wanted), check=False)), parse_kernel),
        Probe(TIMEKEEPER, dict.fromkeys(nodes, Run(("chronyc", "-c", "activity"), timeout_s=5)), parse_text),
        Probe(CLOCK, dict.fromkeys(nodes, Run(("chronyc", "-cn", "tracking"), timeout_s=5)), parse_clock),
    )


def invariants(cluster: Cluster, wanted: Mapping[str, int]) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    nodes = tuple(node.name for node in cluster.nodes)
    return (
        Invariant("every node has the name that the cluster file gives it",
                  All(tuple(OnEvery((name,), Fact(NAME, "", Test.EQ, name)) for name in nodes)),
                  "hostnamectl set-hostname NAME on the node, or correct the cluster file"),
        Invariant("every node's kernel has the settings that the timers need",
                  OnEvery(nodes, kernel_as(wanted)),
                  "look for a later file in /etc/sysctl.d that sets them otherwise, then apply again"),
        Invariant(f"every clock is within {OFFSET_LIMIT_S:g} s of its sources",
                  OnEvery(nodes, Fact(CLOCK, "offset_s", Test.LE, OFFSET_LIMIT_S)),
                  "look at `chronyc sources` on the node", Severity.WARNING),
        # No error: without time servers each keeps its own for some minutes after a boot, until it has heard
        # the others often enough; and clocks that drift apart are wrong only in hours.
        Invariant("all clocks follow one time", OneTime(nodes),
                  "look at `chronyc sources` on the node: are the time servers reachable, and UDP port 123 "
                  "of the other nodes? After a boot give it some minutes", Severity.WARNING),
    )
