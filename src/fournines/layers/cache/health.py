"""What each memcached says of itself, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant, Members
from fournines.blueprint.predicate import Answers, OnEvery
from fournines.blueprint.requests import JsonValue, Run
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.layers.cache.artifacts import PORT, STATS_SCRIPT
from fournines.layers.layer import Site

MEMCACHED = "cache.memcached"


@dataclass(frozen=True, slots=True)
class Memcached:
    """What does not change while it runs: its version, and its limits as it took them."""

    version: str
    memory_mb: int
    connections: int


def parse_memcached(reply: JsonValue) -> Memcached:
    """The answer to ``stats``: lines of ``STAT name value``."""
    text = reply.get("stdout") if isinstance(reply, dict) else None
    lines = [line.split(" ", 2) for line in text.splitlines()] if isinstance(text, str) else []
    stats = {words[1]: words[2] for words in lines if len(words) == 3 and words[0] == "STAT"}
    try:
        return Memcached(stats["version"], int(stats["limit_maxbytes"]) >> 20, int(stats["max_connections"]))
    except (KeyError, ValueError) as problem:
        raise Unreadable(f"not the statistics of memcached: {problem}") from None


def probe(site: Site) -> Probe:
    """Asked on the address that clients use, from the node itself."""
    return Probe(MEMCACHED, {node.name: Run((STATS_SCRIPT, str(node.management), str(PORT)), timeout_s=3.0)
                             for node in site.cluster.controllers}, parse_memcached)


def members(site: Site) -> Members:
    """One is enough: what is not in the cache is computed again."""
    return Members("cache", Answers(MEMCACHED), site.controllers, needs=1)


def invariants(site: Site) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    return (Invariant("every memcached answers", OnEvery(site.controllers, Answers(MEMCACHED)),
                      "look at journalctl -u memcached on that node; then: fournines apply"),)
