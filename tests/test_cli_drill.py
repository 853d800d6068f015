"""``fournines drill`` as it is typed, where real machines are meant: what is not allowed, who is asked."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from fournines import cli
from fournines.cli import drilling
from fournines.cluster.file import load
from fournines.drills.termination import terminated_is_cancelled
from fournines.layers import SPECS

EXAMPLE = Path(__file__).parents[1] / "examples" / "three-controllers.yaml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A cluster that has no lab on this computer."""
    found = tmp_path / "cluster.yaml"
    found.write_text(EXAMPLE.read_text().replace("cluster: demo", "cluster: nolabofthisname"))
    return found


def allow(file: Path, *kinds: str) -> None:
    file.write_text(f"{file.read_text()}drills: {{allow: [{', '.join(kinds)}]}}\n")


def drill(*argv: str | Path) -> int:
    return cli.run(["drill", *map(str, argv)])


@pytest.mark.parametrize("argv", [("run", "kill-keystone"), ("run", "kill-keystone", "--yes")])
def test_real_machines_allow_nothing_by_themselves(file: Path, argv: tuple[str, ...], tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    assert drill(*argv, file, "--runs", tmp_path / "runs") == 1
    err = capsys.readouterr().err
    assert "processes" in err
    assert "allow" in err


def test_what_is_not_allowed_is_refused_before_anybody_is_asked(file: Path,
                                                                capsys: pytest.CaptureFixture[str]) -> None:
    allow(file, "packets")
    assert drill("run", "kill-keystone", file) == 1
    err = capsys.readouterr().err
    assert "kill-keystone needs processes, which the cluster file does not allow on real machines" in err
    assert "drills: {allow: [processes]}" in err


def test_nobody_who_could_be_asked_is_no(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    allow(file, "processes", "packets")
    assert drill("run", "kill-keystone", file) == 1
    err = capsys.readouterr().err
    assert "This breaks REAL machines of nolabofthisname: kill-keystone." in err
    assert "nobody can be asked whether real machines may be broken" in err


def test_a_no_is_a_no(file: Path, capsys: pytest.CaptureFixture[str],
                      monkeypatch: pytest.MonkeyPatch) -> None:
    allow(file, "processes")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *args, **options: False)
    assert drill("suite", "processes", file) == 1
    assert "not agreed to, so nothing was broken" in capsys.readouterr().err


def test_nothing_that_can_be_drawn(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drill("random", "3", file) == 1
    assert "no drill can be done here" in capsys.readouterr().err


def test_the_section_is_read(file: Path) -> None:
    assert load(file, SPECS).drills.allow == ()
    allow(file, "processes", "clock")
    assert load(file, SPECS).drills.allow == ("processes", "clock")


def test_a_kind_that_is_none_is_an_error_at_its_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    allow(file, "procesess")
    assert drill("run", "kill-keystone", file) == 1
    err = capsys.readouterr().err
    assert "procesess" in err
    assert "processes" in err


@pytest.mark.parametrize("argv", [("run", "kill-keystone"), ("suite", "processes"), ("random", "3")])
@pytest.mark.parametrize(("time", "said"), [("5", '--watch is "5", which is not a duration'),
                                            ("2h", "write a time from 1s to 1h")])
def test_a_time_to_watch_is_a_time(file: Path, argv: tuple[str, str], time: str, said: str,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    allow(file, "processes")
    assert drill(*argv, file, "--watch", time) == 1
    assert said in capsys.readouterr().err


def test_terminated_it_ends_as_by_ctrl_c(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    async def under_way(*_: object) -> None:
        with terminated_is_cancelled():
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60.0)

    allow(file, "processes")
    monkeypatch.setattr(drilling, "_run", under_way)
    assert drill("run", "kill-keystone", "--yes", file, "--runs", tmp_path / "runs") == 130
    assert "interrupted" in capsys.readouterr().err
