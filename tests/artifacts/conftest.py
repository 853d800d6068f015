"""How the tests of formats run: without deadlines (the processor is shared), and with tools where found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("formats", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("formats")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "tool(path, package): asks an installed program, a name on PATH or a path with wildcards; "
                   "skipped where it is missing, with the Debian package that brings it")


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
