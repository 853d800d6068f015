"""What users install is the wheel, so the wheel is built and its command line run where nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*argv: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in argv], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the locked packages and our wheel; its ``bin`` directory."""
    where = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", where, ROOT, cwd=where)
    (wheel,) = where.glob("*.whl")
    venv.create(where / "venv", with_pip=True)
    python = where / "venv" / "bin" / "python"
    install = (python, "-m", "pip", "install", "--quiet")
    run(*install, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=where)
    run(*install, "--no-deps", wheel, cwd=where)
    return python.parent


def test_the_command_runs_from_the_wheel_alone(clean_environment: Path, tmp_path: Path) -> None:
    """Away from the checkout, with only what the lock pins, the verbs that work anywhere work."""
    fournines = clean_environment / "fournines"
    example = ROOT / "examples" / "three-controllers.yaml"
    assert "0." in run(fournines, "--version", cwd=tmp_path)
    run(fournines, "check", example, cwd=tmp_path)
    assert json.loads(run(fournines, "schema", cwd=tmp_path))["type"] == "object"
    run(fournines, "render", example, "--out", tmp_path / "rendered", cwd=tmp_path)
    assert (tmp_path / "rendered" / "ctl1" / "etc" / "haproxy" / "haproxy.cfg").is_file()
    recorded = ROOT / "tests" / "report" / "outputs" / "20261126T232230Z-power-off-vip-holder"
    run(fournines, "report", recorded, "--out", tmp_path / "report.html", cwd=tmp_path)
    assert "The promise was kept." in (tmp_path / "report.html").read_text(encoding="utf-8")
