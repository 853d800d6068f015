"""A service's systemd unit: its processes as the kernel shows them, and how it is started and ended.

systemd holds every process of the service in one control group, so that stop ends all of them, also those
that were orphaned, and outlives the agent that asked for it. The kernel, not systemd, is asked what runs:
that costs no process.
"""

from __future__ import annotations

import os
import time

from fournines.ocf.agent import ERR_GENERIC, Failure, timeout_s, wait

UNIT_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/lib/systemd/system",
                "/usr/lib/systemd/system")
PAUSE_S = 0.1
FORCE_AFTER = 0.6   # of the time that Pacemaker gives a stop; a stop that takes longer has the node fenced


class Process:
    """A living process. ``state`` is the letter of proc(5); ``started`` in clock ticks since boot."""

    __slots__ = ("pid", "started", "state")

    def __init__(self, pid: int, state: str, started: int) -> None:
        self.pid, self.state, self.started = pid, state, started

    @property
    def suspended(self) -> bool:
        """Whether somebody stopped it (SIGSTOP)."""
        return self.state == "T"


def processes(unit: str, program: str = "") -> list[Process]:
    """The unit's processes, oldest first; of those only the ones that run ``program``, where one is given."""
    found = [process for name in os.listdir("/proc") if name.isdigit()
             if (process := _member(name, unit, program)) is not None]
    return sorted(found, key=lambda process: (process.started, process.pid))


def _member(pid: str, unit: str, program: str) -> Process | None:
    try:
        if f"/{unit}/" not in read(f"/proc/{pid}/cgroup").replace("\n", "/"):
            return None
        if program and program not in _command(pid):
            return None
        fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()   # the name before it may be anything
    except OSError:   # it ended meanwhile
        return None
    return None if fields[0] in "ZX" else Process(int(pid), fields[0], int(fields[19]))


def _command(pid: str) -> set[str]:
    """The names that the process may go by: an interpreter, its script, a title that it gave itself."""
    words = read(f"/proc/{pid}/cmdline").replace("\0", " ").split()[:3]
    return {word.strip("():").rpartition("/")[2] for word in words}


def read(path: str) -> str:
    """A file's text, whatever bytes it has."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def exists(unit: str) -> bool:
    """Whether systemd has such a unit; an instance's template counts."""
    stem, at, instance = unit.partition("@")
    names = {unit, f"{stem}@.{instance.rpartition('.')[2]}"} if at else {unit}
    return any(os.path.exists(os.path.join(folder, name)) for folder in UNIT_FOLDERS for name in names)


def systemctl(*argv: str) -> int:
    """Run it to its end; its exit code. What it says goes to Pacemaker's log."""
    pid = os.posix_spawnp("systemctl", ("systemctl", "--no-ask-password", *argv), dict(os.environ))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def start(units: tuple[str, ...]) -> None:
    """Ask systemd to start them; ``Failure`` where it cannot."""
    code = systemctl("start", *units)
    if code:
        # After several failed starts in a row systemd refuses more. Pacemaker counts them, and decides.
        systemctl("reset-failed", *units)
        code = systemctl("start", *units)
    if code:
        raise Failure(ERR_GENERIC, f"systemctl start {' '.join(units)} failed ({code}); "
                                   f"journalctl -u {units[0]} says why")


def stop(units: tuple[str, ...]) -> None:
    """Return once no process of them is left. systemd asks them to end, and kills them after the unit's own
    TimeoutStopSec; where that is longer than Pacemaker waits, they are killed in time."""
    force_at = time.monotonic() + FORCE_AFTER * timeout_s()
    forced = False
    systemctl("--no-block", "stop", *units)
    while any(processes(unit) for unit in units):
        if not forced and time.monotonic() > force_at:
            systemctl("kill", "--signal=KILL", *units)
            forced = True
        wait(PAUSE_S)
