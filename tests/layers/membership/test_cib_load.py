"""The script that brings Pacemaker's configuration in force: what it compares, keeps, and replaces."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fournines.artifacts import cib
from fournines.artifacts.pacemaker import Configuration, Group, Operation, Primitive, Property, Resources
from fournines.layers.membership.node import cib_load

RESOURCES = Resources(
    primitives=(Primitive("p_a", "systemd:a", {"one": "1", "two": "2"}, (Operation("monitor", 10, 20),)),
                Primitive("p_b", "systemd:b")),
    groups=(Group("g", ("p_a", "p_b")),))
WANTED = cib_load.read(cib.emit(Configuration((Property("stonith-enabled", "true"),), RESOURCES)))
IN_FORCE = """
<cib epoch="7" num_updates="3" admin_epoch="0" have-quorum="1" dc-uuid="1"><configuration>
  <crm_config><cluster_property_set id="cib-bootstrap-options">
    <nvpair id="x1" name="dc-version" value="2.1.5"/><nvpair id="x2" name="stonith-enabled" value="true"/>
  </cluster_property_set></crm_config>
  <nodes><node id="1" uname="ctl1"><instance_attributes id="nodes-1">
    <nvpair id="nodes-1-standby" name="standby" value="on"/></instance_attributes></node></nodes>
  <resources><group id="g">
    <primitive type="a" class="systemd" id="p_a">
      <operations><op timeout="20s" interval="10s" id="other" name="monitor"/></operations>
      <instance_attributes id="other2"><nvpair id="n2" name="two" value="2"/>
        <nvpair id="n1" name="one" value="1"/></instance_attributes></primitive>
    <primitive id="p_b" class="systemd" type="b"/></group></resources>
  <constraints><rsc_location id="drbd-fence-by-handler-mysql-ms" rsc="g" node="ctl2" score="-INFINITY"/>
  %s</constraints>
</configuration><status/></cib>"""


def in_force(constraint: str = "") -> cib_load.Element:
    return cib_load.read(IN_FORCE % constraint)


def test_order_and_ids_that_only_xml_needs_make_no_difference() -> None:
    assert cib_load.differences(in_force(), WANTED) == []


def test_a_set_that_crm_resource_has_emptied_makes_no_difference() -> None:
    """As after ``--restart`` of a group's member."""
    def with_group(meta: str) -> list[str]:
        now = IN_FORCE.replace('<group id="g">', f'<group id="g">{meta}') % ""
        return cib_load.differences(cib_load.read(now), WANTED)

    assert with_group('<meta_attributes id="g-meta_attributes"/>') == []
    assert with_group('<meta_attributes id="g-meta_attributes"><nvpair id="t" name="target-role" '
                      'value="Stopped"/></meta_attributes>') == ["g differs"]


def test_what_differs_is_named() -> None:
    left_over = '<rsc_location id="cli-ban-g-on-ctl1" rsc="g" node="ctl1" score="-INFINITY"/>'
    assert cib_load.differences(in_force(left_over), WANTED) == ["cli-ban-g-on-ctl1 is left over"]
    other = Resources(primitives=(RESOURCES.primitives[1], RESOURCES.primitives[0]),
                      groups=(Group("g", ("p_b", "p_a")),))
    swapped = cib_load.read(cib.emit(Configuration((Property("no-quorum-policy", "stop"),), other)))
    assert cib_load.differences(in_force(), swapped) == [
        "crm_config no-quorum-policy is new", "crm_config stonith-enabled is left over", "g differs"]


def test_what_others_wrote_stays() -> None:
    """A standby, Pacemaker's own properties, and the mark that keeps old data from being promoted."""
    made = cib_load.merged(in_force('<rsc_location id="old" rsc="g" node="ctl1" score="1"/>'), WANTED)
    found = {each.get("id") for each in made.iter() if each.get("id")}
    assert {"drbd-fence-by-handler-mysql-ms", "nodes-1-standby", "x1"} <= found
    assert "old" not in found
    assert (made.get("epoch"), made.get("num_updates"), made.get("have-quorum")) == ("8", "0", "1")
    assert cib_load.differences(made, WANTED) == []


@pytest.mark.parametrize(("action", "words"), [
    ('<rsc_action action="Start" resource="p" node="ctl1"/>', "start p ctl1"),
    ('<rsc_action action="Move" resource="p" source="ctl1" dest="ctl2"/>', "move p ctl1 -> ctl2")])
def test_a_preview_says_what_moves_where(action: str, words: str) -> None:
    assert cib_load.describe(cib_load.read(action)) == words


STILL_RUNS = cib_load.read("""
<cib epoch="7" num_updates="3" admin_epoch="0" have-quorum="1" dc-uuid="1" crm_feature_set="3.16.1"
     validate-with="pacemaker-3.9"><configuration>
  <crm_config><cluster_property_set id="o"><nvpair id="s" name="stonith-enabled" value="false"/>
  </cluster_property_set></crm_config>
  <nodes><node id="1" uname="ctl1"/></nodes><resources/><constraints/></configuration>
<status><node_state id="1" uname="ctl1" in_ccm="true" crmd="online" join="member" expected="member">
  <lrm id="1"><lrm_resources><lrm_resource id="gone" class="ocf" provider="heartbeat" type="Dummy">
    <lrm_rsc_op id="gone_last_0" operation="start" operation_key="gone_start_0" rc-code="0" op-status="0"
      call-id="5" interval="0" on_node="ctl1" crm_feature_set="3.16.1" transition-key="1:1:0:a"
      transition-magic="0:0;1:1:0:a"/></lrm_resource></lrm_resources></lrm></node_state></status></cib>""")


@pytest.mark.tool("crm_verify", "pacemaker-cli-utils")
def test_what_still_runs_may_be_taken_out(tool: str, tmp_path: Path) -> None:
    """Pacemaker warns of it where it is shown what runs."""
    (tmp_path / "cib.xml").write_bytes(cib_load.ElementTree.tostring(STILL_RUNS))
    shown = subprocess.run([tool, "--xml-file", tmp_path / "cib.xml", "-V"], capture_output=True, check=False)
    assert shown.returncode != 0
    assert cib_load.objection(STILL_RUNS) == ""


@pytest.mark.tool("crm_simulate", "pacemaker-cli-utils")
def test_a_preview_is_what_pacemaker_would_do(tool: str) -> None:
    assert cib_load.preview(STILL_RUNS) == ["stop gone ctl1"]
    told_to_start = cib_load.read(cib_load.ElementTree.tostring(STILL_RUNS, encoding="unicode"))
    for resources in told_to_start.iter("resources"):
        resources.append(cib_load.read('<primitive id="p" class="ocf" provider="heartbeat" type="Dummy"/>'))
    assert set(cib_load.preview(told_to_start)) == {"stop gone ctl1", "start p ctl1"}


@pytest.mark.tool("crm_verify", "pacemaker-cli-utils")
def test_what_pacemaker_refuses_is_said(tool: str) -> None:
    wrong = cib_load.read(cib_load.ElementTree.tostring(STILL_RUNS, encoding="unicode"))
    for resources in wrong.iter("resources"):
        resources.append(cib_load.read('<primitive id="p" class="ocf" provider="heartbeat"/>'))
    assert "Pacemaker refuses it" in cib_load.objection(wrong)
