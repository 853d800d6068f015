"""What the Makefile promises and nothing else would notice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_clean_leaves_no_byte_code_and_every_source(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    folders = [tmp_path / name for name in ("src/fournines", "tests/project", "benchmarks/plan",
                                            "scripts/reference")]
    for folder in folders:
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "__pycache__" / "one.cpython-311.pyc").touch()
        (folder / "one.py").touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert list(tmp_path.rglob("__pycache__")) == []
    assert all((folder / "one.py").exists() for folder in folders)
