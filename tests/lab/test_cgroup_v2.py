"""The same machines on a host with cgroup v2: its hierarchy is mounted over this host's, for one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fournines.lab.lab import Lab
from fournines.lab.places import Places
from lab.conftest import TIMEOUT_S, traces

PROGRAM = """
import sys, time
sys.path.insert(0, {tests!r})
from lab_cluster import small_cluster
from fournines.errors import CommandFailed
from fournines.lab.lab import Lab
from fournines.lab.process import run
from fournines.lab.process_machine import DEATH_TIMEOUT_S
run(["umount", "--recursive", "/sys/fs/cgroup"])
run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"])
lab = Lab(small_cluster({name!r}, nodes=1))
try:
    lab.up()
    machine = lab.machine("ctl1")
    print(run(machine.enter_argv(["stat", "-fc", "%T", "/sys/fs/cgroup"])).output.strip())
    machine.freeze()
    print(machine.power)
    try:
        run(machine.enter_argv(["true"]), timeout_s=1.0)
    except CommandFailed:
        print("hangs")
    machine.thaw()
    print(machine.power)
    machine.freeze()
    began = time.monotonic()
    machine.power_off()
    print(machine.power, "thawed" if time.monotonic() < began + DEATH_TIMEOUT_S else "left-frozen")
    machine.power_on()
    machine.wait_up()
    print(machine.power)
finally:
    lab.down()
"""


def test_a_machine_lives_freezes_and_dies_under_cgroup_v2(lab: Lab) -> None:
    name = f"{lab.name}-v2"
    program = PROGRAM.format(tests=str(Path(__file__).parent.parent), name=name)

    done = subprocess.run(["unshare", "--mount", "--propagation", "private", sys.executable, "-c", program],
                          capture_output=True, text=True, timeout=3 * TIMEOUT_S, check=False)

    assert done.stdout.split() == ["cgroup2fs", "frozen", "hangs", "on", "off", "thawed", "on"], done.stderr
    assert traces(name) == set()
    assert not Places().lab(name).directory.exists()
