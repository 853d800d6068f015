"""Whether a fault took effect, from what node and driver say: what is not shown is not believed."""

from __future__ import annotations

import json

import pytest

from fournines.blueprint.requests import Failed, Reply
from fournines.drills.drill import Act, Effect
from fournines.drills.effects import (
    Running,
    of_cables,
    of_machine,
    of_packets,
    of_share,
    of_text,
    of_unit,
    running,
)
from fournines.drills.intervention import Intervention

UNIT = "mariadb.service"
BEFORE = Running(UNIT, "active", {("10", 100): "S", ("11", 101): "R"})


def now(active: str = "active", **states: str) -> Running:
    """``p10_100="T"`` is process 10, started at 100, stopped."""
    keys = {name: name[1:].split("_") for name in states}
    return Running(UNIT, active, {(keys[name][0], int(keys[name][1])): state
                                  for name, state in states.items()})


@pytest.mark.parametrize(("effect", "seen", "shown"), [
    (Effect.PROCESSES_STOPPED, now(p10_100="T", p11_101="T"), True),
    (Effect.PROCESSES_STOPPED, now(p10_100="T", p11_101="S"), False),
    (Effect.PROCESSES_STOPPED, now(p12_200="T"), False),    # others: it was restarted meanwhile
    (Effect.PROCESSES_STOPPED, now("inactive"), False),
    (Effect.PROCESSES_GONE, now(p12_200="S"), True),
    (Effect.PROCESSES_GONE, now("activating"), True),
    (Effect.PROCESSES_GONE, now(p10_200="S"), True),        # the number came back, the process did not
    (Effect.PROCESSES_GONE, now(p11_101="S", p12_200="S"), False),
    (Effect.IS_INACTIVE, now("inactive"), True),
    (Effect.IS_INACTIVE, now("failed"), True),
    (Effect.IS_INACTIVE, now("inactive", p10_100="S"), False),
    (Effect.IS_INACTIVE, now("deactivating"), False),
    (Effect.IS_INACTIVE, now("active", p99_900="S"), True),   # by its socket
])
def test_a_unit_is_what_the_fault_makes_of_it(effect: Effect, seen: Running, shown: bool) -> None:
    assert of_unit(effect, BEFORE, seen).shown is shown


@pytest.mark.parametrize(("unit", "serves"), [
    (BEFORE, True), (now(p10_100="T"), False), (now(), False), (now("activating", p10_100="S"), False)])
def test_only_what_serves_can_be_shown_to_fail(unit: Running, serves: bool) -> None:
    assert unit.serves is serves


def test_a_unit_is_read_from_two_replies() -> None:
    replies: list[Reply] = [{UNIT: {"active": "active"}},
                            {"10": {"state": "S", "started": 100}, "11": {"state": "R", "started": 101}}]
    assert running(UNIT, replies) == BEFORE
    assert running(UNIT, [replies[0], Failed("no agent")]) == "no agent"


def counter(packets: int) -> Reply:
    text = json.dumps({"nftables": [{"metainfo": {}}, {"counter": {"name": "dropped", "packets": packets}}]})
    return {"rc": 0, "stdout": text, "stderr": ""}


@pytest.mark.parametrize(("reply", "shown"), [
    (counter(3), True), (counter(0), False), (Failed("No such file or directory"), False),
    ({"stdout": "garbage"}, False), (None, False)])
def test_packets_are_dropped_when_the_counter_moves(reply: Reply, shown: bool) -> None:
    assert of_packets(reply).shown is shown


def test_the_driver_says_whether_a_machine_is_gone() -> None:
    assert of_machine(Effect.IS_OFF, "off").shown
    assert not of_machine(Effect.IS_OFF, "on").shown
    assert of_machine(Effect.IS_FROZEN, "frozen").shown
    assert not of_machine(Effect.IS_FROZEN, "off").shown


def test_every_cable_must_be_without_a_link() -> None:
    assert of_share(3).shown
    assert not of_share(0).shown
    assert of_cables({"management": False, "replication": False}).shown
    assert not of_cables({"management": False, "replication": True}).shown
    assert not of_cables({}).shown


DROP_IN = "/run/systemd/system/mariadb.service.d/90-fournines-drill.conf"
SIDES = (" 0: cs:Connected ro:Secondary/Primary ds:{}/UpToDate C r-----\n"
         " 1: cs:Connected ro:Secondary/Primary ds:{}/UpToDate C r-----\n")
NETEM = "qdisc netem 8001: dev eth0 root refcnt 2 delay 200ms\n Sent 840 bytes {} pkt (dropped 0)\n"


@pytest.mark.parametrize(("effect", "text", "shown"), [
    (Effect.IS_MISCONFIGURED, f"/etc/x.conf {DROP_IN}", True),
    (Effect.IS_MISCONFIGURED, "/etc/x.conf", False),
    (Effect.IS_THROTTLED, "nr_throttled 7", True), (Effect.IS_THROTTLED, "nr_throttled 0", False),
    (Effect.IS_THROTTLED, "", False),
    (Effect.PACKETS_DELAYED, NETEM.format(7), True), (Effect.PACKETS_DELAYED, NETEM.format(0), False),
    (Effect.PACKETS_DELAYED, "qdisc noqueue 0: dev lo\n Sent 840 bytes 7 pkt", False),
    (Effect.IS_FULL, "Use%\n100%", True), (Effect.IS_FULL, "Use%\n 98%", False),
    (Effect.IS_FULL, "", False),
    (Effect.CLOCK_IS_WRONG, "1120", True), (Effect.CLOCK_IS_WRONG, "1001", False),
    (Effect.IS_STANDBY, "on\n", True), (Effect.IS_STANDBY, "off\n", False), (Effect.IS_STANDBY, "", False),
    (Effect.IS_DISKLESS, SIDES.format("Diskless", "Diskless"), True),
    (Effect.IS_DISKLESS, SIDES.format("Diskless", "UpToDate"), False),
    (Effect.IS_DISKLESS, "version: 8.4.11\n", False),
    (Effect.NO_ROUTE, "unreachable 192.0.2.9 metric 1024\n", True),
    (Effect.NO_ROUTE, "unreachable 192.0.2.90\n", False)])
def test_what_one_command_tells(effect: Effect, text: str, shown: bool) -> None:
    deed = Intervention(Act.LIMIT, "ctl1", UNIT, amount=120, setting="/var/lib/mysql",
                        addresses=("192.0.2.9",))
    reply: Reply = {"rc": 0, "stdout": text, "stderr": ""}
    assert of_text(effect, reply, deed, now_s=1000.0).shown is shown
    assert not of_text(effect, Failed("no such command"), deed, now_s=1000.0).shown
