"""Who looks whom he reaches, whom he asks, and what goes by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fournines.blueprint.requests import Run
from fournines.blueprint.resources import Clone, Colocation, Group, Primitive, Resources
from fournines.blueprint.snapshot import Snapshot
from fournines.cli.opened import Opened, open_cluster
from fournines.cluster.timers import Timers, derive
from fournines.cluster.topology import Cluster
from fournines.findings import Severity
from fournines.layers.layer import Site
from fournines.layers.membership import LAYER, reach
from fournines.layers.membership.spec import MembershipSpec

EXAMPLES = Path(__file__).parents[3] / "examples"


def site(name: str, **changes: object) -> Site:
    opened: Opened = open_cluster(EXAMPLES / f"{name}.yaml")
    cluster: Cluster = replace(opened.cluster, **changes)   # type: ignore[arg-type]
    timers: Timers = opened.timers
    return Site(cluster, timers, {}, LAYER.exchange(cluster, timers))


ONE = Resources((Primitive("p_ip_x", "ocf:heartbeat:IPaddr2"),))


def without_gateway(pair: Cluster) -> Cluster:
    return replace(pair, networks={name: replace(network, gateway=None)
                                   for name, network in pair.networks.items()})


def test_of_two_members_alone_nobody_looks() -> None:
    """Each would reach nobody when a link is lost, whose ever it is."""
    pair = site("guide-two-node")
    cluster = without_gateway(pair.cluster)
    alone = replace(pair, cluster=cluster, timers=derive(cluster))
    assert not reach.measured(alone)
    assert reach.resources(alone, ONE) == Resources()
    assert not reach.probes(alone)
    assert not reach.invariants(alone, "forget")


def test_two_members_ask_their_gateway() -> None:
    pair = site("guide-two-node")
    assert reach.hosts(pair.cluster) == ("192.168.42.82", "192.168.42.87", "192.168.42.1")
    assert [each.of for each in reach.resources(pair, ONE).clones] == [reach.PRIMITIVE]


@pytest.mark.parametrize(("rc", "truth"), [(0, True), (1, False)])
def test_a_gateway_that_does_not_answer_is_told(rc: int, truth: bool) -> None:
    pair = site("guide-two-node")
    (probe,) = reach.probes(pair)
    assert {"192.168.42.1" in request.argv for request in probe.requests.values()
            if isinstance(request, Run)} == {True}
    answered = probe.parse({"rc": rc, "stdout": "", "stderr": ""})
    told = {node: {probe.name: answered} for node in pair.controllers}
    _, invariant = reach.invariants(pair, "forget")
    assert invariant.holds.judge(Snapshot(told, {}), "node1").truth is truth
    assert invariant.severity is Severity.WARNING


def test_all_ask_the_same_of_which_each_is_one() -> None:
    three = site("three-node-active-passive")
    assert reach.hosts(three.cluster) == ("192.168.42.81", "192.168.42.82", "192.168.42.83")
    (look,) = reach.resources(three, ONE).primitives
    assert look.parameters["host_list"] == "192.168.42.81 192.168.42.82 192.168.42.83"
    assert (look.parameters["timeout"], look.parameters["dampen"]) == ("2s", "8s")


def test_an_arbitrator_is_asked_too_whoever_runs_it() -> None:
    ours = site("two-node-arbitrator")
    assert reach.hosts(ours.cluster)[2:] == ("192.168.42.83",)
    theirs = replace(ours.cluster, nodes=ours.cluster.nodes[:2],
                     layers={"membership": MembershipSpec(fencing="lab", arbitrator="192.0.2.10")})
    assert reach.hosts(theirs)[2:] == ("192.0.2.10",)


@pytest.mark.parametrize(("asked", "heads"), [
    (ONE, ["p_ip_x"]),
    (Resources((Primitive("a", "systemd:a"), Primitive("b", "systemd:b")),
               colocations=(Colocation("c", "b", "a"),)), ["a"]),
    (Resources((Primitive("a", "systemd:a"), Primitive("b", "systemd:b")), (Group("g", ("a", "b")),)), ["g"]),
    (Resources((Primitive("a", "systemd:a"), Primitive("d", "ocf:linbit:drbd")), (Group("g", ("a",)),),
               (Clone("m", "d", promotable=True),),
               colocations=(Colocation("c", "g", "m", with_role="Promoted"),)), ["g"])],
    ids=["single", "beside", "group", "on a volume"])
def test_what_nothing_else_takes_along_goes_by_it(asked: Resources, heads: list[str]) -> None:
    made = reach.resources(site("three-node-active-passive"), asked)
    assert [each.resource for each in made.preferences] == heads
    assert {(each.attribute, each.least) for each in made.preferences} == {(reach.REACHED, 2)}
    assert [each.of for each in made.clones] == [reach.PRIMITIVE]
