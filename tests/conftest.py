"""For every test: the small cluster of fake nodes that ``store_cluster.py`` makes, programs where found,
golden files written anew on request, and no deadlines for hypothesis (the processor is shared)."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from store_cluster import World

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-update", action="store_true", default=False,
                     help="write the rendered examples anew; look at the diff before committing it")


def pytest_configure(config: pytest.Config) -> None:
    # Tests started in the background of a shell have SIGINT ignored, and children inherit that; those
    # that test Ctrl-C need what a terminal gives.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line(
        "markers", "tool(program, package): asks a program, a name on PATH or a path with wildcards; skipped "
                   "where it is missing, with the Debian package that brings it")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def as_recorded(pytestconfig: pytest.Config) -> Callable[[Path, str], None]:
    """Fails where the text is not what the file holds; with --golden-update the file is written anew."""
    def compare(recorded: Path, text: str) -> None:
        if pytestconfig.getoption("--golden-update"):
            recorded.write_text(text, encoding="utf-8")
        assert text == recorded.read_text(encoding="utf-8"), "if this is meant, run make golden"

    return compare


@pytest.fixture
def tool(request: pytest.FixtureRequest) -> str:
    """The program that the test's mark names."""
    wanted, package = map(str, request.node.get_closest_marker("tool").args)
    found = shutil.which(wanted, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not found and "*" in wanted:
        found = next((str(path) for path in sorted(Path("/").glob(wanted.lstrip("/")))), None)
    if not found:
        pytest.skip(f"needs {wanted}, from the Debian package {package}")
    return found
