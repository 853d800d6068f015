"""What Pacemaker's scheduler does about one service of those that are kept together beside an address or an
agent: it mends that one only, and where it may not stay, all of them go."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from fournines.artifacts import cib

from .scheduler import configuration, placed, simulate

EXAMPLE = "three-node-active-passive"
RESOURCES = cib.parse(configuration(EXAMPLE).read_text()).resources
BESIDE: dict[str, list[str]] = {}
for each in RESOURCES.colocations:
    BESIDE.setdefault(each.with_resource, [each.with_resource]).append(each.resource)
MEMBERS = [(anchor, name) for anchor, names in BESIDE.items() for name in names]
pytestmark = pytest.mark.tool("crm_simulate", "pacemaker-cli-utils")


@pytest.fixture
def example() -> str:
    return EXAMPLE


def where(tool: str, state: Path, name: str) -> str:
    ((node, role),) = placed(tool, state)[name].items()
    assert role == "Started"
    return node


def test_the_services_are_beside_their_address_and_the_agents_beside_the_one_that_plugs() -> None:
    assert {anchor: len(names) for anchor, names in BESIDE.items()} == {
        "p_ip_api": 6, "p_neutron-linuxbridge-agent": 4}


@pytest.mark.parametrize(("anchor", "name"), [item for item in MEMBERS if item[1] != "p_ip_api"])
def test_one_that_fails_is_mended_alone(tool: str, anchor: str, name: str, running: Path,
                                        tmp_path: Path) -> None:
    node = where(tool, running, name)
    (monitor,) = (each for primitive in RESOURCES.primitives if primitive.id == name
                  for each in primitive.operations if each.name == "monitor")
    failed = f"{name}_monitor_{monitor.interval_s * 1000:.0f}@{node}=1"
    after = tmp_path / "after.xml"
    assert simulate(tool, running, after, "--op-inject", failed) == {name}
    assert {where(tool, after, each) for each in BESIDE[anchor]} == {node}


def test_an_address_that_fails_takes_its_services_through_a_start(tool: str, running: Path,
                                                                  tmp_path: Path) -> None:
    """They listen on it."""
    (monitor,) = (each for primitive in RESOURCES.primitives if primitive.id == "p_ip_api"
                  for each in primitive.operations if each.name == "monitor")
    failed = f"p_ip_api_monitor_{monitor.interval_s * 1000:.0f}@{where(tool, running, 'p_ip_api')}=7"
    assert simulate(tool, running, tmp_path / "after.xml", "--op-inject", failed) == {*BESIDE["p_ip_api"]}


@pytest.mark.parametrize(("anchor", "name"), MEMBERS)
def test_one_that_may_not_stay_takes_all_along(tool: str, anchor: str, name: str, running: Path,
                                               tmp_path: Path) -> None:
    """As after as many failures as migration-threshold allows."""
    node = where(tool, running, name)
    state = etree.parse(running)
    (constraints,) = state.iter("constraints")
    etree.SubElement(constraints, "rsc_location", id="barred", rsc=name, node=node, score="-INFINITY")
    state.write(running)
    simulate(tool, running, tmp_path / "after.xml")
    (there,) = {where(tool, tmp_path / "after.xml", each) for each in BESIDE[anchor]}
    assert there != node
