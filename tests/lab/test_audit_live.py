"""An audit of running machines over SSH changes nothing there, and runs what it says and nothing else."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from fournines.audit.live import described
from fournines.lab.lab import Lab
from lab.conftest import eventually, on

AODH = "[DEFAULT]\ntransport_url = rabbit://u:91c0@10.0.0.1,u:91c0@10.0.0.2,u:91c0@10.0.0.3/\n"
CFG = "listen a\n server a 10.0.0.1:80\n server b 10.0.0.2:80 check\n"
CHANGED_BY_A_LOGIN = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/log", "/var/lib/systemd")
CHANGES = ("open", "openat", "creat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir",
           "mkdirat", "rmdir", "link", "linkat", "symlink", "symlinkat", "truncate", "ftruncate", "chmod",
           "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown", "mknod", "mknodat", "setxattr",
           "mount")


@pytest.fixture
def configured(lab: Lab) -> Iterator[Lab]:
    """ctl1 with a file that everybody may read and one that only root may, and a user who is not root."""
    script = ("systemctl enable --quiet haproxy && mkdir -p /etc/haproxy /etc/aodh && "
              "printf '%s' \"$1\" >/etc/haproxy/haproxy.cfg && "
              "umask 077 && printf '%s' \"$2\" >/etc/aodh/aodh.conf && useradd --create-home auditor && "
              "install -d -o auditor -g auditor /home/auditor/.ssh && "
              "install -o auditor -m 600 /root/.ssh/authorized_keys /home/auditor/.ssh/")
    on(lab, "ctl1", "sh", "-c", script, "sh", CFG, AODH)
    yield lab
    on(lab, "ctl1", "sh", "-c", "systemctl disable --quiet haproxy; userdel --remove auditor; "
                          "rm -r /etc/aodh /etc/haproxy/haproxy.cfg")


def audit(lab: Lab, *argv: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("fournines")
    return subprocess.run([command, "audit", "--ssh-config", str(lab.ssh_config), *argv], check=False,
                          text=True, capture_output=True, timeout=120)


def state(lab: Lab) -> Mapping[str, str]:
    """Path -> kind, mode, owner, size and time of the last change of whatever sort, of all files of ctl1."""
    pruned = " -o ".join(f"-path {path}" for path in CHANGED_BY_A_LOGIN)
    listed = on(lab, "ctl1", "sh", "-c",
                f"find / \\( {pruned} \\) -prune -o -printf '%p\\t%y %m %u %g %s %C@\\n'")
    return dict(line.split("\t") for line in listed.splitlines())


def test_no_file_changes(configured: Lab) -> None:
    state(configured)   # an overlay makes notes of its own where it is read for the first time
    before = state(configured)
    assert len(before) > 10_000
    done = audit(configured, "--host", "ctl1")
    assert "HAP001" in done.stdout
    assert state(configured) == before


@contextmanager
def traced(lab: Lab, log: Path) -> Iterator[None]:
    """Every program that sshd's children start, and every call that may change a file, with process ids."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace, from the Debian package strace")
    inside = on(lab, "ctl1", "systemctl", "show", "--property=MainPID", "--value", "ssh.service")
    tracer = subprocess.Popen([strace, "-f", "--decode-pids=pidns", "-qq", "-s", "400", "-o", str(log), "-e",
                               f"trace=execve,execveat,clone,clone3,fork,vfork,{','.join(CHANGES)}", "-p",
                               str(_outside(lab, "ctl1", inside))], stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: tracer.poll() is not None or _is_traced(lab, inside), "sshd is traced")
        assert tracer.poll() is None, tracer.communicate()[1]
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=30)


def _is_traced(lab: Lab, pid: str) -> bool:
    return "TracerPid:\t0\n" not in _status(_outside(lab, "ctl1", pid))


def _status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


def _outside(lab: Lab, name: str, inside: str) -> int:
    """The number that a process of a machine has on this computer."""
    here = on(lab, name, "readlink", f"/proc/{inside}/ns/pid")
    for path in Path("/proc").glob("[0-9]*"):
        try:
            same = re.search(rf"^NSpid:.*\t{inside}$", _status(int(path.name)), re.MULTILINE)
            if same and str((path / "ns" / "pid").readlink()) == here:
                return int(path.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    raise AssertionError(f"no process {inside} of {name}")


def of_the_agent(log: Path) -> list[str]:
    """The calls of the process that became the agent, and of all that it started: from python3 on."""
    calls: list[tuple[str, str]] = []
    begun: dict[str, str] = {}
    parents: dict[str, str] = {}
    for line in log.read_text(errors="replace").splitlines():
        pid, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[pid] = call.removesuffix("<unfinished ...>")
            continue
        call = re.sub(r"<\.\.\. \w+ resumed>", lambda _, pid=pid: begun.pop(pid, ""), call)
        # A child's calls may stand before that which started it.
        started = re.search(r"^(?:clone3?|v?fork)\b.*= \d+ /\* (\d+) in", call)
        if started:
            parents[started[1]] = pid
        calls.append((pid, call))
    agents = {pid: number for number, (pid, call) in enumerate(calls)   # before that it was the login shell
              if re.match(r'execve\("[^"]*/python3".*= 0$', call)}

    def ours(pid: str) -> bool:
        return pid in agents or (pid in parents and ours(parents[pid]))

    return [call for number, (pid, call) in enumerate(calls) if ours(pid) and number >= agents.get(pid, 0)]


def changes(call: str) -> bool:
    """Whether a call may change a file; one that opens it, where that is for more than reading."""
    name = call.partition("(")[0]
    if name in ("open", "openat"):
        return "/dev/null" not in call and re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", call) is not None
    return name in CHANGES


def test_no_command_runs_but_those_that_are_printed_and_none_changes_a_file(
        configured: Lab, tmp_path: Path) -> None:
    with traced(configured, tmp_path / "trace"):
        done = audit(configured, "--host", "ctl1")
    assert done.stderr.splitlines()[1:] == [f"  {line}" for line in described()]
    calls = of_the_agent(tmp_path / "trace")
    run = {match[1].rpartition("/")[2] for call in calls
           if (match := re.match(r'execve\("([^"]*)".*= 0$', call))}
    allowed = {line.split()[1] for line in described() if line.startswith("run ")}
    assert run - {"python3"} == allowed
    assert [call for call in calls if changes(call)] == []


def test_who_is_not_root_is_told_what_could_not_be_read(configured: Lab) -> None:
    done = audit(configured, "--host", "auditor@ctl1", "--no-sudo")
    assert "HAP001" in done.stdout
    assert "could not be read: Permission denied" in done.stdout
    for path in ("/etc/aodh/aodh.conf", "/root", "/etc/cinder", "/etc/keystone", "/etc/rabbitmq"):
        assert f"ctl1:{path}" in done.stdout
    assert "91c0" not in done.stdout + done.stderr
