"""A disk that containers of a lab share: one for all, and a power loss that loses what was not written."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fournines.blueprint.hardware import Disk, Hardware
from fournines.errors import CommandFailed
from fournines.lab.lab import Lab
from fournines.lab.requirements import findings
from lab.conftest import lab_with, on

DISK = Disk("/dev/san/mysql", 400, shared=True)
NAME = f"test-shared-{os.getpid()}"


@pytest.fixture(scope="module")
def sharing(can_host: None) -> Iterator[Lab]:
    """ctl1 and ctl2 share a disk, ctl3 has none."""
    hardware = {name: Hardware(name, disks=(DISK,)) for name in ("ctl1", "ctl2")}
    with lab_with(NAME, hardware, findings(shared_disks=True)) as made:
        yield made


def test_all_see_the_same_disk_and_others_none(sharing: Lab) -> None:
    assert [machine.driver for machine in sharing.status().machines] == ["nspawn"] * 3
    on(sharing, "ctl1", "mkfs.xfs", "-q", DISK.path)
    told = [on(sharing, name, "blkid", "--probe", "--output", "value", "--match-tag", "UUID", DISK.path)
            for name in ("ctl1", "ctl2")]
    assert told[0] == told[1] != ""
    with pytest.raises(CommandFailed):
        on(sharing, "ctl3", "stat", DISK.path)


def test_a_disk_is_no_mount_that_who_unmounts_a_file_system_could_take(sharing: Lab) -> None:
    """The resource agent Filesystem unmounts all that names its device."""
    assert DISK.path not in on(sharing, "ctl1", "cat", "/proc/mounts")
    on(sharing, "ctl1", "mount", DISK.path, "/mnt")
    assert [line.split()[1] for line in on(sharing, "ctl1", "cat", "/proc/mounts").splitlines()
            if DISK.path in line] == ["/mnt"]
    on(sharing, "ctl1", "umount", "/mnt")


def test_a_power_loss_keeps_what_was_synced_and_loses_what_was_not(sharing: Lab) -> None:
    on(sharing, "ctl1", "mount", "-t", "xfs", DISK.path, "/mnt")
    on(sharing, "ctl1", "sh", "-c", "echo kept > /mnt/synced; sync -f /mnt; echo lost > /mnt/unsynced")
    sharing.machine("ctl1").power_off()

    on(sharing, "ctl2", "mount", "-t", "xfs", DISK.path, "/mnt")
    assert on(sharing, "ctl2", "ls", "/mnt") == "synced"
    assert on(sharing, "ctl2", "cat", "/mnt/synced") == "kept"
    on(sharing, "ctl2", "umount", "/mnt")

    sharing.machine("ctl1").power_on()
    sharing.machine("ctl1").wait_up()
    on(sharing, "ctl1", "mount", "-t", "xfs", DISK.path, "/mnt")
    assert on(sharing, "ctl1", "cat", "/mnt/synced") == "kept"


def test_two_cannot_mount_it_at_once_here(sharing: Lab) -> None:
    """The computer's kernel, which both machines share, knows the file system already. Others would not."""
    with pytest.raises(CommandFailed):
        on(sharing, "ctl2", "mount", "-t", "xfs", DISK.path, "/mnt")
