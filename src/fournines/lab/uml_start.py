"""Run as a script in namespaces of its own (network, processes, mounts): hold one User-Mode-Linux machine.

    python3 -I -S uml_start.py PLAN

``PLAN`` is the file that ``uml.Start.as_json`` writes. It makes the machine's cables, its way in and its
memory, says to ``NOTIFY_SOCKET`` that it is the machine's process 1, and stays until the machine's kernel has
ended. All that it made is in its namespaces, so the host's kernel clears it away with the last process in
them. Standard library only.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys

REGISTERS = os.path.join(os.path.dirname(__file__), "uml_registers.c")   # which says what it is for
BESIDES_MIB = 512   # the kernel leaves a hole in its memory, which counts, and takes no room


def main(plan: str) -> int:
    """The exit code of the machine's kernel."""
    with open(plan, encoding="utf-8") as file:
        start = json.load(file)
    for words in start["links"]:
        subprocess.run(["ip", *words], check=True)
    size = f"size={start['memory_mib'] + BESIDES_MIB}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "memory", start["memory"]], check=True)
    registers = registers_in(start["memory"])
    os.sched_setaffinity(0, {start["processor"]})
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))   # a panic aborts; its memory is not wanted on the disk
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
        notifications.sendto(b"READY=1", os.environ.pop("NOTIFY_SOCKET"))
    kernel = subprocess.Popen(start["kernel"], stdin=subprocess.DEVNULL,
                              env={**os.environ, "TMPDIR": start["memory"], "HOME": start["memory"],
                                   "LD_PRELOAD": registers})
    while True:   # as process 1 it reaps whatever it is left with
        pid, status = os.wait()
        if pid == kernel.pid:
            return os.waitstatus_to_exitcode(status)


def registers_in(directory: str) -> str:
    """Compile there what the machine's kernel lacks: the path of what is to be loaded into it."""
    loaded = os.path.join(directory, "registers.so")
    subprocess.run(["tcc", "-shared", "-nostdinc", "-nostdlib", "-o", loaded, REGISTERS], check=True)
    return loaded


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]) != 0)
    except (OSError, subprocess.SubprocessError) as problem:
        sys.exit(f"the machine cannot be started: {problem}")
