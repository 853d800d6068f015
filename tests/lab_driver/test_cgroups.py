from __future__ import annotations

from pathlib import Path

import pytest

from fournines.errors import LabError
from fournines.lab.cgroups import Hierarchy, hierarchies

V1_HYBRID = """\
30 24 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
32 30 0:28 / /sys/fs/cgroup/systemd rw,nosuid shared:10 - cgroup cgroup rw,xattr,name=systemd
33 30 0:31 / /sys/fs/cgroup/memory rw,nosuid shared:12 - cgroup cgroup rw,memory
35 30 0:33 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:13 - cgroup cgroup rw,cpu,cpuacct
34 30 0:32 / /sys/fs/cgroup/freezer rw,nosuid shared:13 - cgroup cgroup rw,freezer
"""
V2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"


def test_a_v1_host_freezes_by_its_freezer_and_gives_systemd_its_hierarchies() -> None:
    root = Path("/sys/fs/cgroup")

    assert set(hierarchies(V1_HYBRID)) == {
        Hierarchy(root / "freezer", "freezer.state", "FROZEN", "THAWED"), Hierarchy(root / "systemd"),
        Hierarchy(root / "unified"), Hierarchy(root / "cpu,cpuacct", quota="cpu.cfs_quota_us")}


def test_a_v2_host_has_one_hierarchy_that_does_it_all() -> None:
    assert hierarchies(V2) == (Hierarchy(Path("/sys/fs/cgroup"), "cgroup.freeze", "1", "0",
                                       quota="cpu.max"),)


def test_a_host_that_cannot_freeze_is_refused() -> None:
    with pytest.raises(LabError, match="can freeze"):
        hierarchies("24 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n")
