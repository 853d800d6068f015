"""``fournines audit`` on trees, files and a cluster file: what it prints, and how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fournines import cli
from fournines.audit.rule import RULES

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "three-controllers.yaml"
SLOW = "listen web\n bind :80\n timeout check 1m\n server a 10.0.0.1:80 check\n"


def run(*argv: str | Path) -> int:
    return cli.run(["audit", *map(str, argv)])


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A tree whose worst finding is a warning."""
    path = tmp_path / "ctl1" / "etc" / "haproxy" / "haproxy.cfg"
    path.parent.mkdir(parents=True)
    path.write_text(SLOW)
    return tmp_path


def test_the_guide_fails_an_audit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ROOT / "tests" / "guide") == 1
    out = capsys.readouterr().out
    assert out.startswith("error: data lost, or two masters\n")
    said = "haproxy.cfg:56: server controller2 of keystone_admin_cluster has 10.0.0.2.42, which is no address"
    assert f"{said}: " in out


def test_a_cluster_file_is_rendered_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(EXAMPLE, "--fail-on", "warning") == 0
    out = capsys.readouterr().out
    assert "ctl1/etc/haproxy/haproxy.cfg:" in out
    assert "57 files of 3 nodes" in out


def test_a_cluster_file_accepts_rules_with_a_reason(slow: Path,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    file = slow / "cluster.yaml"
    accepts = "{HAP007: a test, HAP012: a test, XYZ999: a test}"
    file.write_text(f"{EXAMPLE.read_text()}\naudit: {{accept: {accepts}}}\n")
    assert run(slow / "ctl1", file, "--fail-on", "warning", "--json") == 1   # for what accepts nothing
    told = json.loads(capsys.readouterr().out)
    assert {item["accepted"] for item in told if item["rule"] == "HAP007"} == {"a test"}
    assert [(item["file"], item["summary"]) for item in told if item["rule"] == "AUD003"] == [
        (str(file), "there is no rule XYZ999 to be accepted")]
    file.write_text(file.read_text().replace(", XYZ999: a test", ""))
    log = slow / "log.sarif"
    assert run(slow / "ctl1", file, "--fail-on", "warning", "--sarif", log) == 0
    results = json.loads(log.read_text())["runs"][0]["results"]
    assert {item["suppressions"][0]["kind"] for item in results if item["ruleId"] == "HAP007"} == {"external"}


@pytest.mark.parametrize(("threshold", "code"), [("error", 0), ("warning", 1), ("info", 1)])
def test_the_threshold_decides_the_exit_code(slow: Path, threshold: str, code: int) -> None:
    assert run(slow, "--fail-on", threshold) == code


def test_json_tells_rule_file_line_and_what_to_do(slow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(slow, "--json")
    found = {item["rule"]: item for item in json.loads(capsys.readouterr().out)}
    item = found["HAP007"]
    assert (item["file"], item["line"]) == (str(slow / "ctl1/etc/haproxy/haproxy.cfg"), 4)
    assert (item["severity"], item["accepted"], item["effect"]) == ("warning", "", "slow or noisy recovery")
    assert "over 15 s" in item["summary"]
    assert item["remedy"]


def test_junit_has_a_case_for_each_rule(slow: Path, tmp_path: Path) -> None:
    path = slow / "ctl1" / "etc" / "haproxy" / "haproxy.cfg"
    path.write_text(SLOW + "\x01 \ufffe\n # fournines: ignore HAP012 because a test\n")
    assert run(slow, "--junit", tmp_path / "a.xml", "--fail-on", "warning") == 1
    (suite,) = ElementTree.parse(tmp_path / "a.xml").getroot()   # noqa: S314  our own
    failed = {case.get("name", "").split()[0] for case in suite if case.find("failure") is not None}
    assert len(suite) == len(RULES) == int(suite.get("tests", ""))
    assert "HAP007" in failed
    assert len(failed) == int(suite.get("failures", ""))


def test_sarif_is_written_beside(slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(slow, "--sarif", tmp_path / "a.sarif") == 0
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"
    assert "HAP007" in capsys.readouterr().out
    assert run(slow, "--sarif", tmp_path / "no" / "a.sarif") == 1
    assert "choose a file that can be written" in capsys.readouterr().err


def test_a_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--explain", "hap005") == 0
    assert "HAP005 error Several Galera members take writes" in capsys.readouterr().out
    assert run("--explain", "HAP999") == 1
    assert "there is no rule HAP999" in capsys.readouterr().err


def test_an_audit_of_nothing_is_an_error_and_not_a_pass(tmp_path: Path,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 1
    assert run(tmp_path) == 1
    assert run(tmp_path / "gone") == 1
    err = capsys.readouterr().err
    assert "nothing was named" in err
    assert "no file of a kind that is audited" in err
    assert "gone: there is no such file or directory" in err


def test_nothing_is_written_where_it_reads(slow: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in slow.rglob("*")}
    run(slow)
    assert {path: path.stat().st_mtime_ns for path in slow.rglob("*")} == before
