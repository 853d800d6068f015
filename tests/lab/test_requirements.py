"""What a computer that cannot host a lab is told, in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fournines.errors import LabUnavailable
from fournines.lab import requirements
from fournines.lab.requirements import demand, findings

ASK = "from fournines.lab.requirements import demand; demand()"


def test_a_computer_that_can_is_told_nothing(can_host: None) -> None:
    assert findings() == ()
    demand()


def test_disks_are_shared_by_loop_devices_and_xfs(can_host: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "LOOP_CONTROL", Path("/nonexistent"))
    monkeypatch.setattr(requirements, "_loads", lambda module: False)
    with pytest.raises(LabUnavailable, match="no loop devices") as refused:
        demand(shared_disks=True)
    assert "modprobe loop" in refused.value.hint
    demand()


def test_a_user_without_rights_is_told_to_become_root(can_host: None) -> None:
    done = subprocess.run(["unshare", "--user", sys.executable, "-c", ASK], capture_output=True, text=True,
                          check=False)

    assert done.stderr.splitlines()[-1] == "fournines.errors.LabUnavailable: no lab here: a lab needs root"


def test_missing_programs_are_named_by_package(can_host: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(LabUnavailable, match=r"mmdebstrap .*systemd-container") as refused:
        demand()

    assert refused.value.hint.startswith("apt-get install --no-install-recommends apt iproute2")


def test_a_container_without_privileges_is_told_what_its_kernel_refuses(can_host: None) -> None:
    bounded = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    done = subprocess.run([*bounded, sys.executable, "-c", ASK], capture_output=True, text=True, check=False)

    assert "the kernel does not let this process make namespaces" in done.stderr
