"""Single points of failure: what is enough alone, what with another, and the cheapest way out."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from fournines import cli
from fournines.audit.spof.analysis import WeakPoints, weak_points
from fournines.audit.spof.cuts import cuts
from fournines.audit.spof.plant import Component, plant_of
from fournines.audit.spof.state import Outcome, outcomes
from fournines.cli.opened import open_cluster
from fournines.cluster.topology import Cluster
from fournines.report.spof_picture import picture

EXAMPLE = Path(__file__).parents[2] / "examples" / "three-controllers.yaml"
EVERY = ("the database", "messaging", "images", "the cache", "the address of clients", "keystone", "glance")
CLUSTERED = ("the database", "messaging", "images", "keystone", "glance")


@pytest.fixture
def cluster() -> Cluster:
    return open_cluster(EXAMPLE).cluster


def placed(cluster: Cluster, **domains: str) -> Cluster:
    """``ctl1="rack=r9 power=a+b"`` changes domains of a node."""
    nodes = tuple(replace(node, domains={**node.domains, **dict(
        pair.split("=") for pair in domains.get(node.name, "").split())}) for node in cluster.nodes)
    return replace(cluster, nodes=nodes)


def passive(cluster: Cluster, *agents: str) -> Cluster:
    fencing = tuple(SimpleNamespace(agent=agent, nodes={}) for agent in agents)
    layers = {**cluster.layers, "database": SimpleNamespace(pattern="active-passive"),
              "membership": SimpleNamespace(fencing=fencing)}
    return replace(cluster, layers=layers)


def singles(found: WeakPoints) -> dict[str, tuple[str, tuple[str, ...], str]]:
    return {str(single.cut.components[0]): (single.cut.outcome.name, single.cut.services,
                                            single.remedy.what if single.remedy else "")
            for single in found.singles}


def test_the_example_hangs_on_its_two_switches_alone(cluster: Cluster) -> None:
    found = weak_points(cluster)
    assert {name: each[:2] for name, each in singles(found).items()} == {
        "switch sw-a": ("DOWN", EVERY), "switch sw-b": ("DOWN", CLUSTERED)}
    assert "a second switch for the network management" in singles(found)["switch sw-a"][2]
    (pairs,) = found.pairs
    assert [line[-1].name for line in pairs.lines] == ["r1", "r2", "r3"]
    assert pairs.services == CLUSTERED


def test_two_of_three_voters_in_one_rack_or_on_one_feed_are_one(cluster: Cluster) -> None:
    found = singles(weak_points(placed(cluster, ctl2="rack=r1 power=pdu-a")))
    assert found["rack r1"] == ("DOWN", CLUSTERED, "ctl1 in another rack than r1")
    assert found["power pdu-a"] == ("DOWN", CLUSTERED, "a second feed for ctl1 (power: pdu-a+OTHER)")
    two_feeds = singles(weak_points(placed(cluster, ctl1="power=a+b", ctl2="power=a+b", ctl3="power=a+b")))
    assert not any(name.startswith("power") for name in two_feeds)


def test_a_lost_connection_leaves_two_holders_of_the_address(cluster: Cluster) -> None:
    parted = placed(cluster, ctl1="switch=t1", ctl2="switch=t1", ctl3="switch=t2")
    found = singles(weak_points(parted))
    assert found["the connection between t1 and t2"] == (
        "TWICE", ("the address of clients",), "every node on all of these switches (switch: t1+t2)")


@pytest.mark.parametrize(("agents", "stuck"), [
    (("fence_redfish",),
     {"the power supply of ctl1", "the power supply of ctl2", "power pdu-a", "power pdu-b",
                          "rack r1", "rack r2"}),
    (("fence_redfish", "fence_apc"), {"power pdu-a", "power pdu-b", "rack r1", "rack r2"}),
    (("fence_redfish", "fence_sbd"), set()),
    ((),
     {"ctl1", "ctl2", "the power supply of ctl1", "the power supply of ctl2", "power pdu-a", "power pdu-b",
          "rack r1", "rack r2"}),
])
def test_fencing_that_dies_with_its_node_needs_a_person(cluster: Cluster, agents: tuple[str, ...],
                                                        stuck: set[str]) -> None:
    found = singles(weak_points(passive(cluster, *agents)))
    assert {name for name, each in found.items() if each[0] == "STUCK"} == stuck


def test_a_service_on_one_node_leaves_it_when_its_clients_are_elsewhere(cluster: Cluster) -> None:
    """If another member of three reaches somebody, and so the clients; two of three links are too many."""
    found = weak_points(passive(cluster, "fence_sbd"))
    assert {name for name, each in singles(found).items() if "the database" in each[1]} == {"switch sw-a"}
    links = {str(component) for pair in found.pairs if pair.outcome is Outcome.DOWN for line in pair.lines
             for component in line if component.kind == "link"}
    assert {"the link of ctl1 to management", "the link of ctl2 to management"} <= links


def test_of_two_nodes_each_goes_on_alone_if_it_can_fence_the_other(cluster: Cluster) -> None:
    two = replace(passive(cluster, "fence_sbd"), nodes=cluster.nodes[:2],
                  layers={key: value for key, value in passive(cluster, "fence_sbd").layers.items()
                          if key in ("database", "membership")})
    found = singles(weak_points(two))
    links = {"the link of ctl1 to management", "the link of ctl2 to management"}
    assert set(found) == {"switch sw-a", *links}
    assert {found[link][2] for link in links} == {
        "the gateway of the network management, which members ask whose link is lost (gateway: ADDRESS)"}
    unfenced = replace(two, layers={**two.layers, "membership": SimpleNamespace(fencing=())})
    parted = placed(unfenced, ctl1="switch=a", ctl2="switch=b")
    assert singles(weak_points(parted))["the connection between a and b"][0] == "TWICE"


def test_two_nodes_that_ask_their_gateway_need_it_and_both_links_no_longer(cluster: Cluster) -> None:
    asking = open_cluster(EXAMPLE.with_name("guide-two-node.yaml")).cluster
    assert set(singles(weak_points(asking))) == {"switch sw-a"}
    of_two = [{*map(str, cut.components)} for cut in cuts(plant_of(asking)) if len(cut.components) == 2]
    assert {"gateway 192.168.42.1", "the link of node1 to management"} in of_two


def test_a_remedy_is_one_after_which_the_cut_is_gone(cluster: Cluster) -> None:
    found = singles(weak_points(passive(cluster, "fence_redfish")))
    assert "a switched outlet" in found["the power supply of ctl1"][2]
    assert found["power pdu-a"][2] == "a second feed for ctl1 (power: pdu-a+OTHER)"
    assert "SBD" in found["rack r1"][2]


def test_all_copies_in_what_burns_together_are_lost(cluster: Cluster) -> None:
    one_room = placed(cluster, ctl1="room=a", ctl2="room=a", ctl3="room=a")
    lost = [single.cut for single in weak_points(one_room).singles if single.cut.outcome is Outcome.LOST]
    assert [(str(cut.components[0]), cut.services) for cut in lost] == [
        ("room a", ("the database", "messaging", "images"))]


@pytest.mark.parametrize("changed", [{}, {"ctl2": "rack=r1"}, {"ctl3": "switch=x power=pdu-a+pdu-b"}])
def test_cuts_are_minimal_and_complete(cluster: Cluster, changed: dict[str, str]) -> None:
    """Against every set of up to three, without any of the search's short cuts."""
    plant = plant_of(placed(cluster, **changed))
    found = cuts(plant, 3)
    for size in (1, 2, 3):
        for chosen in combinations(plant.components, size):
            harmed = {service: outcome for service, outcome in outcomes(plant, frozenset(chosen)).items()
                      if outcome is not Outcome.UP}
            for service, outcome in harmed.items():
                assert any(cut.key <= {*chosen} and service in cut.services
                           and cut.outcome.rank >= outcome.rank
                           for cut in found)
    for cut in found:
        for service in cut.services:
            assert outcomes(plant, cut.key)[service] is cut.outcome
            for component in cut.components:
                assert outcomes(plant, cut.key - {component})[service].rank < cut.outcome.rank


def test_the_picture_marks_what_is_enough_alone(cluster: Cluster) -> None:
    drawn = picture("a<b", weak_points(cluster))
    root = ElementTree.fromstring(drawn)   # noqa: S314  our own
    titles = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == len([each for each in plant_of(cluster).components if each.kind != "link"])
    assert [title for title in titles if ": alone: " in title] == [
        f"switch {name}: alone: {', '.join(services)}: is down until it is repaired"
        for name, services in (("sw-a", EVERY), ("sw-b", CLUSTERED))]


def test_the_command_says_it_in_words_and_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    drawn = tmp_path / "a.svg"
    assert cli.run(["audit", str(EXAMPLE), "--spof", "--picture", str(drawn)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("switch sw-a alone: everything is down until it is repaired\n  cheapest remedy: a "
                          "second")
    assert drawn.read_text(encoding="utf-8").startswith("<svg")
    assert cli.run(["audit", str(EXAMPLE), "--spof", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["one"]) == 2
    assert cli.run(["audit", "/etc", "--spof"]) == 1
    assert "of one cluster file" in capsys.readouterr().err


def test_what_is_not_declared_is_said(cluster: Cluster) -> None:
    bare = replace(cluster, nodes=tuple(replace(node, domains={}) for node in cluster.nodes))
    assert weak_points(bare).unsaid == ("rack", "power")
    assert Component("rack", "r1") not in plant_of(bare).components
