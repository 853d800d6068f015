"""The one way in which the lab starts a process on this computer: a list of words, a time limit, no shell."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fournines.errors import CommandFailed

TAIL_LINES = 8
NOT_FOUND = 127
OUT_OF_TIME = 124


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended; ``output`` is what it wrote to stdout, ``said`` to stderr."""

    returncode: int
    output: str
    said: str


def run(argv: Sequence[str], *, timeout_s: float = 60.0, stdin: str = "",
        env: Mapping[str, str] | None = None, accept: Sequence[int] | None = (0,)) -> Finished:
    """Run to the end. ``env`` is added to the environment. ``accept`` lists the exit codes that are no error
    (None: all). Raises ``CommandFailed``, also when it cannot be started or takes longer."""
    try:
        done = subprocess.run(list(argv), input=stdin, env=_environment(env), timeout=timeout_s, check=False,
                              capture_output=True, text=True, errors="replace")
    except OSError as problem:
        raise _not_started(argv, problem) from None
    except subprocess.TimeoutExpired:
        raise CommandFailed(argv, OUT_OF_TIME, f"not finished after {timeout_s:g} s") from None
    if accept is not None and done.returncode not in accept:
        raise CommandFailed(argv, done.returncode, _tail((done.stderr or done.stdout).splitlines()))
    return Finished(done.returncode, done.stdout, done.stderr)


def run_telling(argv: Sequence[str], tell: Callable[[str], None], *, timeout_s: float,
                env: Mapping[str, str] | None = None) -> None:
    """Run to the end and hand over each line as it is written (stdout and stderr together). Raises
    ``CommandFailed``. Whatever ends the wait (Ctrl-C too), the process is gone afterwards."""
    try:
        process = subprocess.Popen(list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=_environment(env), text=True,
                                   errors="replace")
    except OSError as problem:
        raise _not_started(argv, problem) from None
    last: deque[str] = deque(maxlen=TAIL_LINES)
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        process.kill()

    watchdog = threading.Timer(timeout_s, expire)
    watchdog.start()
    try:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                last.append(line.rstrip())
                tell(line.rstrip())
        process.wait()
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
    if expired.is_set():
        last.append(f"not finished after {timeout_s:g} s")
    if process.returncode:
        raise CommandFailed(argv, process.returncode, _tail(last))


def start_detached(argv: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
    """Start a process that outlives this one, in a session of its own, writing to the end of ``log``. Raises
    ``CommandFailed`` when even that is impossible; how it then fares is for the caller to watch."""
    with log.open("ab") as file:
        try:
            subprocess.run(["setsid", "--fork", *argv], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                           env=_environment(env), timeout=60.0, check=True)
        except OSError as problem:
            raise _not_started(argv, problem) from None
        except subprocess.SubprocessError as problem:
            raise CommandFailed(argv, 1, f"cannot be started: {problem}") from None


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    """C locale, so that what tools say can be read; the rest as it is here."""
    return {**os.environ, "LC_ALL": "C.UTF-8", **(extra or {})}


def _tail(lines: Sequence[str] | deque[str]) -> str:
    return " | ".join(line.strip() for line in list(lines)[-TAIL_LINES:] if line.strip())


def _not_started(argv: Sequence[str], problem: OSError) -> CommandFailed:
    return CommandFailed(argv, NOT_FOUND, f"cannot be started: {problem.strerror}",
                         hint=f"install {argv[0]}; `fournines lab check` says which package it is in")
