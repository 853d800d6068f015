"""The membership layer: what its files say, what its steps wait for, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.artifacts import cib, corosync
from fournines.artifacts.pacemaker import Level
from fournines.blueprint.contribution import Exchange, SecretKind
from fournines.blueprint.predicate import Judgement
from fournines.blueprint.requests import Run
from fournines.blueprint.resources import (
    LOAD_RESOURCES,
    LOAD_SERVICES,
    RESOURCES,
    Clone,
    Group,
    Placed,
    Placements,
    Primitive,
    Resources,
    Runs,
    runs_on_one,
)
from fournines.blueprint.snapshot import Gone, Snapshot
from fournines.cluster.notation import Wrong
from fournines.cluster.timers import derive
from fournines.cluster.topology import Recovery
from fournines.engine.compile import Blueprint
from fournines.engine.status import status
from fournines.findings import Severity
from fournines.layers.layer import Site
from fournines.layers.membership import (
    LAYER,
    artifacts,
    configuration,
    fencing,
    health,
    procedures,
)
from fournines.layers.membership.answers import FENCING, PACEMAKER, Pacemaker, Proofs
from fournines.layers.membership.spec import FencingDevice, MembershipSpec

NODES = ("ctl1", "ctl2", "ctl3")
BMC = FencingDevice("fence_redfish", parameters={"username": "admin", "ssl_secure": True},
                    nodes={name: {"ip": f"192.168.43.{number}"} for number, name in enumerate(NODES, 1)},
                    secrets={"password": "bmc"})
PDU = FencingDevice("fence_apc", level=2, parameters={"ip": "192.168.43.90"}, secrets={"password": "pdu"})
MYSQL = Resources(
    primitives=(Primitive("p_drbd_mysql", "ocf:linbit:drbd"),
                Primitive("p_fs_mysql", "ocf:heartbeat:Filesystem"),
                Primitive("p_ip_mysql", "ocf:heartbeat:IPaddr2", {"ip": "192.168.42.101"})),
    groups=(Group("g_mysql", ("p_fs_mysql", "p_ip_mysql")),),
    clones=(Clone("ms_drbd_mysql", "p_drbd_mysql", promotable=True),))
API = Resources(primitives=(Primitive("p_keystone", "ocf:openstack:keystone"),))
KEY = "QUJDRA=="


@pytest.fixture
def fenced(site: Site) -> Site:
    """Three controllers with a BMC each, and a PDU for all."""
    cluster = replace(site.cluster, layers={"membership": MembershipSpec((BMC, PDU))},
                      recovery=Recovery(15.0))
    secrets = {artifacts.KEY_SECRET: KEY, "fencing.bmc": "bmc-password", "fencing.pdu": "pdu-password"}
    return Site(cluster, derive(cluster), secrets)


def with_resources(site: Site, **asked: object) -> Site:
    return replace(site, exchange=Exchange(**asked))  # type: ignore[arg-type]


def settings(site: Site, section: str) -> Mapping[str, str]:
    return {entry.key: entry.value for entry in named(site, section).entries}


def named(site: Site, name: str) -> corosync.Section:
    (found,) = [each for each in corosync.parse(artifacts.corosync_text(site)).sections if each.name == name]
    return found


def test_two_links_encrypted_with_a_key_for_root_alone(fenced: Site) -> None:
    totem = settings(fenced, "totem")
    assert (totem["transport"], totem["crypto_cipher"], totem["crypto_hash"]) == ("knet", "aes256", "sha256")
    assert [[entry.value for entry in node.entries] for node in named(fenced, "nodelist").sections] == [
        [name, str(number), f"192.168.42.1{number}", f"10.0.42.1{number}"]
        for number, name in enumerate(NODES, 1)]
    files = artifacts.files(fenced, fenced.cluster.nodes[0])
    (key,) = [each for each in files if each.path == artifacts.AUTHKEY]
    assert (key.content, key.mode, key.owner, key.secret) == (b"ABCD", 0o400, "root", True)


@pytest.mark.tool("corosync", "corosync")
@pytest.mark.parametrize(("transport", "code"), [("knet", 0), ("carrier pigeons", 8)])
def test_corosync_itself_looks_at_what_is_to_be_written(fenced: Site, tool: str, transport: str,
                                                        code: int) -> None:
    """And not at what is on the disk."""
    step = {each.name: each for each in procedures.steps(fenced)}[procedures.CHECK_COROSYNC]
    (ask,) = step.do["ctl1"]
    assert isinstance(ask, Run)
    here = ask.stdin.replace("name: ctl1", f"name: {os.uname().nodename}")   # it has to find itself
    ended = subprocess.run(ask.argv, input=here.replace("transport: knet", f"transport: {transport}"),
                           env={"PATH": f"{Path(tool).parent}:/usr/bin:/bin"}, text=True, capture_output=True,
                           check=False, timeout=60)
    assert ended.returncode == code, ended.stderr


def test_two_nodes_need_each_other_to_begin_and_nobody_to_go_on(fenced: Site) -> None:
    assert settings(fenced, "quorum") == {"provider": "corosync_votequorum"}
    two = replace(fenced.cluster, nodes=fenced.cluster.nodes[:2])
    pair = replace(fenced, cluster=two, timers=derive(two))
    assert settings(pair, "quorum") == {"provider": "corosync_votequorum", "two_node": "1",
                                        "wait_for_all": "1"}
    assert health.members(pair).needs == 1
    primitives = fencing.resources(two, pair.timers).primitives
    delays = [each.parameters.get("pcmk_delay_base") for each in primitives]
    assert delays == ["ctl1:2s", "ctl1:2s", None, None]   # both devices against the first node


def test_devices_come_in_levels_and_never_run_where_they_are_needed(fenced: Site) -> None:
    made = configuration.whole(fenced)
    assert made.levels[:2] == (Level("fl_ctl1_1", "ctl1", 1, ("fence_ctl1_1",)),
                               Level("fl_ctl1_2", "ctl1", 2, ("fence_ctl1_2",)))
    for each in made.resources.locations:
        assert (each.resource.split("_")[1], each.score) == (each.node, "-INFINITY")


def test_no_password_is_in_the_configuration_or_in_what_devices_are_told(fenced: Site) -> None:
    whole = procedures.wanted(fenced)
    told = [request.stdin for step in procedures.steps(fenced) for requests in step.do.values()
            for request in requests if isinstance(request, Run)]
    assert "bmc-password" not in whole + "".join(told)
    assert "password_script=" not in whole   # it is a pair of its own
    (device, *_) = fencing.devices(fenced.cluster)
    assert device.parameters["password_script"] == "cat /etc/fournines/fencing/fencing.bmc"
    held = {each.path: each for each in fencing.files(fenced)}
    assert held["/etc/fournines/fencing/fencing.bmc"].content == b"bmc-password\n"
    assert {(each.mode, each.secret) for each in held.values()} == {(0o600, True)}


def test_a_device_with_other_parameters_has_to_be_tried_again(fenced: Site) -> None:
    moved = replace(BMC, nodes={**BMC.nodes, "ctl1": {"ip": "192.168.43.77"}})
    cluster = replace(fenced.cluster, layers={"membership": MembershipSpec((moved, PDU))})
    assert to_be_tried(replace(fenced, cluster=cluster), after=fenced) == ["fence_ctl1_1"]


def test_a_device_with_another_password_has_to_be_tried_again(fenced: Site) -> None:
    rotated = replace(fenced, secrets={**fenced.secrets, "fencing.bmc": "another"})
    assert to_be_tried(rotated, after=fenced) == [f"fence_{name}_1" for name in NODES]
    assert to_be_tried(fenced, after=fenced) == []


def to_be_tried(site: Site, after: Site) -> list[str]:
    """The devices that have not answered ctl3, nor ctl1, when every one has answered as it was ``after``."""
    (step,) = [each for each in procedures.steps(site) if each.name == procedures.TEST_FENCING]
    (request,) = step.do["ctl1"]
    assert isinstance(request, Run)
    told = {each["name"]: each["digest"] for each in json.loads(request.stdin)["devices"]}
    seen = Snapshot({name: {FENCING: Proofs(fencing.digests(after))} for name in NODES}, {})
    assert step.unless is not None
    words = " ".join(step.unless.judge(seen, name).because for name in ("ctl1", "ctl3"))
    assert health.proven(site, NODES).judge(seen, "").truth is ("has not tried" not in words)
    noted = Snapshot({name: {FENCING: Proofs(told)} for name in NODES}, {})
    assert step.unless.judge(noted, "ctl1").truth is True   # what the script notes is what is asked for
    return sorted(name for name in told if name in words)


def test_what_is_noted_tells_nobody_the_password(fenced: Site) -> None:
    """Who has no key cannot try passwords on it."""
    other = replace(fenced, secrets={**fenced.secrets, artifacts.KEY_SECRET: "QUJDRQ=="})
    assert not set(fencing.digests(other).values()) & set(fencing.digests(fenced).values())


def test_a_lab_brings_its_own_switches(site: Site) -> None:
    cluster = replace(site.cluster, layers={"membership": MembershipSpec("lab")})
    devices = fencing.devices(cluster)
    assert [each.parameters["systems_uri"] for each in devices] == [
        f"/redfish/v1/Systems/{name}" for name in NODES]
    assert {each.parameters["ip"] for each in devices} == {"192.168.42.254"}
    assert {each.parameters["ssl_secure"] for each in devices} == {"1"}   # the certificate is checked
    (need,) = fencing.secrets(cluster)
    assert (need.name, need.kind) == ("lab.switches", SecretKind.GIVEN)


@pytest.mark.parametrize(("settings", "what"), [
    ({"agent": "redfish"}, "has agent redfish"),
    ({"agent": "fence_apc", "level": 0}, "has level 0"),
    ({"agent": "fence_apc", "parameters": {"password": "x"}}, "has password in clear text"),
    ({"agent": "fence_apc", "nodes": {"a": {"passwd": "x"}}}, "has passwd in clear text"),
    ({"agent": "fence_apc", "parameters": {"pcmk_host_list": "a"}}, "has pcmk_host_list, which Fournines"),
    ({"agent": "fence_apc", "secrets": {"login": "x"}}, "has secret login"),
    ({"agent": "fence_apc", "secrets": {"password": "a; rm -rf /"}}, "has secret a; rm")])
def test_devices_that_cannot_be_used_are_refused(settings: dict[str, object], what: str) -> None:
    with pytest.raises(Wrong) as refused:
        FencingDevice(**settings)  # type: ignore[arg-type]
    assert refused.value.what.startswith(what)


def test_addresses_nobody_asks_for_are_held_by_themselves(fenced: Site) -> None:
    assert [each.id for each in configuration.addresses(fenced).primitives] == ["p_ip_internal"]
    assert not configuration.addresses(with_resources(fenced, resources=MYSQL))
    balanced = replace(fenced.cluster, layers={**fenced.cluster.layers, "loadbalancer": object()})
    assert not configuration.addresses(replace(fenced, cluster=balanced))


def test_nothing_is_loaded_before_what_it_stands_on(fenced: Site) -> None:
    asked = with_resources(fenced, resources=MYSQL, before_resources=("storage: make the device",),
                           service_resources=API, before_service_resources=("api: make the tables",))
    needs = {step.name: step.needs for step in procedures.steps(asked)}
    assert needs[LOAD_RESOURCES] == (procedures.START_PACEMAKER, "storage: make the device")
    assert needs[LOAD_SERVICES] == (LOAD_RESOURCES, "api: make the tables")
    pacemaker = procedures.services(asked)[1]
    assert procedures.TEST_FENCING in pacemaker.needs
    told = json.loads(procedures.wanted(asked))
    assert [("p_keystone" in told[which]) for which in ("early", "whole")] == [False, True]
    assert LOAD_SERVICES not in {step.name for step in procedures.steps(fenced)}


def test_invariants_and_seats_follow_what_was_asked(fenced: Site) -> None:
    asked = with_resources(fenced, resources=MYSQL, service_resources=API)
    names = {each.name for each in health.invariants(asked)}
    assert {"exactly one node runs p_fs_mysql", "exactly one node runs p_ip_mysql",
            "exactly one node runs p_drbd_mysql as Promoted", "exactly one node runs p_keystone"} <= names
    assert "exactly one node runs p_drbd_mysql" not in names
    assert [seat.name for seat in health.seats(asked)] == [
        "controller of Pacemaker", "promoted ms_drbd_mysql", "group g_mysql", "resource p_keystone"]


def view(*placed: Placed, online: tuple[str, ...] = NODES, offline: tuple[str, ...] = (),
         quorate: bool = True) -> dict[str, object]:
    return {RESOURCES: Placements(quorate, "ctl1", online, offline, placed)}


def judged(values: Mapping[str, Mapping[str, object]]) -> bool | None:
    gone = {name: Gone("powered off") for name in NODES if name not in values}
    return runs_on_one("p", NODES).judge(Snapshot(values, gone), "").truth


def test_what_runs_once_is_known_also_when_a_node_was_fenced() -> None:
    there = Placed("p", "ctl2", "Started")
    assert judged(dict.fromkeys(NODES, view(there))) is True
    survivors = dict.fromkeys(NODES[1:], view(there, online=NODES[1:], offline=("ctl1",)))
    assert judged(survivors) is True
    lost = dict.fromkeys(NODES[1:], view(there, online=NODES[1:]))   # not fenced yet: it may run there too
    assert judged(lost) is None
    minority = dict.fromkeys(NODES[1:], view(there, online=NODES[1:], offline=("ctl1",), quorate=False))
    assert judged(minority) is None


def test_a_node_without_quorum_still_speaks_for_itself() -> None:
    """What a minority goes on running is a second one, whatever the majority believes."""
    majority = view(Placed("p", "ctl2", "Started"), online=NODES[1:], offline=("ctl1",))
    cut = view(Placed("p", "ctl1", "Started"), online=("ctl1",), quorate=False)
    assert judged({"ctl1": cut, "ctl2": majority, "ctl3": majority}) is False


def test_what_has_failed_may_run_or_not() -> None:
    """Neither a start that has succeeded, nor a reason to think that nothing is there."""
    failed, well = Placed("p", "ctl1", "Started", failed=True), Placed("p", "ctl2", "Started")
    assert judged(dict.fromkeys(NODES, view(failed))) is None
    assert judged(dict.fromkeys(NODES, view(failed, well))) is None
    assert judged(dict.fromkeys(NODES, view(well))) is True


def test_a_role_is_told_apart() -> None:
    snapshot = Snapshot({"ctl1": view(Placed("p", "ctl1", "Unpromoted"))}, {})
    assert Runs("p", NODES).judge(snapshot, "ctl1").truth is True
    assert Runs("p", NODES, "Promoted").judge(snapshot, "ctl1").truth is False


def test_no_member_is_touched_while_another_is_lost() -> None:
    states = {"ctl1": "online", "ctl2": "unclean", "ctl3": "online"}
    snapshot = Snapshot({"ctl1": {PACEMAKER: Pacemaker(True, "ctl1", states, (), (), {})}}, {})
    assert health.Online().judge(snapshot, "ctl1").truth is True
    assert health.Online(nobody_lost=True).judge(snapshot, "ctl1").truth is False
    assert health.Online().judge(snapshot, "ctl2").truth is None


def test_maintenance_that_was_forgotten_is_told(fenced: Site) -> None:
    """Every node is online in it, and the configuration is as wanted."""
    managed = next(each for each in health.invariants(fenced) if "manages" in each.name)
    assert managed.severity is Severity.ERROR
    online = Pacemaker(True, "ctl1", dict.fromkeys(NODES, "online"), (), (), {})
    off, one = replace(online, maintenance=True), replace(online, unmanaged=("p_ip_internal",))

    def judge(seen: Pacemaker, **other: Pacemaker) -> Judgement:
        values = {node: {PACEMAKER: other.get(node, seen)} for node in NODES}
        return managed.holds.judge(Snapshot(values, {}), "")

    assert judge(online).truth is True
    assert (judge(off).truth, judge(off).because) == (
        False, "the cluster's property maintenance-mode is true: nothing is recovered")
    assert (judge(online, ctl2=one).truth, judge(one).because) == (
        False, "Pacemaker leaves alone p_ip_internal")


def test_status_says_when_each_device_was_last_proven(fenced: Site) -> None:
    """By its own answer to any member, or by fencing that succeeded: the latest."""
    tried = Proofs(at_s={"fence_ctl1_1": 1000.0, "fence_ctl2_1": 1000.0})
    lately = Pacemaker(True, "ctl2", dict.fromkeys(NODES, "online"), (), (), {"ctl2": 5000.0})
    snapshot = Snapshot({"ctl2": {FENCING: tried, PACEMAKER: lately}}, {})
    blueprint = Blueprint("demo", NODES, {}, {}, {}, (), (), proofs=health.proofs(fenced))
    seen = {proof.name: (proof.at, proof.by) for proof in status(fenced.cluster, blueprint, snapshot).proofs}
    assert seen["fencing of ctl1 by fence_ctl1_1 (fence_redfish)"] == ("1970-01-01T00:16:40+00:00", "ctl2")
    assert seen["fencing of ctl2 by fence_ctl2_1 (fence_redfish)"] == ("1970-01-01T01:23:20+00:00", "ctl2")
    assert seen["fencing of ctl3 by fence_ctl3_1 (fence_redfish)"] == ("", "")


def test_what_pacemaker_gets_is_read_again(fenced: Site) -> None:
    asked = with_resources(fenced, resources=MYSQL)
    text = cib.emit(configuration.whole(asked))
    assert {each.id for each in cib.parse(text).resources.primitives} == {
        each.id for each in configuration.whole(asked).resources.primitives}


def test_the_layer_is_the_one_of_the_example(fenced: Site) -> None:
    part = LAYER.contribute(fenced)
    assert set(part.packages) == set(NODES)
    assert {Path(each.path).name for each in part.files["ctl1"]} >= {"corosync.conf", "authkey", "cib.xml"}
