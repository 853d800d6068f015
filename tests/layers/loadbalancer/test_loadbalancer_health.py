"""What is made of the answers, who sits where, and when something is wrong."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import real_haproxy

from fournines.blueprint.predicate import holders
from fournines.blueprint.snapshot import Absent, Gone, Snapshot, Unreadable
from fournines.layers.layer import Site
from fournines.layers.loadbalancer import LAYER, artifacts, haproxy_config, health, procedures

ANSWER = (Path(__file__).parent / "outputs" / "haproxy-2.6-answer.txt").read_text(encoding="utf-8")
SCENE = Path(__file__).with_name("reload_scene.py")
EVERYBODY = ("ctl1", "ctl2", "ctl3")


def balancer(site: Site, answer: str = ANSWER) -> health.Balancer:
    encoded = base64.b64encode(answer.encode()).decode()
    return health.parse_haproxy({"answer": encoded}, site.exchange.listeners)


def running(site: Site, name: str, answer: str = ANSWER) -> health.Balancer:
    """With the configuration that is written for it."""
    return replace(balancer(site, answer),
                   configuration=haproxy_config.digest(site, site.cluster.node(name)))


def with_member(listener: str, member: str, status: str) -> str:
    """The recorded answer with another status for one member."""
    def changed(line: str) -> str:
        words = line.split(",")
        return ",".join([*words[:17], status, *words[18:]]) if words[:2] == [listener, member] else line

    return "\n".join(map(changed, ANSWER.split("\n")))


def snapshot(site: Site, vips: dict[str, tuple[str, ...]] | None = None, gone: tuple[str, ...] = (),
             **balancers: object) -> Snapshot:
    held = {"ctl2": ("internal",)} if vips is None else vips
    text = {name: artifacts.haproxy_text(site, site.cluster.node(name)).encode() for name in EVERYBODY}
    values = {name: {health.HAPROXY: balancers.get(name, running(site, name)),
                     health.VIPS: held.get(name, ()),
                     f"{health.VRRP}.internal": "MASTER" if "internal" in held.get(name, ()) else "BACKUP",
                     procedures.CONFIGURATIONS: procedures.Configurations(
                         hashlib.sha256(text[name]).hexdigest(), "")}
              for name in EVERYBODY if name not in gone}
    return Snapshot(values, {name: Gone("no route") for name in gone})


def judged(site: Site, look: Snapshot) -> dict[str, bool | None]:
    return {item.name: item.holds.judge(look, "").truth for item in LAYER.contribute(site).invariants}


def test_what_haproxy_answered_is_read(site: Site) -> None:
    assert balancer(site) == health.Balancer(down=(), empty=(), active={"database": "ctl3", "cache": "ctl3"},
                                             configuration="0123456789abcdef")


@pytest.mark.parametrize("status", ["DOWN", "DOWN 1/2", "NOLB", "MAINT", "no check"])
def test_a_member_that_gets_nothing_is_down(site: Site, status: str) -> None:
    seen = balancer(site, with_member("keystone", "ctl3", status))
    assert seen.down == ("keystone/ctl3",)
    assert seen.empty == ()


def test_a_member_that_is_going_down_still_gets_requests(site: Site) -> None:
    assert balancer(site, with_member("keystone", "ctl3", "UP 1/2")).down == ()


def test_the_writer_is_the_one_in_the_table_not_the_first(site: Site) -> None:
    chosen = ANSWER.replace("server_id=1 server_key=ctl3", "server_id=2 server_key=ctl2", 1)
    assert balancer(site, chosen).active == {"database": "ctl2", "cache": "ctl3"}


def test_a_writer_that_is_down_is_followed_by_the_first_that_is_up(site: Site) -> None:
    assert balancer(site, with_member("database", "ctl3", "DOWN")).active["database"] == "ctl2"


def test_before_anybody_has_connected_the_first_would_be_the_writer(site: Site) -> None:
    untouched = ANSWER[:ANSWER.index("# table")] + "# table: database, type: integer, size:8000, used:0\n\n"
    assert balancer(site, untouched).active == {"database": "ctl3", "cache": "ctl3"}


def test_a_listener_without_members_is_empty_and_has_no_writer(site: Site) -> None:
    rows = [line for line in ANSWER.split("\n") if not line.startswith("database,")]
    seen = balancer(site, "\n".join(rows))
    assert seen.empty == ("database",)
    assert seen.active["database"] == ""


def test_a_configuration_that_is_none_of_ours_has_no_digest(site: Site) -> None:
    for other in ("description: ", "description: the balancer of ctl1"):
        seen = balancer(site, ANSWER.replace("description: configuration 0123456789abcdef", other))
        assert seen.configuration == ""


@pytest.mark.parametrize("reply", [None, {}, {"answer": ""}, {"answer": "VW5rbm93biBjb21tYW5k"}])
def test_anything_else_is_no_answer(site: Site, reply: object) -> None:
    with pytest.raises(Unreadable):
        health.parse_haproxy(reply, site.exchange.listeners)  # type: ignore[arg-type]


def test_only_a_whole_address_is_the_vip(site: Site) -> None:
    line = "2: eth0    inet {}/32 scope global eth0\\       valid_lft forever preferred_lft forever\n"
    vips = site.cluster.vips
    assert health.parse_addresses({"stdout": line.format("192.168.42.101")}, vips) == ("internal",)
    assert health.parse_addresses({"stdout": line.format("192.168.42.10")}, vips) == ()
    assert health.parse_addresses({"stdout": line.format("1.192.168.42.101")}, vips) == ()


def test_the_vrrp_state_is_the_line_that_was_noted() -> None:
    assert health.parse_vrrp({"content": base64.b64encode(b"MASTER\n").decode()}) == "MASTER"
    with pytest.raises(Unreadable):
        health.parse_vrrp(None)


def test_a_healthy_cluster_satisfies_every_invariant(site: Site) -> None:
    assert set(judged(site, snapshot(site)).values()) == {True}


ONE_HOLDER = "exactly one node holds the address internal (192.168.42.101)"


@pytest.mark.parametrize(("vips", "truth"), [
    ({"ctl1": ("internal",)}, True), ({}, False), ({"ctl1": ("internal",), "ctl3": ("internal",)}, False)])
def test_exactly_one_node_holds_a_vip(site: Site, vips: dict[str, tuple[str, ...]], truth: bool) -> None:
    assert judged(site, snapshot(site, vips))[ONE_HOLDER] is truth


def test_a_node_that_cannot_be_reached_may_hold_it_too(site: Site) -> None:
    assert judged(site, snapshot(site, gone=("ctl3",)))[ONE_HOLDER] is None


def test_balancers_that_disagree_about_the_writer_are_found(site: Site) -> None:
    other = health.Balancer((), (), {"database": "ctl1"})
    name = "all HAProxies send database to the same member"
    assert judged(site, snapshot(site, ctl1=other))[name] is False
    assert judged(site, snapshot(site, ctl1=Absent("refused")))[name] is None


def test_a_member_that_one_balancer_sees_down_is_found(site: Site) -> None:
    seen = running(site, "ctl3", with_member("messaging", "ctl1", "DOWN"))
    found = judged(site, snapshot(site, ctl3=seen))
    assert [name for name, truth in found.items() if truth is False] == ["every HAProxy sees every member up"]


def test_the_writer_is_where_the_holder_of_the_vip_sends_it(site: Site) -> None:
    seat = next(item for item in LAYER.contribute(site).seats if item.name == "database writer")
    other = health.Balancer((), (), {"database": "ctl1"})
    assert holders(seat.holder, snapshot(site, ctl2=other), seat.candidates) == ("ctl1",)
    assert holders(seat.holder, snapshot(site, ctl1=other), seat.candidates) == ("ctl3",)


def test_with_two_holders_nobody_knows_the_writer(site: Site) -> None:
    seat = next(item for item in LAYER.contribute(site).seats if item.name == "database writer")
    both = snapshot(site, {"ctl1": ("internal",), "ctl2": ("internal",)})
    assert holders(seat.holder, both, seat.candidates) == ()


def test_who_does_not_take_part_in_vrrp_is_no_member(site: Site) -> None:
    look = snapshot(site)
    look.values["ctl3"][f"{health.VRRP}.internal"] = "FAULT"  # type: ignore[index]
    members = health.members(site)
    assert holders(members.well, look, members.nodes) == ("ctl1", "ctl2")


class TestGate:
    """When a member counts as back."""

    KEYSTONE = health.Balanced("keystone", EVERYBODY)

    def test_while_one_haproxy_holds_it_for_down_it_is_not_back(self, site: Site) -> None:
        look = snapshot(site, ctl2=balancer(site, with_member("keystone", "ctl3", "DOWN 1/2")))
        judgement = self.KEYSTONE.judge(look, "ctl3")
        assert judgement.truth is False
        assert judgement.because == "ctl2: HAProxy holds keystone/ctl3 for down"
        assert self.KEYSTONE.judge(look, "ctl1").truth is True

    def test_a_haproxy_that_does_not_run_yet_has_nothing_to_say(self, site: Site) -> None:
        assert self.KEYSTONE.judge(snapshot(site, ctl2=Absent("refused")), "ctl3").truth is True

    def test_nor_has_one_that_runs_without_the_listener(self, site: Site) -> None:
        without = "\n".join(line for line in ANSWER.split("\n") if not line.startswith("keystone,"))
        seen = balancer(site, without)
        assert seen.unknown == ("keystone",)
        assert self.KEYSTONE.judge(snapshot(site, ctl2=seen), "ctl3").truth is True

    def test_an_unreachable_balancer_makes_it_unknown(self, site: Site) -> None:
        assert self.KEYSTONE.judge(snapshot(site, gone=("ctl2",)), "ctl3").truth is None

    def test_every_unit_behind_a_listener_waits_for_it(self, site: Site) -> None:
        assert {unit: gate.listener for unit, gate in LAYER.contribute(site).gates.items()
                } == {"mariadb.service": "database", "keystone.service": "keystone"}


WRITTEN = "every HAProxy runs with the configuration that was written"


def test_a_haproxy_that_kept_its_old_configuration_is_found(site: Site) -> None:
    found = judged(site, snapshot(site, ctl2=balancer(site)))
    assert [name for name, truth in found.items() if truth is False] == [WRITTEN]
    assert judged(site, snapshot(site, ctl2=Absent("refused")))[WRITTEN] is None


def test_a_file_that_is_not_in_place_yet_is_none_of_haproxy_s_faults(site: Site) -> None:
    look = snapshot(site, ctl2=balancer(site))
    values = {name: dict(seen) for name, seen in look.values.items()}
    values["ctl2"][procedures.CONFIGURATIONS] = procedures.Configurations("0" * 64, "")
    assert judged(site, Snapshot(values, {}))[WRITTEN] is True


def test_a_reload_is_over_when_each_runs_with_its_own_file_and_not_when_it_answers(site: Site) -> None:
    service = procedures.services(site)[0]
    assert service.in_force is not None
    ctl2 = running(site, "ctl2")
    look = snapshot(site, ctl1=ctl2, ctl2=ctl2)
    assert [service.in_force.judge(look, name).truth for name in EVERYBODY] == [False, True, True]
    assert service.in_force.judge(snapshot(site, ctl1=Absent("refused")), "ctl1").truth is None
    assert service.others_ok is not None   # while the others still have the configuration of before
    assert service.others_ok.judge(snapshot(site, ctl2=balancer(site)), "ctl1").truth is True


@real_haproxy.needed
def test_a_real_haproxy_tells_whether_a_reload_succeeded(site: Site, tmp_path: Path) -> None:
    ctl1 = site.cluster.node("ctl1")
    told = real_haproxy.play(SCENE, artifacts.haproxy_text(site, ctl1), tmp_path)
    digest = haproxy_config.digest(site, ctl1)
    assert told["served"]
    assert [balancer(site, told[when]).configuration for when in ("before", "failed", "done")] == [
        digest, digest, f"1234{digest}"]
