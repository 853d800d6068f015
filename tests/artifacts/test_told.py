"""What tools tell, as they tell it, and small formats of a line each: clocks, secrets, states."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import (
    clock,
    crm_mon,
    drbd_proc,
    drbd_status,
    secret_file,
    systemd_state,
    wsrep_status,
)
from fournines.artifacts.clock import Directive
from fournines.artifacts.crm_mon import Failures, Fenced
from fournines.artifacts.document import Complain, Entry
from fournines.artifacts.drbd_status import Peer, Resource
from fournines.artifacts.systemd_state import Unit
from fournines.audit.looks import LOOKS
from fournines.errors import Unparsable

CIB = """<cib crm_feature_set="3.16.2" validate-with="pacemaker-3.9" epoch="5" num_updates="20"
 admin_epoch="0" have-quorum="1" dc-uuid="1"><configuration><crm_config/><nodes><node id="1" uname="n1"/>
<node id="2" uname="n2"/></nodes><resources>
<primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2">
<instance_attributes id="i"><nvpair id="ip" name="ip" value="10.0.0.5"/></instance_attributes></primitive>
<primitive id="web" class="systemd" type="nginx"><meta_attributes id="m">
<nvpair id="mm" name="is-managed" value="false"/></meta_attributes></primitive></resources><constraints/>
</configuration><status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member"
 expected="member"><transient_attributes id="1">
<instance_attributes id="s"><nvpair id="f" name="fail-count-vip#monitor_10000"
 value="2"/></instance_attributes></transient_attributes><lrm id="1"><lrm_resources><lrm_resource id="vip"
 class="ocf" provider="heartbeat" type="IPaddr2"><lrm_rsc_op id="vip_last_0" operation_key="vip_start_0"
 operation="start" crm_feature_set="3.16.2" transition-key="1:1:0:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
 transition-magic="0:0;1:1:0:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa" call-id="10" rc-code="0" op-status="0"
 interval="0" last-rc-change="1700000000" op-digest="x"/></lrm_resource></lrm_resources></lrm></node_state>
<node_state id="2" uname="n2" in_ccm="false" crmd="offline" join="down" expected="member"/></status></cib>"""


@pytest.mark.tool("crm_mon", "pacemaker-cli-utils")
def test_what_crm_mon_itself_prints_is_understood(tool: str, tmp_path: Path) -> None:
    (tmp_path / "cib.xml").write_text(CIB)
    (look,) = (look for look in LOOKS if look.argv[0] == "crm_mon")
    told = subprocess.run([tool, *look.argv[1:]], env=os.environ | {"CIB_file": str(tmp_path / "cib.xml")},
                          capture_output=True, text=True, check=True, timeout=60).stdout
    state = crm_mon.parse(told)
    assert state is not None
    assert (state.coordinator, state.quorum) == ("n1", True)
    assert {each.name: each.states & {"online", "unclean"} for each in state.members} == {
        "n1": {"online"}, "n2": {"unclean"}}
    vip, web = state.resources
    assert (vip.id, vip.role, vip.nodes, "active" in vip.states) == ("vip", "Started", ("n1",), True)
    assert (web.id, web.nodes, web.states & {"active", "managed"}) == ("web", (), frozenset())
    assert state.failures == (Failures("vip", "n1", "2"),)


def test_events_of_fencing_are_kept_in_the_order_that_they_are_told_in() -> None:
    state = crm_mon.parse(
        '<r><summary/><fence_history status="0">\n<fence_event status="success" target="n2" action="off"/>\n'
        '<fence_event status="failed" target="n1" action="on"/></fence_history></r>')
    assert state is not None
    assert state.history
    assert state.fenced == (Fenced("n2", "off", "success"), Fenced("n1", "on", "failed"))
    assert [each.line for each in state.fenced] == [2, 3]


def test_replicas_with_their_peers() -> None:
    told = drbd_status.parse(
        '[{"name": "r", "role": "Primary", "devices": [{"disk-state": "UpToDate"}], "connections": [{"name": '
        '"n2", "connection-state": "Connected", "peer-role": "Secondary", "peer_devices": ['
        '{"peer-disk-state": "Inconsistent", "out-of-sync": 12}, '
        '{"peer-disk-state": "UpToDate", "out-of-sync": 4}]}]}]')
    assert told is not None
    assert told.resources == (Resource("r", "Primary", ("UpToDate",), (
        Peer("n2", "Connected", "Secondary", ("Inconsistent", "UpToDate"), 16),)),)


def test_replicas_by_their_minors() -> None:
    told = drbd_proc.parse(
        "version: 8.4.11 (api:1/proto:86-101)\nsrcversion: 059B1B470318F053F5077D5 \n"
        " 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n"
        "    ns:116173 nr:673497 dw:744222 dr:120729 al:14 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0\n"
        " 1: cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C r-----\n"
        "    ns:0 nr:0 dw:8 dr:9 al:1 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:128\n 2: cs:Unconfigured\n")
    assert told.resources == (
        Resource("minor 0", "Primary", ("UpToDate",),
                 (Peer("the other node", "Connected", "Secondary", ("UpToDate",)),)),
        Resource("minor 1", "Primary", ("UpToDate",),
                 (Peer("the other node", "WFConnection", "Unknown", ("DUnknown",), 128),)))
    assert drbd_proc.parse("version: 9.2.8 (api:2/proto:86-122)\n").resources == ()


def test_variables_of_the_server() -> None:
    assert wsrep_status.parse("wsrep_ready\tON\nUptime\t5\n").entries == (
        Entry("wsrep_ready", "ON"), Entry("uptime", "5"))


def test_units_that_systemd_wants() -> None:
    told = systemd_state.parse(
        "UnitFileState=enabled\nId=a.service\nActiveState=inactive\n\n"
        "Id=b@1.service\nActiveState=failed\nUnitFileState=\n\n\n"
        "Id=c.service\nActiveState=inactive\nUnitFileState=disabled\n")
    assert told.units == (Unit("a.service", True), Unit("b@1.service", True), Unit("c.service", False))


@pytest.mark.tool("systemctl", "systemd")
def test_what_systemctl_itself_prints_is_understood(tool: str) -> None:
    """Not every computer that runs this was started by systemd."""
    done = subprocess.run([tool, "show", "--property=Id,ActiveState,UnitFileState", "*.service"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert bool(systemd_state.parse(done.stdout).units) == (done.returncode == 0)


def test_directives_of_clocks() -> None:
    assert clock.parse("# a\nPool p iburst # four\n!x\n\nmakestep 1 3\n").directives == (
        Directive("pool", ("p", "iburst")), Directive("makestep", ("1", "3")))


def test_a_secret_is_compared_and_not_kept() -> None:
    secret = secret_file.parse("hunter2\n")
    assert secret == secret_file.parse("hunter2")
    assert secret != secret_file.parse("hunter3")
    assert "hunter" not in repr(secret)
    assert secret.length == 7


@pytest.mark.parametrize(("parse", "text"), [
    (crm_mon.parse, "<a"), (crm_mon.parse, "<a/>"), (drbd_status.parse, "{"), (drbd_status.parse, '{"a": 1}'),
    (drbd_status.parse, "[1]"),
    (drbd_proc.parse, " 0: cs:Connected"), (wsrep_status.parse, "ERROR 2002"),
    (systemd_state.parse, "Failed to connect"), (systemd_state.parse, "ActiveState=active\n")])
def test_something_else_is_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(Unparsable):
        parse(text)


@pytest.mark.parametrize("parse", [
    crm_mon.parse, drbd_status.parse, drbd_proc.parse, wsrep_status.parse, clock.parse,
    secret_file.parse, systemd_state.parse])
@given(text=st.one_of(st.text(), st.from_regex(r"\A[\[{\"a:1,}\]<>/= \t]{0,40}\Z")))
def test_no_text_is_too_much(parse: Callable[[str, Complain], object], text: str) -> None:
    parse(text, lambda problem: None)
