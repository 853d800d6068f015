"""A control group of its own for each node: what freezes it, what its systemd manages, and its share of the
processors: machines do not take time from one another, and one that boots must not starve those that serve.

Two kinds of host: cgroup v1 with the hybrid ``unified`` mount, and pure cgroup v2. Without an own group all
nodes would share one in systemd's hierarchy and kill each other's services. The groups lie at the top of the
hierarchy, beside what the host's systemd manages, as other container runtimes do it.
Tried: v1 hybrid as the host booted; v2 by mounting a v2 hierarchy over /sys/fs/cgroup (no controllers in it).
"""

from __future__ import annotations

import contextlib
import errno
import time
from dataclasses import dataclass
from pathlib import Path

from fournines.errors import LabError
from fournines.lab.pids import ProcessId

TOP = "fournines"
V1_FREEZER = "freezer"
V1_SYSTEMD = "name=systemd"
V1_SHARES = "cpu"     # equal for all groups unless told otherwise, cpu.shares
V2_SHARES = "+cpu"    # the same, cpu.weight, once the groups above hand the controller down
V1_QUOTA, V2_QUOTA = "cpu.cfs_quota_us", "cpu.max"
QUOTA_PERIOD_US = 100_000   # the kernel's default; a quota is what may be used in each
# A kernel with RT_GROUP_SCHED runs nothing ahead of others in a group without a budget for it, which is part
# of that of the group above: for all labs, for one, for a node, in percent of each processor.
V1_AHEAD = (80, 40, 4)
V1_AHEAD_PERIOD_US = 100_000   # who has used his budget up waits for the next one
MAKE_TIMEOUT_S = 10.0
REMOVE_TIMEOUT_S = 60.0
FREEZE_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted cgroup hierarchy that nodes take part in. ``freezer`` names the file that freezes a group
    of it, or is empty where this hierarchy cannot; ``quota`` the file that limits its processor time."""

    mount: Path
    freezer: str = ""
    frozen_word: str = ""
    thawed_word: str = ""
    quota: str = ""


def hierarchies(mountinfo: str | None = None) -> tuple[Hierarchy, ...]:
    """Those of this host; see proc(5) on ``/proc/self/mountinfo``. Raises ``LabError`` without a freezer."""
    text = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    v1: list[Hierarchy] = []
    v2: Path | None = None
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        mount = Path(before.split()[4])
        kind, _, options = after.split()[:3]
        if kind == "cgroup2":
            v2 = mount
        elif kind == "cgroup" and V1_FREEZER in options.split(","):
            v1.append(Hierarchy(mount, "freezer.state", "FROZEN", "THAWED"))
        elif kind == "cgroup" and {V1_SYSTEMD, V1_SHARES} & set(options.split(",")):
            v1.append(Hierarchy(mount, quota=V1_QUOTA if V1_SHARES in options.split(",") else ""))
    if v2 is not None:
        v1.append(Hierarchy(v2) if any(each.freezer for each in v1)
                  else Hierarchy(v2, "cgroup.freeze", "1", "0", quota=V2_QUOTA))
    if not any(each.freezer for each in v1):
        raise LabError("this host has no cgroup hierarchy that can freeze",
                       hint="mount cgroup2 on /sys/fs/cgroup")
    return tuple(v1)


class ControlGroup:
    """The groups of one node in all hierarchies, addressed as one."""

    def __init__(self, lab: str, node: str) -> None:
        self._path = Path(TOP, lab, node)
        self._hierarchies = hierarchies()

    @property
    def directories(self) -> tuple[Path, ...]:
        return tuple(each.mount / self._path for each in self._hierarchies)

    @property
    def visitors(self) -> tuple[Path, ...]:
        """Groups for processes that enter from outside: they freeze with the node. A child of its own, since
        under v2 a group that has children and controllers holds no processes."""
        return tuple(directory / "visitors" for directory in self.directories)

    def create(self) -> None:
        for directory in self.visitors:
            _make(directory)
        for each in self._hierarchies:
            for above in (each.mount / TOP, each.mount / self._path.parent):
                with contextlib.suppress(OSError):   # v1, or a v2 host that has the controller elsewhere
                    (above / "cgroup.subtree_control").write_text(V2_SHARES)
            if each.quota == V1_QUOTA:
                self._let_run_ahead(each.mount)

    def _let_run_ahead(self, mount: Path) -> None:
        """Real-time scheduling in the node, as on a machine of its own."""
        node = mount / self._path
        for directory, percent in zip((mount / TOP, node.parent, node), V1_AHEAD, strict=True):
            with contextlib.suppress(OSError):   # this kernel needs no budget, or there is none left
                (directory / "cpu.rt_period_us").write_text(str(V1_AHEAD_PERIOD_US))
                (directory / "cpu.rt_runtime_us").write_text(str(V1_AHEAD_PERIOD_US * percent // 100))

    def freeze(self) -> None:
        """Stop every process of the node between two instructions; returns once all have stopped."""
        self._switch(True)

    def thaw(self) -> None:
        self._switch(False)

    @property
    def frozen(self) -> bool:
        return all(self._state(each) for each in self._hierarchies if each.freezer)

    def throttle(self, percent: int) -> None:
        """All of it together gets this share of one processor; 0: as much as there is. Raises ``LabError``
        where this host's hierarchies cannot."""
        file = self._quota()
        if file is None:
            raise LabError("this host has no control group that limits processor time",
                           hint="mount cgroup2, or cgroup with the controller cpu, and take the lab up anew")
        quota_us = percent * QUOTA_PERIOD_US // 100
        if file.name == V2_QUOTA:
            file.write_text(f"{quota_us or 'max'} {QUOTA_PERIOD_US}")
        else:
            file.write_text(str(quota_us or -1))

    @property
    def throttled(self) -> int:
        """How often it has had to wait for its share, since it was made; 0 where it has no limit now."""
        file = self._quota()
        if file is None or file.read_text().split()[0] in ("-1", "max"):
            return 0
        told = dict(line.split() for line in (file.parent / "cpu.stat").read_text().splitlines())
        return int(told.get("nr_throttled", 0))

    def _quota(self) -> Path | None:
        files = (each.mount / self._path / each.quota for each in self._hierarchies if each.quota)
        return next((file for file in files if file.exists()), None)

    @property
    def populated(self) -> bool:
        """Whether any process is in it."""
        return bool(self._processes())

    def kill_all(self) -> None:
        """SIGKILL to every process that is left in it."""
        if self.frozen:
            self.thaw()
        for process in self._processes():
            process.kill()

    def remove(self) -> None:
        """Remove the groups and, when it was the last, those of the lab; waits for what is dying."""
        end = time.monotonic() + REMOVE_TIMEOUT_S
        for directory in self.directories:
            while not _removed(directory):
                if time.monotonic() > end:
                    raise LabError(f"control group {directory} still has processes",
                                   hint="see its cgroup.procs")
                time.sleep(0.02)
            for above in (directory.parent, directory.parent.parent):
                with contextlib.suppress(OSError):   # others live there
                    above.rmdir()

    def _processes(self) -> set[ProcessId]:
        listed: set[ProcessId] = set()
        for directory in self.directories:
            for file in directory.rglob("cgroup.procs"):
                with contextlib.suppress(FileNotFoundError):   # a group that its systemd removed meanwhile
                    listed |= {found for pid in file.read_text().split() if (found := ProcessId.of(int(pid)))}
        return listed

    def _switch(self, freeze: bool) -> None:
        for each in self._hierarchies:
            if each.freezer:
                (each.mount / self._path / each.freezer).write_text(
                    each.frozen_word if freeze else each.thawed_word)
        end = time.monotonic() + FREEZE_TIMEOUT_S
        while self.frozen != freeze:
            if time.monotonic() > end:
                raise LabError(f"{self._path} did not {'freeze' if freeze else 'thaw'}",
                               hint="a process of it may be stuck in the kernel: see dmesg")
            time.sleep(0.005)

    def _state(self, hierarchy: Hierarchy) -> bool:
        directory = hierarchy.mount / self._path
        if not (directory / hierarchy.freezer).exists():
            return False
        if hierarchy.freezer == "cgroup.freeze":   # what was asked for; whether it has come true is in events
            return "frozen 1" in (directory / "cgroup.events").read_text()
        return (directory / hierarchy.freezer).read_text().strip() == hierarchy.frozen_word


def _make(directory: Path) -> None:
    """With those above it, of which another node, whose group is removed meanwhile, takes away what is empty
    at that moment."""
    end = time.monotonic() + MAKE_TIMEOUT_S
    while True:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            # Gone; gone between two looks at it; or dying.
            if problem.errno not in (errno.ENOENT, errno.EEXIST, errno.ENODEV):
                raise
            if time.monotonic() > end:
                raise LabError(f"control group {directory} cannot be made: something takes it away again",
                               hint="see who else uses it") from None
            time.sleep(0.005)
        else:
            return


def _removed(directory: Path) -> bool:
    """Remove a tree of groups from its leaves; False while any of them still has processes."""
    try:
        for child in [entry for entry in directory.iterdir() if entry.is_dir()]:
            if not _removed(child):
                return False
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError as problem:
        if problem.errno not in (errno.EBUSY, errno.ENOTEMPTY):
            raise
        return False
    return True
