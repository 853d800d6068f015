"""DRBD's fence-peer handler: what it takes for fenced, what it waits for, and what it bars."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from fournines.layers.storage.node import fence_peer
from fournines.layers.storage.node.fence_peer import BARRED, FENCED, TOO_OLD, UNKNOWN, World

T = TypeVar("T")
# As Pacemaker 2.1.5 writes it: the survivor; fenced and off; Corosync is back and Pacemaker is not.
WELL = 'in_ccm="true" crmd="online" join="member" expected="member"'
OFF = 'in_ccm="false" crmd="offline" join="down" expected="down"'
BOOTS = 'in_ccm="true" crmd="offline" join="down" expected="down"'
LOST = 'in_ccm="false" crmd="offline" join="member" expected="member"'
NO_PACEMAKER = 'in_ccm="true" crmd="offline" join="member" expected="member"'
NAME, CLONE = "drbd-fence-by-handler-mysql-ms_drbd_mysql", "ms_drbd_mysql"


def cib(state: str, constraint: str = "") -> Element:
    return ElementTree.fromstring(  # noqa: S314 - of this test
        f'<cib><configuration><constraints>{constraint}</constraints></configuration><status>'
        f'<node_state id="1" uname="node1" {WELL}/><node_state id="2" uname="node2" {state}/>'
        "</status></cib>")


def constraint(here: str) -> str:
    return fence_peer.constraint(NAME, "mysql", CLONE, here)


@dataclass
class Site:
    """What is seen, one look after the other; the last of each goes on. Time passes when somebody sleeps."""

    cibs: list[Element | None]
    disks: list[tuple[str, str]] = field(default_factory=lambda: [("UpToDate", "DUnknown")])
    answers: bool = True
    may_place: list[bool] = field(default_factory=lambda: [True])
    placed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    at_s: float = 0.0

    def place(self, xml: str) -> bool:
        if _next(self.may_place):
            self.placed.append(xml)
            return True
        return False

    def sleep(self, seconds: float) -> None:
        self.at_s += seconds

    def fence(self) -> int:
        world = World(lambda: _next(self.cibs), lambda: self.answers, lambda: _next(self.disks), self.place,
                      self.removed.append, self.told.append, lambda: self.at_s, self.sleep)
        return fence_peer.fence(world, "mysql", CLONE, "node2", "node1")


def _next(looks: list[T]) -> T:
    return looks.pop(0) if len(looks) > 1 else looks[0]


@pytest.mark.parametrize("state", [OFF, BOOTS, 'in_ccm="0" crmd="0" expected="down"',
                                   'in_ccm="1764279311" crmd="0" expected="down"'])
def test_who_was_fenced_is_barred_at_once(state: str) -> None:
    site = Site([cib(state)])
    assert (site.fence(), site.placed, site.at_s) == (FENCED, [constraint("node1")], 0.0)


@pytest.mark.parametrize("state", [LOST, NO_PACEMAKER, 'expected="down"', 'crmd="offline"'])
def test_who_is_only_lost_is_waited_for(state: str) -> None:
    site = Site([*[cib(state)] * 20, cib(OFF)])
    assert site.fence() == FENCED
    assert site.at_s == pytest.approx(20 * fence_peer.LOOK_AGAIN_S)


def test_nothing_is_assumed_of_a_node_that_nobody_fences() -> None:
    site = Site([cib(LOST)])
    assert (site.fence(), site.placed) == (UNKNOWN, [])
    assert site.at_s >= fence_peer.GIVE_UP_S
    assert "in_ccm false, crmd offline, join member, expected member" in site.told[0]
    assert len(site.told) < 1.1 * fence_peer.GIVE_UP_S / fence_peer.TELL_AGAIN_S


def test_without_an_elected_controller_it_waits() -> None:
    assert Site([None, None, cib(OFF)]).fence() == FENCED
    waits = Site([None])
    assert waits.fence() == UNKNOWN
    assert "no quorum, or no elected controller" in waits.told[0]


def test_who_is_well_is_barred_only_if_it_answers() -> None:
    assert Site([cib(WELL)]).fence() == BARRED
    silent = Site([cib(WELL)], answers=False)   # lost a moment ago, and the token has not run out yet
    assert (silent.fence(), silent.placed) == (UNKNOWN, [])


@pytest.mark.parametrize(("own", "state", "answer"), [
    ("Consistent", OFF, TOO_OLD), ("Consistent", WELL, BARRED), ("Outdated", WELL, TOO_OLD),
    ("Inconsistent", OFF, TOO_OLD), ("Unconfigured", OFF, TOO_OLD)])
def test_a_side_that_may_lack_something_does_not_go_on(own: str, state: str, answer: int) -> None:
    site = Site([cib(state)], [(own, "DUnknown")])
    assert site.fence() == answer
    assert bool(site.placed) == (answer == BARRED)


def test_a_side_that_is_back_is_not_barred() -> None:
    back = Site([cib(WELL)], [("UpToDate", "UpToDate")])
    assert (back.fence(), back.placed) == (UNKNOWN, [])
    meanwhile = Site([cib(WELL)], [("UpToDate", "DUnknown"), ("UpToDate", "UpToDate")])
    assert (meanwhile.fence(), meanwhile.removed) == (UNKNOWN, [NAME])


def test_what_bars_already_is_kept() -> None:
    ours = Site([cib(OFF, constraint("node1"))])
    assert (ours.fence(), ours.placed) == (FENCED, [])
    theirs = Site([cib(WELL, constraint("node2"))])
    assert (theirs.fence(), theirs.placed) == (UNKNOWN, [])
    assert "node2 alone may be promoted already" in theirs.told[-1]
    strange = Site([cib(OFF, f'<rsc_location id="{NAME}" rsc="{CLONE}" node="node1" score="1"/>')])
    assert strange.fence() == UNKNOWN


def test_who_cannot_place_it_looks_again() -> None:
    assert Site([cib(OFF)], may_place=[False, False, True]).fence() == FENCED
    beaten = Site([cib(WELL), cib(WELL, constraint("node2"))], may_place=[False])
    assert (beaten.fence(), beaten.placed) == (UNKNOWN, [])


def test_a_copy_without_quorum_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = ""
    monkeypatch.setattr(fence_peer, "tool", lambda *_: printed)
    assert fence_peer.cib() is None
    for attributes, is_known in (('have-quorum="1" dc-uuid="2"', True),
                                 ('have-quorum="0" dc-uuid="2"', False), ('have-quorum="1"', False)):
        printed = f"<cib {attributes}/>"
        assert (fence_peer.cib() is not None) is is_known


def test_the_disks_are_read_without_the_kernels_help() -> None:
    text = """version: 8.4.11 (api:1/proto:86-101)
srcversion: 0

 0: cs:WFConnection ro:Secondary/Unknown ds:UpToDate/DUnknown C r-----
    ns:0 nr:0 dw:0 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
 1: cs:Connected ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
 2: cs:Unconfigured
"""
    assert fence_peer.disks(text, 0) == ("UpToDate", "DUnknown")
    assert fence_peer.disks(text, 1) == ("UpToDate", "Inconsistent")
    assert fence_peer.disks(text, 2) == ("Unconfigured", "DUnknown")
