"""What a Pacemaker that never ran finds when it first starts: written by its own tools, and once only."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fournines.layers.membership.node import cib_seed


@pytest.mark.tool("cibadmin", "pacemaker-cli-utils")
def test_the_time_to_wait_for_others_is_there_before_the_first_start(
        tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "cib.xml"
    monkeypatch.setattr(cib_seed, "CIB", written)
    monkeypatch.setattr(cib_seed, "OWNER", pwd.getpwuid(os.getuid()).pw_name)   # hacluster is there on nodes
    monkeypatch.setattr(cib_seed, "GROUP", grp.getgrgid(os.getgid()).gr_name)
    for wait in ("5s", "7s"):   # the second time there is one already
        monkeypatch.setattr("sys.argv", ["cib_seed.py", wait])
        assert cib_seed.main() == 0
        (option,) = ElementTree.parse(written).iter("nvpair")   # noqa: S314 - just written
        assert (option.get("name"), option.get("value")) == ("dc-deadtime", "5s")
    assert written.stat().st_mode & 0o777 == 0o600
