"""What a node says of its name, its kernel settings and its clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.predicate import All, Fact, OnEvery, Test
from fournines.blueprint.requests import JsonValue, Run
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.cluster.topology import Cluster
from fournines.findings import Severity

NAME, KERNEL, CLOCK, TIMEKEEPER = "host.name", "host.kernel", "host.clock", "host.timekeeper"
OFFSET_LIMIT_S = 0.5   # tokens are dated in whole seconds: one from a node ahead is not valid yet elsewhere


@dataclass(frozen=True, slots=True)
class Clock:
    """``offset_s``: how far the clock is from its sources, unsigned; ``stratum`` 10 is the nodes' own."""

    offset_s: float
    stratum: int


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
    return Clock(offset_s, stratum)


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
    )
