"""Pacemaker's own scheduler on a rendered configuration: what it would do, and where everything is then."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from lxml import etree

from fournines.artifacts import cib

from .test_rendered import GOLDEN

CIB = "etc/fournines/cib.xml"
MEMBERS: dict[str, list[str]] = {}
for _example, _node in sorted(path.relative_to(GOLDEN).parts[:2] for path in GOLDEN.glob(f"*/*/{CIB}")):
    MEMBERS.setdefault(_example, []).append(_node)
"""Of each example that has one: the nodes. The configuration is the same on all."""


def configuration(example: str) -> Path:
    return GOLDEN / example / MEMBERS[example][0] / CIB


def simulate(tool: str, before: Path, after: Path, *what: str) -> set[str]:
    """The resources that the scheduler would do anything about; ``after`` is the state when it is done."""
    said = subprocess.run(
        [tool, "--xml-file", before, "--simulate", "--save-output", after, "--output-as=xml", *what],
        capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 0, said.stderr
    actions = etree.fromstring(said.stdout.encode()).find("actions")
    return set() if actions is None else {each.get("resource", "") for each in actions.iter("rsc_action")}


@cache
def all_started(tool: str, example: str) -> bytes:
    """All members up and everything started: the state after the first load."""
    with TemporaryDirectory() as folder:
        up, started, whole = (Path(folder, name) for name in ("up.xml", "started.xml", "whole.xml"))
        simulate(tool, configuration(example), up, "--quorum", "1",
                 *(word for name in MEMBERS[example] for word in ("--node-up", name)))
        simulate(tool, up, started)
        _both_sides_are_up_to_date(started)
        simulate(tool, started, whole)
        return whole.read_bytes()


def _both_sides_are_up_to_date(state: Path) -> None:
    """What DRBD's agent tells."""
    configured = cib.parse(state.read_text())
    for each in configured.resources.clones:
        if each.promotable:
            tell(state, f"master-{each.of}", {name: 10000 for name in configured.nodes})


def tell(state: Path, attribute: str, values: Mapping[str, int]) -> None:
    """Set a node's attribute, by the name of the node: a simulation has no agent that does."""
    root = etree.parse(state).getroot()
    for node in root.iter("node_state"):
        attributes = node.find("transient_attributes")
        if attributes is None:
            attributes = etree.SubElement(node, "transient_attributes", id=node.get("id", ""))
        prefix = f"status-{node.get('id')}-{attribute}"
        for told in attributes.findall(f"instance_attributes[@id='{prefix}']"):
            attributes.remove(told)
        mine = etree.SubElement(attributes, "instance_attributes", id=prefix)
        etree.SubElement(mine, "nvpair", id=f"{prefix}-value", name=attribute,
                         value=str(values[node.get("uname", "")]))
    state.write_bytes(etree.tostring(root))


def placed(tool: str, state: Path) -> dict[str, dict[str, str]]:
    """Resource -> the nodes that run it, and in which role."""
    said = subprocess.run([tool, "--xml-file", state, "--output-as=xml"], capture_output=True, timeout=120,
                          check=True)
    found: dict[str, dict[str, str]] = {}
    for each in etree.fromstring(said.stdout).find("cluster_status").iter("resource"):
        roles = found.setdefault(each.get("id").partition(":")[0], {})
        roles |= {node.get("name"): each.get("role") for node in each.iter("node")}
    return found
