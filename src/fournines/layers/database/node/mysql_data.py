#!/usr/bin/python3
"""MariaDB's data directory on the volume that moves with it.

    mysql_data.py facts     a JSON object: whether this node saw one there, and databases below the mount
    mysql_data.py make      makes one, where the volume has none; before Pacemaker has the volume

Shipped as /usr/lib/fournines/mysql_data.py; standard library only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SETTINGS = "/etc/fournines/mysql-data.json"
SEEN = Path("/var/lib/fournines/mysql-data")   # says that this node saw a data directory on the volume
OF_THE_SERVER = ("mysql", "performance_schema", "sys", "test", "lost+found")
TOOL_TIMEOUT_S = 280.0


def run(*argv: str) -> None:
    """A command that has to succeed; its last words where it does not."""
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=TOOL_TIMEOUT_S, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()[-500:]}")


@contextmanager
def mounted(volume: str, device: str, kind: str) -> Iterator[Path]:
    """The volume's file system at a place of its own, while this node is primary. DRBD allows for one."""
    run("drbdadm", "primary", volume)
    try:
        with tempfile.TemporaryDirectory(dir="/run", prefix="fournines-volume-") as place:
            run("mount", "-t", kind, device, place)
            try:
                yield Path(place)
            finally:
                run("umount", place)
    finally:
        run("drbdadm", "secondary", volume)


def is_data(directory: Path) -> bool:
    """Whether it is a data directory of a MariaDB that was set up to its end."""
    return (directory / "mysql").is_dir() and (directory / "ibdata1").is_file()


def make(directory: Path) -> None:
    """A new data directory in an empty one; root is known by the kernel's word. What was left half-way by an
    earlier attempt bears the mark of that and is made anew; anything else is refused."""
    unfinished = directory / ".fournines-unfinished"
    found = [each.name for each in directory.iterdir() if each.name != "lost+found"]
    if is_data(directory) and not unfinished.exists():
        print("the volume has a data directory already")
        return
    if found and not unfinished.exists():
        raise SystemExit(f"the volume holds {', '.join(sorted(found)[:5])}, which is no data directory of "
                         "MariaDB: nothing was written")
    for each in directory.iterdir():
        if each != unfinished and each.name != "lost+found":
            run("rm", "-rf", str(each))
    unfinished.touch()
    os.sync()
    run("mariadb-install-db", f"--datadir={directory}", "--user=mysql", "--skip-test-db",
        "--auth-root-authentication-method=socket")
    run("chown", "mysql:mysql", str(directory))
    directory.chmod(0o750)
    os.sync()
    unfinished.unlink()
    os.sync()
    print("made a data directory on the volume")


def facts(datadir: Path) -> dict[str, object]:
    """``made`` and ``own``, see ``Data`` in the layer's health.py."""
    over = datadir.is_mount()
    if over and is_data(datadir) and not SEEN.exists():
        remember()
    own = [] if over or not datadir.is_dir() else sorted(
        each.name for each in datadir.iterdir() if each.is_dir() and each.name not in OF_THE_SERVER)
    return {"made": SEEN.exists(), "own": own}


def remember() -> None:
    """This node saw a data directory on the volume."""
    SEEN.parent.mkdir(parents=True, exist_ok=True)
    SEEN.touch()


def main(arguments: Sequence[str]) -> None:
    """``facts`` or ``make``."""
    settings = json.loads(Path(SETTINGS).read_text(encoding="utf-8"))
    match arguments:
        case ["facts"]:
            print(json.dumps(facts(Path(settings["datadir"]))))
        case ["make"]:
            with mounted(settings["volume"], settings["device"], settings["filesystem"]) as directory:
                make(directory)
            remember()
        case _:
            raise SystemExit("say facts or make")


if __name__ == "__main__":
    main(sys.argv[1:])
