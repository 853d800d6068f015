"""A cluster that runs, as Pacemaker's scheduler sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .scheduler import all_started


@pytest.fixture
def running(tool: str, example: str, tmp_path: Path) -> Path:
    """The state of ``example`` with all members up and everything started; the test's own to change."""
    state = tmp_path / "running.xml"
    state.write_bytes(all_started(tool, example))
    return state
