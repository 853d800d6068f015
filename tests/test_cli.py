"""The command line itself, and the commands that need no machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fournines import __version__, cli

EXAMPLE = Path(__file__).parents[1] / "examples" / "three-controllers.yaml"
COMMANDS = ["check", "schema", "render", "audit", "plan", "apply", "status", "verify", "rotate",
            "rotate fernet",
            "lab", "lab check", "lab image", "lab up", "lab status", "lab down", "lab shell", "lab exec",
            "lab power", "lab freeze", "lab thaw", "lab link", "lab console", "lab forward", "drill",
            "drill list", "drill run", "report"]


def run(*argv: str | Path) -> int:
    return cli.run([str(part) for part in argv])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_shows_an_example(
        command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(*command.split(), "--help") == 0
    shown = capsys.readouterr().out
    assert "Usage: fournines" in shown
    if command not in ("rotate", "lab", "drill"):
        assert f"fournines {command}" in shown.partition("Example")[2]


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize("argv", [("plam",), ("plan", "--what"), ("check",), ("lab", "power", "ctl1", "up")])
def test_a_command_line_that_makes_no_sense_is_an_error_with_a_hint(
        argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*argv) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert "hint: " in err


def test_a_good_file_is_called_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", EXAMPLE) == 0
    assert capsys.readouterr().out.startswith(f"{EXAMPLE}: good: cluster demo, 3 nodes")
    assert run("check", EXAMPLE, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_what_is_allowed_and_unwise_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unwise = tmp_path / "cluster.yaml"
    unwise.write_text(EXAMPLE.read_text().replace("rack: r2", "rack: r1")
                      + "overrides: {galera.suspect_timeout: 4s}\n")
    assert run("check", unwise, "--json") == 0
    findings = json.loads(capsys.readouterr().out)
    assert {finding["severity"] for finding in findings} == {"warning"}
    assert {finding["where"] for finding in findings} == {"demo", "overrides.galera.suspect_timeout"}
    assert run("check", unwise) == 0
    captured = capsys.readouterr()
    assert captured.out.count("warning: ") == len(findings)
    assert "warning: demo: 2 of 3 nodes are on rack r1" in captured.out
    assert f"{unwise}: good, with {len(findings)} warnings: cluster demo, 3 nodes" in captured.out
    assert captured.err == ""


def test_every_problem_of_a_file_is_told_with_its_place(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "cluster.yaml"
    wrong.write_text(EXAMPLE.read_text().replace("release: zed", "release: zen").replace("cidr:", "cdir:"))
    assert run("check", wrong) == 1
    captured = capsys.readouterr()
    assert f"{wrong}:4:" in captured.err
    assert captured.err.splitlines()[-1].startswith("error: the cluster file has ")
    assert run("check", wrong, "--json") == 1
    findings = json.loads(capsys.readouterr().out)
    assert {finding["severity"] for finding in findings} == {"error"}


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["type"] == "object"


def test_rendered_files_lie_by_node_and_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("render", EXAMPLE, "--out", tmp_path) == 0
    assert "192.168.42.11" in (tmp_path / "ctl1" / "etc" / "hosts").read_text()
    assert (tmp_path / "ctl3" / "etc" / "haproxy" / "haproxy.cfg").is_file()


def test_rendering_makes_no_secret_and_leaves_no_state(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    cluster = tmp_path / "cluster.yaml"
    cluster.write_text(EXAMPLE.read_text())
    assert run("render", cluster, "--node", "ctl1", "--json") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cluster.yaml"]


def test_rendering_a_node_that_is_not_there_names_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("render", EXAMPLE, "--node", "ctl9") == 1
    assert "hint: it has: ctl1, ctl2, ctl3" in capsys.readouterr().err


def test_every_timer_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("render", EXAMPLE, "--explain", "--json") == 0
    timers = json.loads(capsys.readouterr().out)["timers"]
    assert "galera.suspect_timeout" in {timer["name"] for timer in timers}
    assert run("render", EXAMPLE, "--explain") == 0
    assert "galera.suspect_timeout" in capsys.readouterr().out


def test_errors_have_no_traceback_unless_asked_for(tmp_path: Path) -> None:
    def as_process(**environment: str) -> subprocess.CompletedProcess[str]:
        program = "from fournines import cli; cli.main()"
        return subprocess.run([sys.executable, "-c", program, "apply", "x.json"], cwd=tmp_path, text=True,
                              env={**os.environ, **environment}, capture_output=True, check=False)

    plain = as_process()
    assert (plain.returncode, "Traceback" in plain.stderr) == (1, False)
    assert plain.stderr == ("error: x.json: No such file or directory\n"
                            "hint: save one with: fournines plan --out x.json\n")
    assert "Traceback" in as_process(FOURNINES_DEBUG="1").stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    done = subprocess.run(["/bin/sh", "-c", f"{sys.executable} -c 'from fournines import cli; cli.main()' "
                                            f"render {EXAMPLE} --explain | head -1"],
                          capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_what_a_command_does_not_need_is_not_loaded() -> None:
    """Planning has to answer at once: SSH, brokers and the terminal's tables are for those who use them."""
    heavy = "{'asyncssh', 'aio_pika', 'rich', 'pydantic', 'httpx', 'pymysql'}"
    done = subprocess.run([sys.executable, "-c", "import sys, fournines.cli; print(sorted("
                           f"{heavy} & set(sys.modules)))"], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_drills_are_listed_with_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("drill", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["hang-database-writer"]["target"] == "database-writer"
    assert listed["hang-database-writer"]["needs"] == ["processes"]
    assert listed["cut-all-links-of-vip-holder"]["undo"] == "plug_in"
    assert run("drill", "list") == 0
    assert "target database-writer; needs processes" in capsys.readouterr().out


def test_real_hosts_are_not_broken(capsys: pytest.CaptureFixture[str], tmp_path: Path,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "cluster.yaml"
    file.write_text(EXAMPLE.read_text())
    assert run("drill", "run", "kill-keystone", file, "--via", "ssh", "--runs", tmp_path / "runs") == 1
    said = capsys.readouterr().err
    assert "kill-keystone needs processes, which the cluster file does not allow on real machines" in said
    assert "fournines lab up" in said
    assert not (tmp_path / "runs").exists()
