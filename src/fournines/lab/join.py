"""Run as a script: start a node in its control groups, or enter a running one. Standard library only.

    python3 -I -S join.py start GROUP_DIRECTORY... -- COMMAND ARGUMENT...
    python3 -I -S join.py enter MACHINE_STATE -- COMMAND ARGUMENT...

``enter`` reads which process is the node's init from the state file that the driver writes, so the same words
enter the node again after it was power-cycled. What runs inside joins the node's control groups, so that it
freezes with the node; the nsenter outside does not, so that it can always be killed (a process frozen by
cgroup v1 cannot). A machine with a kernel of its own is entered through the door that its state file names.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys

ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME=/root", "LANG=C.UTF-8", "LC_ALL=C.UTF-8")
# Runs inside the node: writes itself into the groups opened outside, then becomes the command. Where that
# cannot be started, the exit code is a shell's.
INSIDE = """import os, sys
count = int(sys.argv[1])
for group in map(int, sys.argv[2:2 + count]):
    os.write(group, b"0")
    os.close(group)
os.chdir("/root")
command = sys.argv[2 + count:]
try:
    os.execvp(command[0], command)
except OSError as problem:
    print(f"{command[0]}: {problem.strerror}", file=sys.stderr)
    sys.exit(127 if isinstance(problem, FileNotFoundError) else 126)
"""


def start(groups: list[str], command: list[str]) -> None:
    """Does not return when all goes well. The socket hears that it is in the groups: only of what was there
    can be seen that it is gone."""
    for directory in groups:
        with open(os.path.join(directory, "cgroup.procs"), "w", encoding="ascii") as procs:
            procs.write("0")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as starter:
        starter.sendto(b"", os.environ["NOTIFY_SOCKET"])
    os.execvp(command[0], command)  # noqa: S606 - becoming the command is what this is for


def enter(state: str, command: list[str]) -> None:
    """Does not return when all goes well."""
    with open(state, encoding="utf-8") as file:
        machine = json.load(file)
    if not machine["init"]:
        raise OSError("it is powered off")
    pid, started = machine["init"]
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        if int(file.read().rpartition(")")[2].split()[19]) != started:
            raise OSError("it is powered off")
    if door := machine.get("door"):
        terminal = ["-t"] if command and os.isatty(0) and os.isatty(1) else []
        os.execvp(door[0], [*door[:-1], *terminal, door[-1],  # noqa: S606 - as above
                            *([shlex.join(command)] if command else [])])
    groups = [os.open(os.path.join(directory, "cgroup.procs"), os.O_WRONLY)
              for directory in machine["visitors"]]
    for descriptor in groups:
        os.set_inheritable(descriptor, True)
    terminal = [f"TERM={os.environ['TERM']}"] if "TERM" in os.environ else []
    os.execvp("nsenter", [  # noqa: S606 - becoming the command is what this is for
        "nsenter", f"--target={pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--",
        "env", "-i", *ENVIRONMENT, *terminal,
        "python3", "-I", "-S", "-c", INSIDE, str(len(groups)), *map(str, groups),
        *(command or ["bash", "--login"])])


def main(words: list[str]) -> None:
    """See the module's docstring."""
    end = words.index("--")
    if words[0] == "start":
        start(words[1:end], words[end + 1:])
    else:
        enter(words[1], words[end + 1:])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (OSError, ValueError) as problem:
        sys.exit(f"the machine cannot be entered: {problem}")
