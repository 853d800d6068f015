"""Who reaches no other member on the network of clients gives up what clients ask for.

Heartbeats go on over the second link, so nobody is fenced, and without this an address would stay where
nobody reaches it, for as long as a cable is out. A member that reaches another is preferred to one that
reaches itself only; where none reaches any, as without the switch, nothing moves. Of two members nobody
could tell whose link is lost: it takes a third, a member, an arbitrator or the network's gateway. Source:
Pacemaker Explained 2.1, Rules; crm ra info ocf:pacemaker:ping.
"""

from __future__ import annotations

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.predicate import Fact, OnEvery
from fournines.blueprint.requests import Run
from fournines.blueprint.resources import Clone, Preference, Primitive, Resources, Runs, operations
from fournines.blueprint.snapshot import Probe
from fournines.cluster.topology import Cluster
from fournines.findings import Severity
from fournines.layers.layer import Site
from fournines.layers.membership import answers, arbitrator

PACKAGES = ("fping",)   # asks all hosts at once; the agent takes it where it is there
CLONE, PRIMITIVE, REACHED = "cl_reach", "p_reach", "reached-members"
GATEWAY = "membership.gateway"
SCORE = "10000"         # above the stickiness of all that is tied together
ATTEMPTS = 3            # and one more, as fping counts: a packet is lost now and then


def measured(site: Site) -> bool:
    """Whether the members look whom they reach."""
    return bool(site.timers.seconds("pacemaker.reach_timeout"))


def hosts(cluster: Cluster) -> tuple[str, ...]:
    """Whom each of them asks, itself included, so that all ask the same."""
    named = arbitrator.name_of(cluster)
    theirs = (named,) if named and not cluster.arbitrators else ()
    return (*(str(node.management) for node in (*cluster.controllers, *cluster.arbitrators)), *theirs,
            *((str(cluster.gateway),) if cluster.gateway is not None else ()))


def resources(site: Site, asked: Resources) -> Resources:
    """The measurement on every member, and what goes by it of what is ``asked`` for."""
    if not measured(site):
        return Resources()
    timers = site.timers
    look = Primitive(PRIMITIVE, "ocf:pacemaker:ping", {
        "host_list": " ".join(hosts(site.cluster)), "name": REACHED, "attempts": str(ATTEMPTS),
        "timeout": f"{timers.seconds('pacemaker.reach_timeout'):g}s",
        "dampen": f"{timers.seconds('pacemaker.reach_dampen'):g}s",
    }, operations(timers, monitor_s=timers.seconds("pacemaker.monitor_interval")))
    return Resources((look,), clones=(Clone(CLONE, PRIMITIVE),), preferences=tuple(
        Preference(f"l_{name}_where_members_are_reached", name, REACHED, 2, SCORE) for name in _heads(asked)))


def probes(site: Site) -> tuple[Probe, ...]:
    """Asked of every member."""
    gateway = site.cluster.gateway
    if gateway is None or not measured(site):
        return ()
    ask = Run(("fping", "--alive", "--retry=2", str(gateway)), check=False, timeout_s=15.0)
    return (Probe(GATEWAY, dict.fromkeys(site.controllers, ask), answers.parse_present),)


def invariants(site: Site, forget: str) -> tuple[Invariant, ...]:
    """What ``verify`` judges; ``forget`` says what to do about a resource that failed."""
    names, gateway = site.controllers, site.cluster.gateway
    if not measured(site):
        return ()
    looking = Invariant("every member looks whom it reaches", OnEvery(names, Runs(PRIMITIVE, names)), forget)
    if gateway is None:
        return (looking,)
    return (looking, Invariant(
        f"the gateway {gateway} answers every member", OnEvery(names, Fact(GATEWAY)),
        "without it two members cannot tell whose cable is lost: does it answer pings (fping), and is it the "
        "router of that network?", Severity.WARNING))


def _heads(asked: Resources) -> list[str]:
    """Those that nothing else takes along: groups, and single resources that are not beside another."""
    single = [*(each.id for each in asked.groups), *(each.id for each in asked.primitives)]
    inside = {*(each.of for each in asked.clones), *(name for each in asked.groups for name in each.members)}
    beside = {each.resource for each in asked.colocations if each.with_resource in single}
    return [name for name in single if name not in inside | beside]
