"""What Pacemaker did after a fault, from its journal."""

from __future__ import annotations

import json
import re

import pytest

from fournines.blueprint.requests import Failed
from fournines.drills.breakdown import Entry, Step, breakdown, entries, question, step_from_data
from fournines.drills.sampling import Offset

# As Pacemaker 2.1.5 and Corosync 3.1.7 wrote them, at these seconds after the loss of node1.
LINES = (
    (3.1, "  [TOTEM ] A processor failed, forming new configuration"),
    (6.7, " notice: Node node1 state is now lost"),
    (6.8, " notice: Node node1 state is now lost"),
    (11.9, " notice: Peer node1 was terminated (reboot) by node2 on behalf of pacemaker-controld.715: OK"),
    (14.0, " notice: Initiating promote operation p_drbd_mysql_promote_0 locally on node2"),
    (20.5, " notice: Result of promote operation for p_drbd_mysql on node2: ok"),
    (20.6, " notice: Initiating start operation p_ip_mysql_start_0 locally on node2"),
    (22.0, " notice: Result of start operation for p_ip_mysql on node2: ok"),
    (22.1, " notice: Initiating start operation p_fs_mysql_start_0 locally on node2"),
    (24.0, " notice: Result of start operation for p_fs_mysql on node2: ok"),
    (24.1, " notice: Initiating start operation p_mysql_start_0 locally on node2"),
    (31.0, " notice: Result of start operation for p_mysql on node2: ok"),
    (40.0, " notice: Initiating start operation p_drbd_mysql:1_start_0 on node1"),
    (44.0, " notice: Result of start operation for p_drbd_mysql on node1: ok"),
    (50.0, " notice: Result of monitor operation for p_mysql on node2: ok"))


def test_each_step_is_told_from_the_fault() -> None:
    told = [Entry(1000.0 + at_s, text) for at_s, text in LINES]
    found = breakdown({"node2": told, "node1": []}, 1000.0, 1100.0)
    assert [(step.what, step.node) for step in found] == [
        ("detection", "node1"), ("fencing", "node1"), ("promote mysql", "node2"), ("address mysql", "node2"),
        ("mount mysql", "node2"), ("start p_mysql", "node2")]
    assert [round(step.began_s, 1) for step in found] == [0.0, 6.7, 14.0, 20.6, 22.1, 24.1]
    assert [round(step.ended_s, 1) for step in found] == [6.7, 11.9, 20.5, 22.0, 24.0, 31.0]


def test_what_was_before_and_after_is_left_out() -> None:
    told = [Entry(1000.0 + at_s, text) for at_s, text in LINES]
    assert [step.what for step in breakdown({"node2": told}, 1013.0, 1021.0)] == ["promote mysql"]
    assert breakdown({}, 0.0, 1.0) == ()


def test_a_journal_is_read_on_our_clock() -> None:
    line = json.dumps({"__MONOTONIC_TIMESTAMP": "5000000", "MESSAGE": "Node node1 state is now lost"})
    (entry,) = entries({"rc": 0, "stdout": line + "\n", "stderr": ""}, Offset(99.0, 101.0))
    assert entry.at_s == pytest.approx(105.0)
    assert entries(Failed("no journal"), Offset(0.0, 0.0)) == ()
    assert "--since=-120s" in question(120.0).argv


def test_only_what_tells_of_steps_is_read_and_a_beginning_may_be_missing() -> None:
    (pattern,) = (word.removeprefix("--grep=") for word in question(120.0).argv if "--grep=" in word)
    assert [at_s for at_s, text in LINES if not re.search(pattern, text)] == [3.1, 50.0]
    whole = json.dumps({"__MONOTONIC_TIMESTAMP": "5000000", "MESSAGE": "Node node1 state is now lost"})
    (entry,) = entries({"rc": 0, "stdout": f"{whole[40:]}\n{whole}\n", "stderr": ""}, Offset(99.0, 101.0))
    assert entry.text == "Node node1 state is now lost"


def test_a_step_survives_being_written_down() -> None:
    step = Step("mount mysql", "node2", 22.1, 24.0)
    assert step_from_data(json.loads(json.dumps(step.as_data()))) == step
