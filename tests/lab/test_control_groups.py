"""Control groups of nodes that come and go at once."""

from __future__ import annotations

import os
import subprocess
import sys

COMES_AND_GOES = """
import sys
from fournines.lab.cgroups import ControlGroup
group = ControlGroup(sys.argv[1], sys.argv[2])
for _ in range(int(sys.argv[3])):
    group.create()
    assert all(directory.is_dir() for directory in group.visitors)
    group.remove()
"""
TIMES = "2000"


def test_one_node_s_group_is_made_while_another_s_is_removed(can_host: None) -> None:
    """Whoever is the last takes the lab's own group away, perhaps while the next is made in it."""
    lab = f"groups-{os.getpid()}"
    started = [subprocess.Popen([sys.executable, "-c", COMES_AND_GOES, lab, node, TIMES],
                                stderr=subprocess.PIPE, text=True) for node in ("node1", "node2", "node3")]
    said = [process.communicate(timeout=300)[1] for process in started]
    assert said == ["", "", ""]
