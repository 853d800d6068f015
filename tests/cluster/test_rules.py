"""Advice: what is allowed and yet costs the promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fournines.cluster.file import load
from fournines.cluster.rules import advice
from fournines.findings import Finding, Severity
from fournines.layers import SPECS

Advised = Callable[..., tuple[Finding, ...]]


@pytest.fixture
def advised(three_controllers: Path, specs: Mapping[str, type], tmp_path: Path) -> Advised:
    """Advice on the example after some texts in it were replaced."""
    def of(*replaced: tuple[str, str]) -> tuple[Finding, ...]:
        text = three_controllers.read_text()
        for before, after in replaced:
            assert before in text
            text = text.replace(before, after)
        (tmp_path / "cluster.yaml").write_text(text)
        return advice(load(tmp_path / "cluster.yaml", specs))
    return of


def test_the_example_needs_no_advice(advised: Advised) -> None:
    assert advised() == ()


@pytest.mark.parametrize("kind", ["rack", "power", "switch"])
def test_one_domain_for_all_nodes_is_a_warning(advised: Advised, kind: str) -> None:
    finding, = advised(*((f"rack: r{number}, power: pdu-{letter}", f"{kind}: one")
                         for number, letter in ((1, "a"), (2, "b"), (3, "c"))))
    assert finding.severity is Severity.WARNING
    assert finding.summary == f"every node is on {kind} one: when it fails, no majority is left"
    assert finding.remedy == f"spread the nodes over at least three values of {kind}"


def test_a_domain_that_holds_a_majority_is_a_warning(advised: Advised) -> None:
    finding, = advised(("rack: r2", "rack: r1"))
    assert finding.summary == "2 of 3 nodes are on rack r1: when it fails, no majority is left"


def test_domains_of_the_operator_count_too(advised: Advised) -> None:
    finding, = advised(("rack: r1", "domains: {room: b1}"), ("rack: r2", "domains: {room: b1}"))
    assert finding.summary.startswith("2 of 3 nodes are on room b1")


MEMBERSHIP = """\
cluster: demo
release: zed
recovery: {{recover_within: 15s}}
networks: {{management: {{cidr: 192.168.42.0/24}}}}
nodes:
{nodes}
  - {{name: arbiter, management: 192.168.42.20, arbitrator: true, rack: r1}}
layers:
  membership: {{fencing: lab}}
"""


@pytest.mark.parametrize(("racks", "said"), [
    (("r2", "r3"), []),
    (("r1", "r3"), ["2 of 3 nodes are on rack r1: when it fails, no majority is left"]),
    (("r1", "r2", "r3", "r4"), ["arbitrator arbiter is on rack r1 with node1: when it fails, both votes are "
                                "lost at once"])])
def test_an_arbitrator_is_not_lost_with_a_voter(racks: tuple[str, ...], said: list[str],
                                                tmp_path: Path) -> None:
    nodes = "\n".join(f"  - {{name: node{number}, management: 192.168.42.{number}, rack: {rack}}}"
                      for number, rack in enumerate(racks, 1))
    file = tmp_path / "cluster.yaml"
    file.write_text(MEMBERSHIP.format(nodes=nodes))
    assert [finding.summary for finding in advice(load(file, SPECS))] == said


def test_both_networks_on_one_switch_is_a_warning(advised: Advised) -> None:
    finding, = advised(("switch: sw-b", "switch: sw-a"))
    assert finding.summary == ("networks management and replication are both on switch sw-a: "
                               "when it fails, the nodes lose both at once")
    assert finding.remedy
