"""Every example renders to exactly what is kept beside this file; ``make golden`` writes it anew."""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path

import pytest

from .rendering import ROOT, rendered

GOLDEN = Path(__file__).parent / "rendered"
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_renders_to_its_golden_files(example: Path, pytestconfig: pytest.Config) -> None:
    texts, folder = rendered(example), GOLDEN / example.stem
    if pytestconfig.getoption("--golden-update"):
        _write(folder, texts)
    kept = {str(path.relative_to(folder)): path.read_text(encoding="utf-8")
            for path in folder.rglob("*") if path.is_file()}
    differences = [line for name in sorted({*kept, *texts})
                   for line in _difference(name, kept.get(name, ""), texts.get(name, ""))]
    assert sorted(kept) == sorted(texts), "files came or went; if that is meant: make golden"
    assert not differences, "if this is meant, run make golden:\n" + "\n".join(differences)


def test_rendering_twice_gives_the_same() -> None:
    assert rendered(EXAMPLES[0]) == rendered(EXAMPLES[0])


def test_no_golden_folder_is_without_its_example() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {path.stem for path in EXAMPLES}


def _write(folder: Path, texts: dict[str, str]) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _difference(name: str, kept: str, now: str) -> list[str]:
    return list(difflib.unified_diff(
        kept.splitlines(), now.splitlines(), f"kept {name}", f"now {name}", lineterm=""))
