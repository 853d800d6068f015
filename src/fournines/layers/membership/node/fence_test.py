#!/usr/bin/python3
"""Asks every fencing device for the power of its node, as Pacemaker will, and keeps when each last answered.

Usage: fence_test.py test (with {"devices": [{"name", "node", "agent", "digest", "parameters"}], "timeout_s"}
on standard input) or fence_test.py report. A device that is against this very node is left to the others.
"""

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

RECORD = Path("/var/lib/fournines/fencing.json")
POWER = {0: "on", 2: "off"}   # what "status" ends with, by the fence agents' API


def main() -> int:
    if sys.argv[1:] == ["report"]:
        print(json.dumps(recorded()))
        return 0
    asked = json.load(sys.stdin)
    devices = [each for each in asked["devices"] if each["node"] != socket.gethostname()]
    with ThreadPoolExecutor(8) as pool:
        problems = list(pool.map(lambda device: ask(device, asked["timeout_s"]), devices))
    proven = {each["name"]: {"digest": each["digest"], "node": each["node"], "at_s": time.time()}
              for each, problem in zip(devices, problems, strict=True) if not problem}
    keep({**recorded(), **proven})
    for problem in filter(None, problems):
        print(problem, file=sys.stderr)
    return int(any(problems))


def ask(device: dict[str, Any], timeout_s: float) -> str:
    """Empty, or why the device does not answer. Parameters go by standard input: others may read an argv."""
    lines = "".join(f"{name}={value}\n" for name, value in device["parameters"].items())
    what = f"{device['name']} ({device['agent']} against {device['node']})"
    try:
        said = subprocess.run([device["agent"]], input=f"{lines}action=status\n", capture_output=True,
                              text=True, timeout=timeout_s)
    except FileNotFoundError:
        return f"{what}: there is no such agent on this node"
    except subprocess.TimeoutExpired:
        return f"{what}: no answer within {timeout_s:g} s"
    if said.returncode in POWER:
        return ""
    # Agents say what is wrong first and "Please use '-h' for usage" last.
    words = (said.stderr.strip() or said.stdout.strip() or f"exit code {said.returncode}").splitlines()
    return f"{what}: {words[0]}"


def recorded() -> dict[str, Any]:
    try:
        found = json.loads(RECORD.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def keep(record: dict[str, Any]) -> None:
    temporary = RECORD.with_suffix(".new")
    with open(temporary, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        json.dump(record, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(RECORD)


if __name__ == "__main__":
    sys.exit(main())
