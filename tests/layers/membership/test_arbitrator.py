"""The arbitrator: what Corosync is told, who needs whose certificate, and what a vote is worth."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from fournines.artifacts import corosync
from fournines.blueprint.contribution import SecretKind
from fournines.blueprint.requests import JsonValue
from fournines.blueprint.snapshot import Gone, Snapshot, Unreadable
from fournines.blueprint.steps import Service
from fournines.cluster import file
from fournines.cluster.certificates import QuorumCertificates
from fournines.cluster.notation import Wrong
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster, Node
from fournines.engine.compile import Blueprint
from fournines.engine.status import status
from fournines.layers import SPECS
from fournines.layers.layer import Site
from fournines.layers.membership import LAYER, answers, arbitrator, artifacts, health, procedures
from fournines.layers.membership.answers import PACEMAKER, QUORUM, Pacemaker, Quorum, Vote
from fournines.layers.membership.spec import FencingDevice, MembershipSpec

EXAMPLE = Path(__file__).parents[3] / "examples" / "two-node-arbitrator.yaml"
BOTH = QuorumCertificates("the arbitrator's\n", "the members'\n")
MEMBERS = ("node1", "node2")


def site_of(cluster: Cluster) -> Site:
    return Site(cluster, derive(cluster), {
        artifacts.KEY_SECRET: "QUJDRA==", "lab.switches": "x", arbitrator.OWN_SECRET: BOTH.as_json(),
        arbitrator.GIVEN_SECRET: "signed by others\n\n", "fencing.bmc": "x"})


@pytest.fixture
def own() -> Site:
    """An arbitrator that is a node of the cluster."""
    return site_of(file.load(EXAMPLE, SPECS))


@pytest.fixture
def elsewhere(own: Site) -> Site:
    """One that others run."""
    cluster = replace(own.cluster, nodes=own.cluster.controllers,
                      layers={"membership": MembershipSpec("lab", "qnetd.example.org")})
    return site_of(cluster)


def settings(site: Site) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Of ``quorum``, of its device, and of the device's net."""
    (quorum,) = [each for each in corosync.parse(artifacts.corosync_text(site)).sections
                 if each.name == "quorum"]
    (device,), (net,) = quorum.all("device"), quorum.all("device")[0].all("net")
    return tuple({entry.key: entry.value for entry in each.entries}  # type: ignore[return-value]
                 for each in (quorum, device, net))


def service(site: Site, unit: str) -> Service:
    (found,) = [each for each in procedures.services(site) if each.unit == unit]
    return found


def test_two_with_an_arbitrator_are_a_majority_and_no_special_case(own: Site) -> None:
    quorum, device, net = settings(own)
    assert quorum == {"provider": "corosync_votequorum"}
    assert device == {"model": "net", "votes": "1", "timeout": "1440", "sync_timeout": "2880"}
    assert net == {"host": "192.168.42.83", "port": "5403", "tls": "required", "algorithm": "ffsplit",
                   "tie_breaker": "lowest"}


def test_the_arbitrator_is_no_member_and_runs_nothing_but_its_vote(own: Site) -> None:
    part = LAYER.contribute(own)
    assert "arbiter" not in artifacts.corosync_text(own)
    assert part.packages["arbiter"] == ("corosync-qnetd", "libnss3-tools", "openssl")
    assert {each.path: (each.mode, each.secret) for each in part.files["arbiter"]
            if "/etc/fournines" in each.path} == {arbitrator.BUNDLE: (0o600, True)}
    assert [each.unit for each in part.services if "arbiter" in each.nodes] == [arbitrator.QNETD_UNIT]


def test_each_side_gets_its_own_key_and_nobody_the_other_ones(own: Site) -> None:
    part = LAYER.contribute(own)
    bundles = {node: [each.content.decode() for each in files if each.path == arbitrator.BUNDLE]
               for node, files in part.files.items()}
    assert bundles == {"node1": [BOTH.member], "node2": [BOTH.member], "arbiter": [BOTH.arbitrator]}
    (need,) = arbitrator.secrets(own.cluster)
    assert (need.kind, need.subject) == (SecretKind.QUORUM_CERTIFICATES, "arbitrated")
    told = json.dumps([request.to_wire() for step in arbitrator.steps(own) for requests in step.do.values()
                       for request in requests])
    assert "the members'" not in told


def test_corosync_brings_its_device_along_and_waits_for_the_vote(own: Site) -> None:
    """A member that is restarted alone has quorum only with that vote."""
    part = LAYER.contribute(own)
    (drop_in,) = [each for each in part.files["node1"] if each.path == artifacts.COROSYNC_DROP_IN]
    assert b"Wants=corosync-qdevice.service" in drop_in.content
    assert {arbitrator.START_QNETD, arbitrator.GIVE_MEMBERS} <= {
        *service(own, artifacts.COROSYNC_UNIT).needs}
    quorate = Snapshot({"node1": {QUORUM: Quorum(True, 3, 2, 2, Vote.WITHHELD)}}, {})
    assert service(own, artifacts.COROSYNC_UNIT).ready.holds.judge(quorate, "node1").truth is False


def test_nobody_waits_for_the_vote_and_nobody_races(own: Site) -> None:
    timers = own.timers
    known_s = timers.seconds("corosync.token") + timers.seconds("corosync.consensus")
    assert 1.2 * timers.seconds("corosync.device_timeout") <= known_s
    assert 0.8 * timers.seconds("corosync.device_timeout") >= 1.0   # less is not taken
    assert timers.seconds("pacemaker.fence_delay") == 0
    (chain,) = [each for each in timers.chains if each.name == "node power loss: address of Pacemaker"]
    assert "the arbitrator votes for the others" in {term.what for term in chain.terms}


def test_without_one_nothing_of_it_is_there(own: Site) -> None:
    cluster = replace(own.cluster, nodes=own.cluster.controllers)
    pair = site_of(cluster)
    assert not cluster.arbitrated
    assert "device" not in artifacts.corosync_text(pair)
    assert pair.timers.seconds("corosync.device_timeout") == 0
    assert not (*arbitrator.secrets(cluster), *arbitrator.invariants(pair),
                *arbitrator.files(pair, "member"))


def test_the_client_of_one_of_before_goes_once_corosync_counts_without_it(own: Site) -> None:
    pair = site_of(replace(own.cluster, nodes=own.cluster.controllers))
    (step,), (probe,) = arbitrator.steps(pair), arbitrator.probes(pair)
    assert step.needs == ("membership: restart corosync.service",)
    assert [str(each) for each in step.do["node1"]] == [str(each) for each in step.do["node2"]]
    assert step.unless is not None
    for enabled, gone in (("enabled", False), ("disabled", True), ("", True)):
        left = probe.parse({"corosync-qdevice.service": {"enabled": enabled}})
        assert step.unless.judge(Snapshot({"node1": {probe.name: left}}, {}), "node1").truth is gone


def test_one_that_others_run_is_asked_with_the_certificate_that_they_signed(elsewhere: Site) -> None:
    assert settings(elsewhere)[2]["host"] == "qnetd.example.org"
    (need,) = arbitrator.secrets(elsewhere.cluster)
    assert (need.name, need.kind) == ("arbitrator.certificate", SecretKind.GIVEN)
    part = LAYER.contribute(elsewhere)
    assert set(part.files) == set(MEMBERS)
    (bundle,) = [each.content for each in part.files["node1"] if each.path == arbitrator.BUNDLE]
    assert bundle == b"signed by others\n"
    assert {node for each in part.services for node in each.nodes} == set(MEMBERS)
    (members,) = part.members
    assert (members.nodes, members.needs) == ((*MEMBERS, "qnetd.example.org"), 2)


@pytest.mark.parametrize("written", ["https://192.0.2.10", "two words", "-S nss_db_dir=x", "a;b"])
def test_an_arbitrator_that_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(Wrong) as refused:
        MembershipSpec((FencingDevice("fence_apc"),), arbitrator=written)
    assert refused.value.what == f"has arbitrator {written}"


def seen(**quorums: Quorum | None) -> Snapshot:
    """The members that answer, online; None for one that is gone."""
    online = Pacemaker(True, "node1", dict.fromkeys(MEMBERS, "online"), (), (), {})
    return Snapshot({name: {QUORUM: quorum, PACEMAKER: online}
                     for name, quorum in quorums.items() if quorum},
                    {name: Gone("powered off") for name, quorum in quorums.items() if quorum is None})


WHOLE, WITHOUT = Quorum(True, 3, 3, 2, Vote.GIVEN), Quorum(True, 3, 2, 2, Vote.WITHHELD)


@pytest.mark.parametrize(("snapshot", "well", "margin"), [
    (seen(node1=WHOLE, node2=WHOLE), ("node1", "node2", "arbiter"), 1),
    (seen(node1=WITHOUT, node2=WITHOUT), ("node1", "node2"), 0),
    (seen(node1=Quorum(True, 3, 2, 2, Vote.GIVEN), node2=None), ("node1", "arbiter"), 0),
    (seen(node1=Quorum(False, 3, 1, 2, Vote.WITHHELD), node2=None), (), -2)])
def test_status_counts_the_arbitrator_among_those_who_vote(own: Site, snapshot: Snapshot,
                                                           well: tuple[str, ...], margin: int) -> None:
    blueprint = Blueprint("demo", MEMBERS, {}, {}, {}, (), (), members=(health.members(own),))
    (shown,) = status(own.cluster, blueprint, snapshot).members
    assert (shown.well, shown.margin) == (well, margin)


@pytest.mark.parametrize(("other", "device", "allowed"), [
    (WHOLE, True, True), (WITHOUT, True, False),
    (Quorum(True, 2, 2, 2), True, False),      # its client does not run
    (Quorum(True, 3, 2, 2), None, None),       # nor is it known whether there should be one
    (Quorum(True, 2, 2, 1), False, True),      # has not heard of one yet
    (Quorum(True, 3, 2, 2), False, True)])     # counts without it again, and the other still with it
def test_a_member_is_restarted_only_while_the_votes_of_the_rest_are_enough(
        own: Site, other: Quorum, device: bool | None, allowed: bool | None) -> None:
    values = dict(seen(node2=other).values["node2"])
    if device is not None:
        values[answers.DEVICE] = device
    look = Snapshot({"node2": values}, {})
    assert arbitrator.SPARE.judge(look, "node2").truth is allowed
    guard = service(own, artifacts.COROSYNC_UNIT).others_ok
    assert guard is not None
    links = {answers.LINKS: answers.Links(2, ())}
    assert guard.judge(Snapshot({"node2": {**values, **links}}, {}), "node1").truth is allowed


@pytest.mark.parametrize(("reply", "told"), [
    ({"rc": 0, "stdout": "quorum.device.model (str) = net\n", "stderr": ""}, True),
    ({"rc": 1, "stdout": "",
      "stderr": "Can't get key quorum.device.model. Error CS_ERR_NOT_EXIST\n"}, False)])
def test_corosync_says_whether_it_is_told_of_a_device(reply: dict[str, JsonValue], told: bool) -> None:
    assert answers.parse_device(reply) is told


@pytest.mark.parametrize("reply", [
    None, {"rc": 1, "stdout": "", "stderr": "Failed to initialize the cmap API. Error CS_ERR_LIBRARY\n"}])
def test_a_corosync_that_does_not_run_says_nothing_of_a_device(reply: JsonValue) -> None:
    with pytest.raises(Unreadable):
        answers.parse_device(reply)


def test_what_was_imported_is_told_apart_from_another_bundle(own: Site) -> None:
    """The note holds the digest of the bundle, and the probe tells the digest of the note."""
    first, second = arbitrator.steps(own)
    assert first.unless != second.unless
    assert [step.do for step in (first, second)] == [
        {"arbiter": first.do["arbiter"]}, dict.fromkeys(MEMBERS, second.do["node1"])]


def test_four_need_three_of_five(own: Site) -> None:
    more = tuple(Node(f"node{number}", {name: IPv4Address(f"{prefix}.{number}") for name, prefix in (
        ("management", "192.168.42"), ("replication", "10.0.42"))}) for number in (3, 4))
    four = site_of(replace(own.cluster, nodes=(*own.cluster.nodes, *more)))
    assert settings(four)[1]["votes"] == "1"
    assert health.members(four).needs == 3


@pytest.mark.parametrize(("name", "vote", "spare"), [
    ("quorum-arbitrated", Vote.GIVEN, 1), ("quorum-arbitrator-lost", Vote.WITHHELD, 0),
    ("quorum-cut-off", Vote.WITHHELD, -1), ("quorum", Vote.NOT_ASKED, 1)])
def test_the_vote_is_read_from_this_nodes_own_line(name: str, vote: Vote, spare: int) -> None:
    text = (Path(__file__).parent / "outputs" / name).read_text()
    found = answers.parse_quorum({"rc": 0, "stdout": text, "stderr": ""})
    assert (found.arbitrator, found.spare) == (vote, spare)


def test_the_arbitrator_says_how_many_it_serves() -> None:
    text = (Path(__file__).parent / "outputs" / "arbitrator").read_text()
    assert answers.parse_arbitrator({"rc": 0, "stdout": text, "stderr": ""}) == answers.Arbitrator(2)
    with pytest.raises(Unreadable, match="socket"):
        answers.parse_arbitrator({"rc": 1, "stdout": "", "stderr": "Can't connect to QNetd socket\n"})
