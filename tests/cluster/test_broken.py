"""Files that must be refused: ``tests/broken/NAME.yaml`` gives exactly the lines of ``NAME.findings``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fournines.cluster.file import load
from fournines.errors import ClusterFileError

BROKEN = Path(__file__).parents[1] / "broken"
NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_broken_file_gives_exactly_these_findings(name: str, specs: Mapping[str, type],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(ClusterFileError) as refused:
        load(Path(f"{name}.yaml"), specs)
    expected = (BROKEN / f"{name}.findings").read_text()
    assert "".join(f"{finding}\n" for finding in refused.value.findings) == expected


def test_every_expectation_has_its_file() -> None:
    assert sorted(path.stem for path in BROKEN.glob("*.findings")) == NAMES
    assert len(NAMES) >= 30


def test_ten_mistakes_are_ten_findings() -> None:
    assert len((BROKEN / "ten-mistakes.findings").read_text().splitlines()) == 10


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_says_what_to_write_instead(name: str) -> None:
    for line in (BROKEN / f"{name}.findings").read_text().splitlines():
        place, what, instead = line.split(": ", 2)
        file, row, column = place.split(":")
        assert file == f"{name}.yaml"
        assert int(row) >= 1
        assert int(column) >= 1
        assert what
        assert instead
