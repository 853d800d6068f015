"""What Pacemaker's own scheduler does with the rendered configurations: no complaint, and after the loss of
any one node everything that is asked for runs on the others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lxml import etree

from fournines.artifacts import cib

from .test_rendered import GOLDEN

CIB = "etc/fournines/cib.xml"
LOSSES = [(folder.name, node.parent.parent.parent.name) for folder in sorted(GOLDEN.iterdir())
          for node in sorted(folder.glob(f"*/{CIB}"))]
needs_pacemaker = pytest.mark.tool("crm_simulate", "pacemaker-cli-utils")


def configuration(example: str) -> Path:
    """The same on every member."""
    return next((GOLDEN / example).glob(f"*/{CIB}"))


def simulate(tool: str, before: Path, after: Path, *what: str) -> None:
    said = subprocess.run([tool, "--xml-file", before, "--simulate", "--save-output", after, *what],
                          capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 0, said.stderr


@pytest.fixture
def running(tool: str, example: str, tmp_path: Path) -> Path:
    """All members up and everything started: the state after the first load."""
    up, started, whole = (tmp_path / name for name in ("up.xml", "started.xml", "whole.xml"))
    members = [name for loss, name in LOSSES if loss == example]
    simulate(tool, configuration(example), up, "--quorum", "1",
             *(word for name in members for word in ("--node-up", name)))
    simulate(tool, up, started)
    _both_sides_are_up_to_date(started)
    simulate(tool, started, whole)
    return whole


def _both_sides_are_up_to_date(state: Path) -> None:
    """What DRBD's agent tells by an attribute of each node, and a simulation has no agent for."""
    root = etree.parse(state).getroot()
    clones = [each.of for each in cib.parse(configuration_of(root)).resources.clones if each.promotable]
    for node in root.iter("node_state"):
        attributes = node.find("transient_attributes")
        if attributes is None:
            attributes = etree.SubElement(node, "transient_attributes", id=node.get("id", ""))
        mine = etree.SubElement(attributes, "instance_attributes", id=f"status-{node.get('id')}")
        for name in clones:
            etree.SubElement(mine, "nvpair", id=f"status-{node.get('id')}-{name}", name=f"master-{name}",
                             value="10000")
    state.write_bytes(etree.tostring(root))


def configuration_of(root: etree._Element) -> str:
    return etree.tostring(root, encoding="unicode")


def placed(tool: str, state: Path) -> dict[str, dict[str, str]]:
    """Resource -> the nodes that run it, and in which role."""
    said = subprocess.run([tool, "--xml-file", state, "--output-as=xml"], capture_output=True, timeout=120,
                          check=True)
    found: dict[str, dict[str, str]] = {}
    for each in etree.fromstring(said.stdout).find("cluster_status").iter("resource"):
        roles = found.setdefault(each.get("id").partition(":")[0], {})
        roles |= {node.get("name"): each.get("role") for node in each.iter("node")}
    return found


@pytest.mark.tool("crm_verify", "pacemaker-cli-utils")
@pytest.mark.parametrize("example", sorted({example for example, _ in LOSSES}))
def test_pacemaker_finds_nothing_wrong(tool: str, example: str) -> None:
    said = subprocess.run([tool, "--xml-file", configuration(example), "-V"], capture_output=True, text=True,
                          timeout=120, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@needs_pacemaker
@pytest.mark.parametrize(("example", "lost"), LOSSES)
def test_everything_runs_without_any_one_node(tool: str, example: str, lost: str, running: Path,
                                              tmp_path: Path) -> None:
    resources = cib.parse(configuration(example).read_text()).resources
    simulate(tool, running, tmp_path / "after.xml", "--node-fail", lost)
    before, after = placed(tool, running), placed(tool, tmp_path / "after.xml")
    cloned = {each.of for each in resources.clones}
    for each in resources.primitives:
        if each.id in cloned or (each.agent.startswith("stonith:") and f"_{lost}_" not in each.id):
            continue   # who is left need not be able to fence himself
        assert len(before[each.id]) == 1, f"{each.id} did not run before"
        assert set(after[each.id].values()) == {"Started"}, f"{each.id} does not run"
        assert lost not in after[each.id]
    for clone in resources.clones:
        roles = after[clone.of]
        assert lost not in roles
        assert list(roles.values()).count("Promoted") == int(clone.promotable)
