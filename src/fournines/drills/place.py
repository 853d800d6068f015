"""Place: where a drill is run, with all that its runner needs of it. A lab and real hosts each make one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fournines.blueprint.snapshot import Snapshot
from fournines.cluster.timers import Chain
from fournines.cluster.topology import Cluster
from fournines.drills.aim import Find
from fournines.drills.deaf import LookAtWork, no_work
from fournines.drills.drill import Capability, Target
from fournines.drills.settings import ClientSettings
from fournines.engine.compile import Blueprint
from fournines.engine.observe import observe
from fournines.engine.verify import verify
from fournines.findings import Finding, Severity
from fournines.nodes.channel import Door
from fournines.nodes.node import Node


class Machine(Protocol):
    """What a drill does to a machine; a part of ``lab/driver.py``. The verbs block, and do nothing where the
    machine already is as asked."""

    @property
    def name(self) -> str: ...

    @property
    def power(self) -> str:
        """``on``, ``off`` or ``frozen``."""
        ...

    def power_on(self) -> None: ...

    def wait_up(self, timeout_s: float = 120.0) -> None: ...

    def power_off(self) -> None: ...

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...

    def throttle(self, percent: int) -> None: ...

    @property
    def throttled(self) -> int: ...

    def cut(self, network: str) -> None: ...

    def heal(self, network: str) -> None: ...

    def has_link(self, network: str) -> bool: ...

    def console(self, lines: int = 0) -> str: ...


@dataclass(frozen=True, slots=True)
class Health:
    """The cluster at one moment: what is wrong with it, and what was seen. ``certain``: something that must
    not be is known to be, and not only not known to be absent."""

    findings: tuple[Finding, ...]
    snapshot: Snapshot
    certain: bool = False

    @property
    def broken(self) -> tuple[Finding, ...]:
        """What must not be."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


async def nobody(target: Target, settings: ClientSettings) -> tuple[str, ...]:
    """For a place whose nodes say nothing of such roles."""
    return ()


@dataclass(frozen=True, slots=True)
class Place:
    """``doors`` and ``nodes`` reach every node past the networks that a drill may break. ``machines`` are
    those that something can be done to; ``can`` says what. ``client_prefix`` is put before the clients'
    command, to start them where the clients of the cloud are. ``clients`` makes their settings for a run's
    name. ``timers`` are those in force, for the record: name -> value as written; ``chains`` what follows
    from them, and ``views_apart_s`` how long Galera may take to give a member up. ``find`` asks who is a
    drill's target, ``work`` who consumes and who has sessions. ``state_urls``: node -> where its database
    says in which component it is; ``configuration``: node -> the files that we keep there. ``made_of``:
    node -> what a lab's driver made its machine of, none where they are real hosts."""

    cluster: Cluster
    doors: Mapping[str, Door]
    nodes: Mapping[str, Node]
    health: Callable[[], Awaitable[Health]]
    clients: Callable[[str], ClientSettings] = field(repr=False)
    machines: Mapping[str, Machine] = field(default_factory=dict)
    can: frozenset[Capability] = frozenset()
    client_prefix: tuple[str, ...] = ()
    timers: Mapping[str, str] = field(default_factory=dict)
    chains: tuple[Chain, ...] = ()
    views_apart_s: float = 3.0   # at a promise of 5 s
    find: Find = nobody
    work: LookAtWork = no_work
    state_urls: Mapping[str, str] = field(default_factory=dict)
    configuration: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    made_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_pacemaker(self) -> bool:
        """Whether something fences machines, and starts and stops what they run."""
        return "membership" in self.cluster.layers


def health_of(blueprint: Blueprint, nodes: Mapping[str, Node]) -> Callable[[], Awaitable[Health]]:
    """Looks at everything that ``verify`` looks at."""
    async def look() -> Health:
        snapshot = await observe(nodes, blueprint.probes)
        checked = verify(blueprint, snapshot)
        findings = (item.finding for item in checked)
        return Health(tuple(finding for finding in findings if finding is not None), snapshot,
                      any(item.judgement.truth is False and item.invariant.severity is Severity.ERROR
                          for item in checked))

    return look
