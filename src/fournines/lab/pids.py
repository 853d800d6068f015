"""ProcessId: a process id with the time its process began; a recycled number is never taken for it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class ProcessId:
    """``started`` is in clock ticks since boot: field 22 of ``/proc/PID/stat``, see proc(5)."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The living process of that number; None when there is none, or only a zombie is left of it."""
        fields = _stat(pid)
        if fields is None or fields[0] in ("Z", "X"):
            return None
        return cls(pid, int(fields[19]))

    @property
    def alive(self) -> bool:
        """Whether it is still the same process, and not a zombie that nobody has reaped yet."""
        return ProcessId.of(self.pid) == self

    def kill(self) -> None:
        """SIGKILL, to this process only: never to another one that has got its number."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)

    def wait_gone(self, timeout_s: float) -> bool:
        """True once it is gone, False when it is still there after ``timeout_s``."""
        end = time.monotonic() + timeout_s
        while self.alive:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True


def parent_of(pid: int) -> int:
    """The process id of the parent; 0 when there is none."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _stat(pid: int) -> list[str] | None:
    """The fields of ``/proc/PID/stat`` from the third (state) on: the second may contain blanks."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2:].split()
