"""What the tools printed on real members, typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from fournines.blueprint.requests import JsonValue
from fournines.blueprint.resources import Placed
from fournines.blueprint.snapshot import Unreadable
from fournines.layers.membership import answers

OUTPUTS = Path(__file__).parent / "outputs"


def reply(name: str) -> JsonValue:
    return {"rc": 0, "stdout": (OUTPUTS / name).read_text(), "stderr": ""}


def test_votes_are_counted() -> None:
    assert answers.parse_quorum(reply("quorum")) == answers.Quorum(True, expected=3, votes=3, needed=2)


def test_a_corosync_that_does_not_run_says_so() -> None:
    silent: JsonValue = {"rc": 1, "stdout": "", "stderr": "Cannot initialize CMAP service\n"}
    with pytest.raises(Unreadable, match="CMAP"):
        answers.parse_quorum(silent)


def test_links_are_told_apart() -> None:
    assert answers.parse_links(reply("links")) == answers.Links(4, ())
    assert answers.parse_links(reply("links-one-cut")) == answers.Links(3, ("link 1 to 10.0.42.102 is down",))


def test_members_resources_and_fencing_as_pacemaker_has_them() -> None:
    seen = answers.parse_pacemaker(reply("crm_mon.xml"))
    assert (seen.quorate, seen.dc) == (True, "node1")
    assert seen.nodes == {"node1": "online", "node2": "online", "node3": "online"}
    assert seen.failures == ()
    # Of seven attempts to fence node3 the last one succeeded, at 03:25:11.
    assert seen.fenced == {"node3": 1795749911.0}
    placed = answers.parse_placements(reply("crm_mon.xml")).placed
    assert Placed("p_ip_internal", "node2", "Started") in placed
    assert {each.resource for each in placed} == {"p_ip_internal", "fence_node1_1", "fence_node2_1",
                                                  "fence_node3_1"}


@pytest.mark.parametrize(("there", "instead", "maintenance", "unmanaged"), [
    ("", "", False, ()),
    ('maintenance-mode="false"', 'maintenance-mode="true"', True, ()),
    ('id="p_ip_internal" resource_agent="ocf:heartbeat:IPaddr2" role="Started" active="true" '
     'orphaned="false" blocked="false" managed="true"',
     'id="p_ip_internal:0" managed="false"', False, ("p_ip_internal",))])
def test_what_pacemaker_was_told_to_leave_alone(
        there: str, instead: str, maintenance: bool, unmanaged: tuple[str, ...]) -> None:
    """The property is in no node's state."""
    said = (OUTPUTS / "crm_mon.xml").read_text()
    assert there in said
    seen = answers.parse_pacemaker({"rc": 0, "stderr": "", "stdout": said.replace(there, instead)})
    assert (seen.maintenance, seen.unmanaged) == (maintenance, unmanaged)
    assert set(seen.nodes.values()) == {"online"}


@pytest.mark.parametrize(("count", "barred"), [
    ("2", ()), ("3", ("p_ip_internal on node2: failed 3 times",)),
    ("INFINITY", ("p_ip_internal on node2: failed INFINITY times",))])
def test_who_failed_too_often_on_a_node_is_barred_there(count: str, barred: tuple[str, ...]) -> None:
    said = (OUTPUTS / "crm_mon.xml").read_text()
    history = '<resource_history id="p_ip_internal" '
    assert history in said
    counted: JsonValue = {"rc": 0, "stderr": "",
                          "stdout": said.replace(history, f'{history}fail-count="{count}" ')}
    assert answers.parse_pacemaker(counted).barred == barred


def test_a_node_that_is_lost_and_not_fenced_is_neither_online_nor_offline() -> None:
    assert answers.parse_pacemaker(reply("crm_mon-unclean.xml")).nodes["node2"] == "unclean"
    seen = answers.parse_placements(reply("crm_mon-unclean.xml"))
    assert (seen.online, seen.offline) == (("node1", "node3"), ())


def test_a_pacemaker_that_does_not_run_says_so() -> None:
    refused: JsonValue = {"rc": 102, "stderr": "", "stdout": '<pacemaker-result><status code="102" '
                          'message="Not connected"/></pacemaker-result>'}
    with pytest.raises(Unreadable, match="Not connected"):
        answers.parse_placements(refused)


def test_a_cluster_that_has_everything_has_what_comes_first() -> None:
    both: JsonValue = {"stdout": '{"early": ["p_api is left over"], "whole": [], "preview": []}'}
    assert answers.parse_difference(both).of("early") == ()
    half: JsonValue = {"stdout": '{"early": [], "whole": ["p_api is new"], "preview": ["start p_api"]}'}
    assert answers.parse_difference(half).of("early") == ()
    assert answers.parse_difference(half).of("whole") == ("p_api is new",)
