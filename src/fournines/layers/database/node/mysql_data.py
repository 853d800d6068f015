#!/usr/bin/python3
"""MariaDB's data directory: what is in it, and how it comes onto the volume that moves with it.

    mysql_data.py own DIRECTORY   a JSON list: the databases that somebody made in a data directory
    mysql_data.py facts     a JSON object: whether this node saw one there, and databases below the mount
    mysql_data.py make      makes one, where the volume has none; before Pacemaker has the volume
    mysql_data.py move      instead of that: moves the one of before there, which is below the mount

Shipped as /usr/lib/fournines/mysql_data.py; standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SETTINGS = "/etc/fournines/mysql-data.json"
SEEN = Path("/var/lib/fournines/mysql-data")   # says that this node saw a data directory on the volume
UNFINISHED = ".fournines-unfinished"
OF_THE_SERVER = ("mysql", "performance_schema", "sys", "test", "lost+found")
OF_BEFORE = ".before-fournines"                # ends the name of a data directory that was moved from
TOOL_TIMEOUT_S = 280.0
COPY_TIMEOUT_S = 6 * 3600.0


def run(*argv: str, timeout_s: float = TOOL_TIMEOUT_S) -> None:
    """A command that has to succeed; its last words where it does not."""
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=timeout_s, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()[-500:]}")


@contextmanager
def primary(volume: str, *, promotes: bool) -> Iterator[None]:
    """This node may mount the volume: DRBD allows for one. Of a disk that nodes share nobody has it, says the
    step that starts this script."""
    if promotes:
        run("drbdadm", "primary", volume)
    try:
        yield
    finally:
        if promotes:
            run("drbdadm", "secondary", volume)


@contextmanager
def mounted(device: str, kind: str) -> Iterator[Path]:
    """A file system at a place of its own."""
    with tempfile.TemporaryDirectory(dir="/run", prefix="fournines-volume-") as place:
        run("mount", "-t", kind, device, place)
        try:
            yield Path(place)
        finally:
            run("umount", place)


@contextmanager
def volume(settings: dict[str, str]) -> Iterator[Path]:
    """The volume's file system, on this node."""
    with (primary(settings["volume"], promotes=bool(settings["promotes"])),
          mounted(settings["device"], settings["filesystem"]) as directory):
        yield directory


def is_data(directory: Path) -> bool:
    """Whether it is a data directory of a MariaDB that was set up to its end."""
    return (directory / "mysql").is_dir() and (directory / "ibdata1").is_file()


def is_finished(directory: Path) -> bool:
    """Whether a data directory was put there, and put there whole."""
    return is_data(directory) and not (directory / UNFINISHED).exists()


@contextmanager
def filling(directory: Path) -> Iterator[None]:
    """An empty directory becomes a data directory, or bears the mark that it did not. What an earlier attempt
    left half-way is cleared away; anything else is refused."""
    mark = directory / UNFINISHED
    found = [each.name for each in directory.iterdir() if each.name != "lost+found"]
    if found and not mark.exists():
        raise SystemExit(f"the volume holds {', '.join(sorted(found)[:5])}, which is no data directory of "
                         "MariaDB: nothing was written")
    for each in directory.iterdir():
        if each != mark and each.name != "lost+found":
            run("rm", "-rf", str(each))
    mark.touch()
    os.sync()
    yield
    os.sync()
    mark.unlink()
    os.sync()


def make(directory: Path) -> None:
    """A new data directory in an empty one; root is known by the kernel's word."""
    if is_finished(directory):
        print("the volume has a data directory already")
        return
    with filling(directory):
        run("mariadb-install-db", f"--datadir={directory}", "--user=mysql", "--skip-test-db",
            "--auth-root-authentication-method=socket")
        run("chown", "mysql:mysql", str(directory))
        directory.chmod(0o750)
    print("made a data directory on the volume")


def move(source: Path, directory: Path) -> None:
    """A copy of the data directory ``source`` in an empty one, compared file by file. ``source`` is read
    only; raises SystemExit where it is in use, has links, or does not fit."""
    if source.is_mount():
        raise SystemExit(f"{source} is a file system of its own, over which the volume cannot be mounted: "
                         "unmount it, take it out of /etc/fstab, and copy its files into the directory below")
    if not is_data(source):
        raise SystemExit(f"{source} is no data directory of MariaDB: nothing was written")
    if user := in_use(source):
        raise SystemExit(f"process {user} works in {source}: shut that server down first")
    before = tree(source)
    if not is_finished(directory):
        needed, free = sum(each[-2] for each in before.values()), shutil.disk_usage(directory).free
        if needed > free:
            raise SystemExit(f"{source} has {needed >> 20} MiB of files, and the volume has room for "
                             f"{free >> 20} MiB: nothing was written")
        with filling(directory):
            run("cp", "--archive", "--no-target-directory", str(source), str(directory),
                timeout_s=COPY_TIMEOUT_S)
    after = {name: each for name, each in tree(directory).items()
             if name.parts[0] not in (UNFINISHED, "lost+found")}
    differing = sorted(str(name) for name in before.keys() | after.keys()
                       if before.get(name) != after.get(name))
    if differing:
        raise SystemExit(f"on the volume {len(differing)} files are not as in {source}, the first is "
                         f"{differing[0]}: it has to be emptied, and {source} is as it was")
    print(f"moved {len(before)} files, each of which was compared, from {source}")


def in_use(directory: Path) -> int | None:
    """A server that has it as its working directory, as MariaDB and MySQL have."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.path.samefile(entry / "cwd", directory):
                    return int(entry.name)
            except OSError:   # it has ended meanwhile
                continue
    return None


def tree(top: Path) -> dict[Path, tuple[int, int, int, int, str]]:
    """Everything below ``top``: mode, owner, group, size and digest. What a server leaves for as long as it
    runs (sockets, pipes) is left out; raises SystemExit for a link, which leads out of the volume."""
    found: dict[Path, tuple[int, int, int, int, str]] = {}
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise SystemExit(f"{path} is a link to {os.readlink(path)}: put what it leads to in its place")
        if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
            is_file = stat.S_ISREG(status.st_mode)
            found[path.relative_to(top)] = (status.st_mode, status.st_uid, status.st_gid,
                                            status.st_size if is_file else 0, digest(path) if is_file else "")
    return found


def digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def set_aside(datadir: Path) -> None:
    """The directory that was moved from keeps its files under another name; an empty one takes its place."""
    status, old = datadir.stat(), Path(f"{datadir}{OF_BEFORE}")
    if old.exists():
        raise SystemExit(f"{old} is there already: look whether it is needed, and remove it")
    datadir.rename(old)
    datadir.mkdir(mode=0o700)
    os.chown(datadir, status.st_uid, status.st_gid)
    datadir.chmod(stat.S_IMODE(status.st_mode))
    print(f"what was in {datadir} is in {old}; remove it once the database has been seen to have everything")


def facts(datadir: Path, device: Path) -> dict[str, object]:
    """``made`` and ``own``, see ``Data`` in the layer's health.py."""
    over = is_on(device, datadir)
    if over and is_data(datadir) and not SEEN.exists():
        remember()
    return {"made": SEEN.exists(), "own": [] if over else own_databases(datadir)}


def own_databases(datadir: Path) -> list[str]:
    """Those that somebody made, and no server by itself."""
    if not datadir.is_dir():
        return []
    return sorted(each.name for each in datadir.iterdir() if each.is_dir() and each.name not in OF_THE_SERVER)


def is_on(device: Path, directory: Path) -> bool:
    """Whether a directory is of the file system on a device."""
    try:
        return directory.stat().st_dev == device.stat().st_rdev
    except OSError:
        return False


def remember() -> None:
    """This node saw a data directory on the volume."""
    SEEN.parent.mkdir(parents=True, exist_ok=True)
    SEEN.touch()


def main(arguments: Sequence[str]) -> None:
    """``own``, ``facts``, ``make`` or ``move``; all but the first are told of a volume."""
    if arguments[:1] == ["own"]:
        print(json.dumps(own_databases(Path(arguments[1]))))
        return
    settings = json.loads(Path(SETTINGS).read_text(encoding="utf-8"))
    datadir, device = Path(settings["datadir"]), settings["device"]
    match arguments:
        case ["facts"]:
            print(json.dumps(facts(datadir, Path(device))))
        case ["make"]:
            with volume(settings) as directory:
                make(directory)
            remember()
        case ["move"]:
            with volume(settings) as directory:
                move(datadir, directory)
            remember()   # first: should the next not come to its end, all is on the volume nevertheless
            set_aside(datadir)
        case _:
            raise SystemExit("say own, facts, make or move")


if __name__ == "__main__":
    main(sys.argv[1:])
