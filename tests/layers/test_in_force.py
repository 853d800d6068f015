"""What Pacemaker runs with older files than those that are wanted is told, and started anew."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fournines.blueprint.files import NodeFile
from fournines.blueprint.in_force import Configuration, InForce, changed, parse_configuration, restart_of
from fournines.blueprint.requests import Run
from fournines.blueprint.resources import LOAD_SERVICES, RESOURCES, Placed, Placements
from fournines.blueprint.snapshot import Gone, Snapshot, Unreadable

STARTED_S = 1_700_000_000.25
TOLD = "ExecMainStartTimestamp=Tue 2023-11-14 22:13:20.250000 UTC"   # as systemd 252 says that
NODES = ("ctl1", "ctl2", "ctl3")


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What this computer's systemctl says of a unit: the file ``UNIT`` in this directory."""
    said, programs = tmp_path / "said", tmp_path / "programs"
    for made in (said, programs):
        made.mkdir()
    program = programs / "systemctl"
    program.write_text(f'#!/bin/sh\nfor unit; do :; done\nexec cat "{said}/$unit"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    return said


def test_what_has_changed_or_still_has_to_is_told_where_the_service_runs(says: Path, tmp_path: Path) -> None:
    """So that one plan has both: the file, and the restart that it needs."""
    same, newer, other, missing = (tmp_path / name for name in ("same", "newer", "other", "missing"))
    files = tuple(NodeFile(str(path), b"wanted") for path in (same, newer, other, missing))
    for path, content, at_s in ((same, "wanted", -100), (newer, "wanted", 0.1), (other, "before", -0.1)):
        path.write_text(content)
        os.utime(path, (STARTED_S + at_s, STARTED_S + at_s))

    def told(*units: str) -> Configuration:
        asked = changed(units, files)
        ended = subprocess.run(asked.argv, input=asked.stdin, capture_output=True, text=True, timeout=20,
                               check=False)
        return parse_configuration({"rc": ended.returncode, "stdout": ended.stdout})

    (says / "away").write_text(f"{TOLD}\nMainPID=0\n")
    (says / "here").write_text(f"MainPID=120\n{TOLD}\n")
    (says / "later").write_text("MainPID=120\nExecMainStartTimestamp=Tue 2023-11-14 23:00:00.000000 UTC\n")
    assert told("away") == Configuration(())
    assert told("away", "here") == Configuration((str(newer),), (str(other), str(missing)))
    assert told("later") == Configuration((), (str(other), str(missing)))
    for path in (other, missing):
        path.write_text("wanted")
        os.utime(path, (STARTED_S, STARTED_S))
    assert told("later") == Configuration(())
    (says / "here").write_text("ExecMainStartTimestamp=\nMainPID=120\n")
    for unit in ("here", "unknown"):
        with pytest.raises(Unreadable):
            told(unit)


def test_it_is_started_anew_by_pacemaker_once_its_files_are_there() -> None:
    glance = InForce("api", "glance", "p_glance-api", ("glance-api.service",), NODES)
    step = glance.restart("its clients wait", (LOAD_SERVICES,))
    assert step.name == "api: restart p_glance-api" == restart_of("api", "p_glance-api")
    assert step.needs == (LOAD_SERVICES,)
    (command,) = step.do["ctl1"]
    assert isinstance(command, Run)
    assert command.argv[-6:-2] == ("crm_resource", "--restart", "--resource", "p_glance-api")
    assert step.alone

    def seen(told: Configuration) -> Snapshot:
        values = {"ctl1": Configuration(()), "ctl2": told, "ctl3": Configuration(())}
        return Snapshot({node: {glance.probe: value} for node, value in values.items()}, {})

    current, broken = step.unless, glance.invariant().holds
    assert current is not None
    file = ("/etc/glance/glance-api.conf",)
    for told, to_do, holds in ((Configuration(()), False, True), (Configuration(file), True, False),
                               (Configuration((), file), True, True)):
        assert current.judge(seen(told), "ctl1").truth is not to_do
        assert broken.judge(seen(told), "ctl1").truth is holds
    away = Snapshot(seen(Configuration(())).values, {"ctl2": Gone("off")})
    assert current.judge(away, "ctl1").truth is None


@pytest.mark.parametrize(("runs_on", "done"), [("ctl2", True), ("", False)])
def test_a_restart_has_gone_once_it_runs_again(runs_on: str, done: bool) -> None:
    """What runs nowhere runs with no old file either."""
    glance = InForce("api", "glance", "p_glance-api", ("glance-api.service",), NODES)
    gate = glance.restart("its clients wait", ()).until
    assert gate is not None
    placed = (Placed("p_glance-api", runs_on, "Started"),) if runs_on else ()
    view = Placements(quorate=True, dc="ctl1", online=NODES, offline=(), placed=placed)
    seen = Snapshot({node: {glance.probe: Configuration(()), RESOURCES: view} for node in NODES}, {})
    assert gate.holds.judge(seen, "ctl1").truth is done


def test_no_secret_is_in_what_is_asked() -> None:
    asked = changed(("here",), (NodeFile("/etc/a", b"a password", secret=True),))
    assert "a password" not in f"{asked.argv} {asked.stdin}"


def test_what_a_node_tells_is_read() -> None:
    told = "/etc/a\n/etc/a\n/etc/b: FAILED\n/etc/c: FAILED open or read\n"
    assert parse_configuration({"rc": 0, "stdout": told}) == Configuration(("/etc/a",), ("/etc/b", "/etc/c"))
    assert not parse_configuration({"rc": 0, "stdout": "", "stderr": ""}).older
    with pytest.raises(Unreadable):
        parse_configuration({"rc": 127, "stdout": ""})
