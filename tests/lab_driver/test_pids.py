from __future__ import annotations

import os
import subprocess
from dataclasses import replace

from fournines.lab.pids import ProcessId, parent_of


def test_a_living_process_is_known_by_number_and_start() -> None:
    own = ProcessId.of(os.getpid())

    assert own is not None
    assert own.alive
    assert parent_of(os.getpid()) == os.getppid()


def test_a_number_that_nobody_has_is_no_process() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()

    assert ProcessId.of(gone.pid) is None
    assert parent_of(gone.pid) == 0


def test_a_zombie_counts_as_gone() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        living = ProcessId.of(sleeper.pid)
        assert living is not None
        living.kill()

        assert living.wait_gone(10.0)   # before anybody has reaped it
        assert sleeper.wait() == -9


def test_whoever_got_a_recycled_number_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        living = ProcessId.of(other.pid)
        assert living is not None

        stale = replace(living, started=living.started - 1)
        stale.kill()

        assert not stale.alive
        assert living.alive
        living.kill()
