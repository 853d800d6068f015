"""A no-op plan on three nodes, beside the same end state as an Ansible playbook run with --check.

Both over SSH to the same lab, turn by turn, as whole processes; the last line is ``ratio N`` of the medians.
Needs root. The lab is built and converged first if it is not there, and stays. Usage: run.py [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from playbook import write_playbook

from fournines.cli.opened import open_cluster
from fournines.lab.lab import Lab

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXAMPLE = ROOT / "examples" / "three-controllers.yaml"
FOURNINES = ROOT / ".venv" / "bin" / "fournines"
ANSIBLE = ROOT / ".venv" / "ansible"


def main() -> int:
    """Prepare both, run them in turn, print every run, the medians and the ratio."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    subprocess.run([FOURNINES, "lab", "up", EXAMPLE], check=True)
    ansible = _ansible()
    opened = open_cluster(EXAMPLE)
    ssh_config = Lab(opened.cluster).ssh_config
    with tempfile.TemporaryDirectory() as scratch:
        playbook = write_playbook(opened.blueprint(opened.store()), Path(scratch), ssh_config)
        theirs = [str(ansible / "bin" / playbook[0]), *playbook[1:]]
        environment = {**os.environ, "ANSIBLE_CONFIG": f"{scratch}/ansible.cfg", "ANSIBLE_NOCOLOR": "1",
                       "PATH": f"{ansible / 'bin'}:{os.environ['PATH']}"}
        ours = [str(FOURNINES), "plan", str(EXAMPLE), "--via", "ssh", "--ssh-config", str(ssh_config)]
        return _compare(ours, theirs, environment, Path(scratch), runs)


def _compare(ours: Sequence[str], theirs: Sequence[str], environment: Mapping[str, str], where: Path,
             runs: int) -> int:
    """One uncounted run each (connections, caches), then in turn."""
    _seconds(ours, environment, where)
    print(_tail(theirs, environment, where))
    mine, other = [], []
    for number in range(1, runs + 1):
        mine.append(_seconds(ours, environment, where))
        other.append(_seconds(theirs, environment, where))
        print(f"run {number}: fournines plan {mine[-1]:.2f} s   ansible-playbook --check {other[-1]:.2f} s",
              flush=True)
    for name, times in (("fournines plan", mine), ("ansible-playbook --check", other)):
        print(f"{name}: median {statistics.median(times):.2f} s, worst {max(times):.2f} s, {runs} runs")
    print(f"ratio {statistics.median(other) / statistics.median(mine):.1f}")
    return 0


def _run(argv: Sequence[str], environment: Mapping[str, str], where: Path) -> str:
    done = subprocess.run(argv, env=environment, cwd=where, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{argv[0]} exited with {done.returncode}, which is not a plan with nothing to do:\n"
                         f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def _seconds(argv: Sequence[str], environment: Mapping[str, str], where: Path) -> float:
    began = time.monotonic()
    _run(argv, environment, where)
    return time.monotonic() - began


def _tail(argv: Sequence[str], environment: Mapping[str, str], where: Path) -> str:
    """Ansible's recap: the tasks that it looked at, and that it would change none."""
    return "\n".join(_run(argv, environment, where).splitlines()[-5:])


def _ansible() -> Path:
    """ansible-core in an environment of its own, from the lock beside this file."""
    if not (ANSIBLE / "bin" / "ansible-playbook").exists():
        venv.create(ANSIBLE, with_pip=True, clear=True)
        subprocess.run([ANSIBLE / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes",
                        "-r", HERE / "requirements.lock"], check=True)
    return ANSIBLE


if __name__ == "__main__":
    raise SystemExit(main())
