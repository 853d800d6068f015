"""An image build that is ended: what is left of it must never be taken for an image, nor go on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.conftest import TIMEOUT_S, command_lines, eventually

BUILD = """
import sys
from pathlib import Path
from fournines.distros import DISTROS
from fournines.lab.archive import archives
from fournines.lab.image import ensure
from fournines.lab.recipe import recipe_for
debian = DISTROS["debian12"]
ensure(Path(sys.argv[1]), recipe_for(debian, archives(debian.codename)),
       lambda event: print(event.message, flush=True))
"""


def start_build(images: Path) -> subprocess.Popen[str]:
    """A build in a process of its own, until it fetches packages."""
    process = subprocess.Popen([sys.executable, "-c", BUILD, str(images)], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "downloading" in line:
            return process
    pytest.fail("the build ended before it fetched anything")


def goes_on(images: Path) -> bool:
    """Whether any process still works on it, or anything is mounted there."""
    mounts = Path("/proc/self/mounts").read_text()
    return str(images) in mounts or any(str(images) in words for words in command_lines().values())


def test_a_killed_build_stops_at_once_and_leaves_nothing_that_looks_complete(can_host: None,
                                                                             tmp_path: Path) -> None:
    with start_build(tmp_path) as process:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)

    eventually(lambda: not goes_on(tmp_path), "everything of the build is gone")
    assert all(entry.name.startswith(".building-") for entry in tmp_path.iterdir())


def test_an_interrupted_build_removes_what_it_made(can_host: None, tmp_path: Path) -> None:
    with start_build(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT_S)

    assert not goes_on(tmp_path)
    assert list(tmp_path.iterdir()) == []
