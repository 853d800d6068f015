"""Whatever ends a lab, nothing of it stays. These labs coexist with the session's, addresses and all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fournines.errors import LabError, Refused
from fournines.lab.lab import Lab
from lab.conftest import TIMEOUT_S, eventually, on, traces
from lab_cluster import small_cluster

UP = """
import sys
sys.path.insert(0, {tests!r})
from lab_cluster import small_cluster
from fournines.lab.lab import Lab
Lab(small_cluster({name!r}), progress=lambda event: print(event.about, event.message, flush=True)).up({how})
"""


@pytest.fixture
def name(lab: Lab) -> str:
    """Another lab beside the session's, whose image is there by now."""
    return f"{lab.name}-other"


def start_up(name: str, how: str = "") -> subprocess.Popen[str]:
    """``up`` in a process of its own, until it has powered on its first machine."""
    program = UP.format(tests=str(Path(__file__).parent.parent), name=name, how=how)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "ctl2 power on" in line:
            return process
    pytest.fail("up ended before it powered on its second machine")


def test_down_leaves_nothing_and_touches_no_other_lab(lab: Lab, name: str) -> None:
    other = Lab(small_cluster(name, nodes=2))
    try:
        other.up()
        assert on(other, "ctl1", "cat", "/etc/machine-id") != on(lab, "ctl1", "cat", "/etc/machine-id")
        assert len(traces(name)) > 5
    finally:
        other.down()

    assert traces(name) == set()
    assert on(lab, "ctl1", "hostname") == "ctl1"
    assert not other.status().up
    other.down()   # again: nothing to do


def test_an_interrupted_up_leaves_nothing(name: str) -> None:
    with start_up(name) as process:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=TIMEOUT_S)

    assert "KeyboardInterrupt" in said
    assert traces(name) == set()


def test_what_a_killed_up_left_is_taken_down(name: str) -> None:
    with start_up(name) as process:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)
    assert traces(name) != set()

    Lab(small_cluster(name)).down()

    assert traces(name) == set()


def test_what_a_killed_up_left_is_finished_by_another(name: str) -> None:
    with start_up(name) as process:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)
    again = Lab(small_cluster(name))
    try:
        again.up()
        assert [on(again, machine.name, "hostname") for machine in again.machines] == ["ctl1", "ctl2", "ctl3"]
    finally:
        again.down()
    assert traces(name) == set()


def test_two_commands_do_not_change_one_lab_at_the_same_time(name: str) -> None:
    with start_up(name) as process:
        try:
            with pytest.raises(Refused, match="another command"):
                Lab(small_cluster(name)).down()
        finally:
            process.communicate(timeout=TIMEOUT_S)
            eventually(lambda: process.poll() == 0, "up has ended")
            Lab(small_cluster(name)).down()


def test_a_lab_made_for_another_cluster_is_refused_but_can_be_taken_down(name: str) -> None:
    Lab(small_cluster(name, nodes=1)).up()
    changed = Lab(small_cluster(name, nodes=2))
    try:
        with pytest.raises(LabError, match="other nodes or addresses"):
            changed.up()
    finally:
        changed.down()

    assert traces(name) == set()


def test_a_machine_that_cannot_start_says_why_and_leaves_nothing(name: str, lab: Lab,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fournines.lab.nspawn.CAPABILITIES", "CAP_NO_SUCH_THING")

    with pytest.raises(LabError, match=r"ctl1 did not start.*CAP_NO_SUCH_THING"):
        Lab(small_cluster(name)).up()

    assert traces(name) == set()
    assert os.path.exists(lab.fabric.path)
