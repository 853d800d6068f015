"""``fournines report`` as it is typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fournines import cli
from fournines.cli import drilling
from recorded_runs import BROKEN, KEPT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KEPT, tmp_path / "runs" / KEPT.name))


def run(*argv: str | Path) -> int:
    return cli.run(["report", *map(str, argv)])


def test_the_page_goes_into_the_folder_of_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    page = folder / "report.html"
    assert capsys.readouterr().out == f"{page}\n"
    assert "The promise was kept." in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o644


def test_out_puts_it_elsewhere(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "elsewhere.html"
    assert run(folder, "--out", page) == 0
    assert capsys.readouterr().out == f"{page}\n"
    assert page.is_file()
    assert not (folder / "report.html").exists()


def test_json_prints_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(folder.iterdir())
    assert run(folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["truth"] == "true"
    assert set(folder.iterdir()) == before


def test_junit_beside_the_page(folder: Path, tmp_path: Path) -> None:
    assert run(folder, "--junit", tmp_path / "junit.xml") == 0
    assert 'tests="12" skipped="0" failures="0" errors="0"' in (tmp_path / "junit.xml").read_text()
    assert (folder / "report.html").is_file()


def test_several_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "comparison.html"
    assert run(KEPT, BROKEN, "--out", page, "--junit", tmp_path / "junit.xml") == 0
    out = capsys.readouterr().out
    assert out.startswith("power-off-vip-holder  2 runs; the promise: kept 1, broken 1, unknown 0\n")
    assert out.endswith(f"\n{page}\n")
    assert "Drills compared" in page.read_text(encoding="utf-8")
    assert 'tests="24"' in (tmp_path / "junit.xml").read_text()
    assert run(KEPT, BROKEN, "--json") == 0
    (drill,) = json.loads(capsys.readouterr().out)["drills"]
    assert [item["truth"] for item in drill["runs"]] == ["true", "false"]


def test_a_run_without_a_verdict_is_an_error_that_says_what_to_do(
        folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "verdict.json").unlink()
    assert run(folder) == 1
    err = capsys.readouterr().err
    assert f"error: {folder}/verdict.json is missing: the run came to no verdict" in err
    assert "hint: name another run, or run the drill again" in err
    assert not (folder / "report.html").exists()


def test_a_page_that_cannot_be_written_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--out", folder / "none" / "report.html") == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_a_drill_leaves_its_report_and_keeps_its_verdict_where_it_cannot(
        folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drilling.leave_report(folder)
    assert capsys.readouterr().err == f"report: {folder}/report.html\n"
    (folder / "samples.jsonl").unlink()
    drilling.leave_report(folder)
    assert f"there is no report: {folder}/samples.jsonl is missing" in capsys.readouterr().err
