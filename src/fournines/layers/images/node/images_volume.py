#!/usr/bin/python3
"""The replicated directory of images on one node: its mount, and what this node alone can know of it.

    images_volume.py prepare   before the mount: clear away a dead one, close the directory below it
    images_volume.py ready     after the mount: wait until it is there, give it to Glance
    images_volume.py facts     what is known here, as one JSON object
    images_volume.py reached N before the volume is made: wait until glusterd here has reached all N members

Shipped as /usr/lib/fournines/images_volume.py; standard library only.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

SETTINGS = "/etc/fournines/images.json"
GLUSTERD = Path("/var/lib/glusterd")
MOUNTED_WITHIN_S = REACHED_WITHIN_S = 60.0
STARTED, IN_CLUSTER = "1", "3"   # glusterd's own numbers: status of a volume, state of a peer


def stored(text: str) -> dict[str, str]:
    """glusterd's store: ``name=value`` lines. Pure."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def is_mounted(path: str, mountinfo: str) -> bool:
    """Whether a GlusterFS client is the topmost mount there (proc(5), mountinfo). Pure."""
    found = [line.split(" - ", 1)[1].split()[0] for line in mountinfo.splitlines() if line.split()[4] == path]
    return bool(found) and found[-1] == "fuse.glusterfs"


def pending(names: Sequence[str]) -> int:
    """How many files wait to be healed, from the names in a brick's index: the link that is always there, and
    one more name for each file. Pure."""
    return sum(not name.startswith("xattrop-") for name in names)


def connected(private: Sequence[str]) -> int:
    """To how many copies the client is connected, from what its ``.meta`` directory says of each. Pure."""
    return sum(bool(re.search(r"^connected = 1$", text, re.MULTILINE)) for text in private)


def facts(volume: str, mount: str, brick: str) -> dict[str, object]:
    """What is known here. ``options`` are those that were set; ``copies`` counts copies within reach."""
    info = GLUSTERD / "vols" / volume / "info"
    known = stored(info.read_text(encoding="utf-8")) if info.exists() else {}
    peers = [stored(path.read_text(encoding="utf-8")) for path in sorted((GLUSTERD / "peers").glob("*"))]
    mounted = is_mounted(mount, Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    clients = sorted(Path(mount, ".meta/graphs/active").glob(f"{volume}-client-*/private")) if mounted else []
    index = Path(brick, ".glusterfs/indices/xattrop")
    return {
        "created": bool(known), "started": known.get("status") == STARTED,
        "options": {name: value for name, value in known.items() if "." in name},
        "peers": sum(peer.get("state") == IN_CLUSTER for peer in peers),
        "mounted": mounted, "copies": connected([path.read_text(encoding="utf-8") for path in clients]),
        "pending": pending(os.listdir(index)) if index.is_dir() else 0,
    }


def in_reach(listed: str) -> int:
    """How many members are connected, this one included, of what ``gluster pool list`` prints. Pure."""
    return sum(line.split()[-1:] == ["Connected"] for line in listed.splitlines()[1:])


def reached(members: int) -> None:
    """Members know of one another before they have connected, and a volume is refused until all have."""
    import subprocess  # here: see ``prepare``

    deadline = time.monotonic() + REACHED_WITHIN_S
    while True:
        listed = subprocess.run(["gluster", "--mode=script", "pool", "list"], check=False, timeout=60,
                                capture_output=True, text=True).stdout
        if in_reach(listed) >= members:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"after {REACHED_WITHIN_S:g} s not {members} members are in reach:\n{listed}")
        time.sleep(0.2)


def prepare(mount: str) -> None:
    """A client that died leaves a mount that answers nobody. The directory below is closed, so that nobody
    writes images to this node alone while nothing is mounted."""
    import subprocess  # here: every plan asks for the facts, which do without

    while is_mounted(mount, Path("/proc/self/mountinfo").read_text(encoding="utf-8")):
        subprocess.run(["umount", "--lazy", mount], check=True, timeout=30)
    Path(mount).mkdir(parents=True, exist_ok=True)
    os.chown(mount, 0, 0)
    os.chmod(mount, 0o555)  # noqa: S103 - tighter than usual: nobody but root may write


def ready(mount: str, owner: str) -> None:
    """Wait for the mount, whose root then belongs to ``owner``: on all nodes, since it is one volume."""
    deadline = time.monotonic() + MOUNTED_WITHIN_S
    while not is_mounted(mount, Path("/proc/self/mountinfo").read_text(encoding="utf-8")):
        if time.monotonic() > deadline:
            raise SystemExit(f"{mount} is not mounted after {MOUNTED_WITHIN_S:g} s")
        time.sleep(0.1)
    account, seen = pwd.getpwnam(owner), os.stat(mount)
    if (seen.st_uid, seen.st_gid, seen.st_mode & 0o7777) != (account.pw_uid, account.pw_gid, 0o750):
        os.chown(mount, account.pw_uid, account.pw_gid)
        os.chmod(mount, 0o750)  # noqa: S103 - as the package makes it


def main(arguments: Sequence[str]) -> None:
    """``prepare``, ``ready``, ``facts`` or ``reached N``."""
    settings = json.loads(Path(SETTINGS).read_text(encoding="utf-8"))
    match arguments:
        case ["prepare"]:
            prepare(settings["mount"])
        case ["ready"]:
            ready(settings["mount"], settings["owner"])
        case ["facts"]:
            print(json.dumps(facts(settings["volume"], settings["mount"], settings["brick"])))
        case ["reached", count]:
            reached(int(count))
        case _:
            raise SystemExit("say prepare, ready, facts or reached N")


if __name__ == "__main__":
    main(sys.argv[1:])
