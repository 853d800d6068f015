"""Who bootstraps, who joins, who waits: the rule that brings a cluster back without a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fournines.layers.database.node import galera_start
from fournines.layers.database.node.galera_start import (
    NOBODY,
    Act,
    Member,
    Phase,
    Position,
    Settings,
    decide,
    member_from,
    position_in,
    should_restart,
    wait_for_decision,
)

UUID, OTHER = "868707a4-e6b8-11f1-a9f7-ceb53105c6da", "11111111-e6b8-11f1-a9f7-ceb53105c6da"
NAMES = ("ctl1", "ctl2", "ctl3")


def waiting(name: str, seqno: int, *, last: bool = False, uuid: str = UUID) -> Member:
    return Member(name, Phase.WAITING, Position(uuid, seqno, last))


def blank(name: str) -> Member:
    return Member(name, Phase.WAITING, Position(NOBODY, -1))


def acts(members: Sequence[Member]) -> dict[str, Act]:
    return {member.name: decide(member.name, members).act for member in members}


def test_the_most_advanced_bootstraps_and_the_others_wait() -> None:
    members = [waiting("ctl1", 54), waiting("ctl2", 55), waiting("ctl3", 53)]
    assert acts(members) == {"ctl1": Act.WAIT, "ctl2": Act.BOOTSTRAP, "ctl3": Act.WAIT}


def test_of_equals_the_first_in_the_file_bootstraps() -> None:
    assert acts([waiting(name, 55) for name in NAMES])["ctl1"] is Act.BOOTSTRAP


def test_the_last_to_leave_wins_over_an_equal() -> None:
    members = [waiting("ctl1", 55), waiting("ctl2", 55), waiting("ctl3", 55, last=True)]
    assert acts(members) == {"ctl1": Act.WAIT, "ctl2": Act.WAIT, "ctl3": Act.BOOTSTRAP}


@pytest.mark.parametrize("absent", [Phase.UNREACHABLE, Phase.ELSEWHERE, Phase.WITHOUT_QUORUM,
                                    Phase.DISCONNECTED, Phase.JOINING])
def test_nobody_bootstraps_while_a_member_could_hold_more(absent: Phase) -> None:
    members = [waiting("ctl1", 55), waiting("ctl2", 54), Member("ctl3", absent)]
    decision = decide("ctl1", members)
    assert decision.act is Act.WAIT
    assert "ctl3" in decision.why


def test_different_clusters_are_never_merged() -> None:
    decision = decide("ctl1", [waiting("ctl1", 55), waiting("ctl2", 54), waiting("ctl3", 99, uuid=OTHER)])
    assert decision.act is Act.WAIT
    assert UUID in decision.why
    assert OTHER in decision.why


def test_histories_that_went_apart_are_left_to_a_person() -> None:
    decision = decide("ctl1", [waiting("ctl1", 50, last=True), waiting("ctl2", 55), waiting("ctl3", 50)])
    assert decision.act is Act.WAIT
    assert "galera_new_cluster" in decision.why


def test_without_any_data_nobody_bootstraps_unasked() -> None:
    assert set(acts([blank(name) for name in NAMES]).values()) == {Act.WAIT}


def test_a_member_without_data_does_not_count_against_one_with_data() -> None:
    assert acts([blank("ctl1"), waiting("ctl2", 5), waiting("ctl3", 4)])["ctl2"] is Act.BOOTSTRAP


def test_a_primary_component_is_joined_whatever_the_positions() -> None:
    gone = Member("ctl3", Phase.UNREACHABLE)
    members = [Member("ctl1", Phase.PRIMARY), waiting("ctl2", 99, last=True), gone]
    assert decide("ctl2", members).act is Act.JOIN


def test_members_join_one_after_the_other() -> None:
    primary = Member("ctl1", Phase.PRIMARY)
    both = [primary, waiting("ctl2", 5), waiting("ctl3", 5)]
    assert (decide("ctl2", both).act, decide("ctl3", both).act) == (Act.JOIN, Act.WAIT)
    joining = [primary, Member("ctl2", Phase.JOINING), waiting("ctl3", 5)]
    assert decide("ctl3", joining).act is Act.WAIT
    assert decide("ctl3", both, yields=False).act is Act.JOIN


positions = some.builds(Position, some.sampled_from([UUID, UUID, UUID, OTHER, NOBODY]),
                        some.integers(-1, 3), some.booleans())
phases = some.sampled_from([phase for phase in Phase if phase is not Phase.WAITING])
anybody = some.one_of(positions.map(lambda at: ("waiting", at)), phases.map(lambda phase: ("other", phase)))


@given(some.lists(anybody, min_size=1, max_size=5))
def test_at_most_one_bootstraps_and_no_other_is_unknown_or_further(shape: list[tuple[str, object]]) -> None:
    members = [Member(f"ctl{number}", Phase.WAITING, what) if isinstance(what, Position)
               else Member(f"ctl{number}", Phase(str(what))) for number, (_, what) in enumerate(shape)]
    chosen = [member for member in members if member.position
              and decide(member.name, members).act is Act.BOOTSTRAP]
    assert len(chosen) <= 1
    if chosen:
        known = [member.position for member in members]
        assert None not in known
        position = chosen[0].position
        assert position is not None
        assert all(other.blank or (other.uuid == position.uuid and other.seqno <= position.seqno)
                   for other in known if other is not None)


def test_what_the_health_endpoint_says_is_understood() -> None:
    synced = {"wsrep_cluster_status": "Primary", "wsrep_local_state": "4", "wsrep_connected": "ON"}
    cases: dict[Phase, dict[str, object]] = {
        Phase.PRIMARY: {"status": synced},
        Phase.JOINING: {"status": {**synced, "wsrep_local_state": "3"}},
        Phase.WITHOUT_QUORUM: {"status": {"wsrep_cluster_status": "non-Primary", "wsrep_connected": "ON"}},
        Phase.DISCONNECTED: {"status": {"wsrep_cluster_status": "Disconnected", "wsrep_connected": "OFF"}},
        Phase.ELSEWHERE: {"status": {}, "waiting": None, "joining": False},
        Phase.WAITING: {"status": {}, "waiting": {"uuid": UUID, "seqno": 7, "last": True}},
    }
    for phase, answer in cases.items():
        assert member_from("ctl1", answer).phase is phase
    assert member_from("ctl1", {"status": {}, "joining": True}).phase is Phase.JOINING
    assert member_from("ctl1", cases[Phase.WAITING]).position == Position(UUID, 7, True)


def test_grastate_is_read_as_galera_writes_it() -> None:
    text = f"# GALERA saved state\nversion: 2.1\nuuid:    {UUID}\nseqno:   142\nsafe_to_bootstrap: 1\n"
    assert position_in(text) == Position(UUID, 142, True)
    assert position_in(text.replace("142", "-1").replace(": 1", ": 0")) == Position(UUID, -1, False)
    assert position_in("").blank


def test_a_member_without_quorum_restarts_only_for_members_that_wait() -> None:
    me = Member("ctl1", Phase.WITHOUT_QUORUM)
    two = [waiting("ctl2", 5), waiting("ctl3", 5)]
    assert should_restart(me, two)
    assert should_restart(me, [waiting("ctl2", 5), Member("ctl3", Phase.WITHOUT_QUORUM)])
    assert not should_restart(me, [waiting("ctl2", 5), Member("ctl3", Phase.UNREACHABLE)])
    assert not should_restart(me, [waiting("ctl2", 5), Member("ctl3", Phase.PRIMARY)])
    assert not should_restart(me, [Member(name, Phase.WITHOUT_QUORUM) for name in NAMES[1:]])
    assert not should_restart(Member("ctl1", Phase.PRIMARY), two)
    assert should_restart(Member("ctl1", Phase.DISCONNECTED), [Member("ctl2", Phase.PRIMARY)])


@pytest.fixture
def joinable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A member as its package leaves it, beside two that make a primary component."""
    for name in ("mysql", "sys", "performance_schema"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(galera_start, "ask_all", lambda names, settings: [
        Member(name, Phase.PRIMARY) for name in names])
    monkeypatch.setattr(galera_start, "take_token", lambda: "")
    monkeypatch.setattr(galera_start, "recover", lambda datadir: Position(NOBODY, -1))
    return Settings("ctl1", 9200, str(tmp_path), dict.fromkeys(NAMES, "127.0.0.1"), 1.0, 0.0, 1.0)


def test_an_empty_member_joins(joinable: Settings) -> None:
    assert wait_for_decision(joinable).act is Act.JOIN


def test_a_member_whose_copy_was_interrupted_joins(joinable: Settings) -> None:
    Path(joinable.datadir, "glance").mkdir()
    Path(joinable.datadir, "grastate.dat").write_text(f"uuid: {NOBODY}\nseqno: -1\n", encoding="utf-8")
    assert wait_for_decision(joinable).act is Act.JOIN


def test_a_member_whose_tables_know_of_a_cluster_joins(joinable: Settings,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    Path(joinable.datadir, "glance").mkdir()
    monkeypatch.setattr(galera_start, "recover", lambda datadir: Position(UUID, 7))
    assert wait_for_decision(joinable).act is Act.JOIN


def test_a_server_with_databases_of_its_own_waits_until_they_are_out_of_the_way(
        joinable: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the cluster's data would replace them."""
    own = Path(joinable.datadir, "glance")
    own.mkdir()
    told: list[str] = []

    def publish(position: Position, why: str) -> None:
        assert position.blank
        told.append(why)
        own.rename(joinable.datadir + ".kept")

    monkeypatch.setattr(galera_start, "publish", publish)
    assert wait_for_decision(joinable).act is Act.JOIN
    assert len(told) == 1
    assert told[0].startswith(f"glance in {joinable.datadir}: of no cluster")
