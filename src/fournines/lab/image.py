"""The node image: a tree made with mmdebstrap, kept under the hash of its recipe, shared by all labs.

It is built under a temporary name and renamed when complete, so what bears a hash is whole. One build at a
time; who comes second waits and finds it done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from fournines.errors import GateTimeout
from fournines.lab.archive import access_settings
from fournines.lab.events import Event, Progress
from fournines.lab.process import run, run_telling
from fournines.lab.recipe import Recipe, image_path

BUILD_TIMEOUT_S = 1800.0
KEEP = 2
UNFINISHED = ".building-"
PACKAGE_COUNT = re.compile(r"^\d+ upgraded, (\d+) newly installed")


def root_of(image: Path) -> Path:
    """The image's root directory: what a node's overlay lies over."""
    return image / "root"


def ensure(images: Path, recipe: Recipe, progress: Progress, in_use: Collection[str] = ()) -> Path:
    """The image of that recipe, built if it is not there; older ones beyond the newest ``KEEP`` are removed,
    but none whose key is ``in_use``. Raises ``CommandFailed`` when it cannot be built."""
    image = image_path(images, recipe)
    if image.is_dir():
        os.utime(image)
        return image
    images.mkdir(parents=True, exist_ok=True)
    with alone(images, progress):
        if not image.is_dir():
            _remove_unfinished(images)
            _build(image, recipe, progress)
            prune(images, {*in_use, recipe.key})
    return image


def prune(images: Path, in_use: Collection[str], keep: int = KEEP) -> tuple[str, ...]:
    """Remove all but the newest ``keep`` images (by last use) and those in use; the keys removed."""
    by_age = sorted((entry for entry in images.iterdir() if not entry.name.startswith(".")),
                    key=lambda entry: entry.stat().st_mtime, reverse=True)
    old = [entry for entry in by_age[keep:] if entry.name not in in_use]
    for image in old:
        # Renamed first: a removal that is killed half-way must not leave something that looks complete.
        doomed = image.rename(images / f"{UNFINISHED}{image.name}")
        shutil.rmtree(doomed)
    return tuple(image.name for image in old)


def _build(image: Path, recipe: Recipe, progress: Progress) -> None:
    started = time.monotonic()
    progress(Event("image", f"building {image.name}: {recipe.codename} with {len(recipe.packages)} packages "
                            "and what they depend on"))
    unfinished = image.with_name(f"{UNFINISHED}{image.name}")
    try:
        unfinished.mkdir()
        access = unfinished / "access.conf"
        access.touch(0o600)   # it may name a proxy's password
        access.write_text(access_settings())
        sources = unfinished / "sources.list"
        sources.write_text("".join(f"{archive}\n" for archive in recipe.archives))
        root = root_of(unfinished)
        run_telling(_contained(_mmdebstrap(recipe, root, sources, access)), _Teller(progress),
                    timeout_s=BUILD_TIMEOUT_S, env={"DEBIAN_FRONTEND": "noninteractive"})
        access.unlink()
        progress(Event("image", "making it a node's"))
        _finish(root, recipe)
        (unfinished / "recipe.json").write_text(recipe.as_json())
        unfinished.rename(image)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    progress(Event("image", f"built in {time.monotonic() - started:.0f} s"))


def _contained(argv: list[str]) -> list[str]:
    """Its mounts and processes in namespaces of their own, which the kernel clears away however it ends, also
    when this process is killed."""
    return ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", "--pid",
            "--fork", "--kill-child=KILL", "--mount-proc", "--", *argv]


def _mmdebstrap(recipe: Recipe, root: Path, sources: Path, access: Path) -> list[str]:
    options = [f"--aptopt={option}" for option in (*recipe.apt_options, access)]
    options += [f"--dpkgopt={option}" for option in recipe.dpkg_options]
    options += [f"--{moment}-hook={command}" for moment, command in recipe.hooks]
    return ["mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase", "--verbose", *options,
            f"--include={','.join(recipe.packages)}",
            recipe.codename, str(root), str(sources)]


class _Teller:
    """Makes events of mmdebstrap's many lines: its own few, and a small one for each package."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._total = 0
        self._done = 0

    def __call__(self, line: str) -> None:
        if counted := PACKAGE_COUNT.match(line):
            self._total, self._done = int(counted.group(1)), 0
        elif line.startswith("I: "):
            self._progress(Event("image", line[3:]))
        elif line.startswith("Setting up "):
            self._done += 1
            package = line.removeprefix("Setting up ").split()[0]
            self._progress(Event("image", f"{self._done} of {self._total}: {package}", detail=True))


def _finish(root: Path, recipe: Recipe) -> None:
    """Take out what no two nodes may share, and let nothing start by itself but the network and sshd."""
    for pattern in (*recipe.per_node, *recipe.leftovers):
        for path in root.glob(pattern):
            path.unlink()
    for name, content in recipe.files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(content)
    run(["systemctl", f"--root={root}", "preset-all"])
    run(["systemctl", f"--root={root}", "mask", *recipe.unwanted])


@contextlib.contextmanager
def alone(directory: Path, progress: Progress) -> Iterator[None]:
    """Hold the directory against other builds, in whichever process."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, progress)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, progress: Progress) -> None:
    end = time.monotonic() + BUILD_TIMEOUT_S
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not told:
                progress(Event("image", "waiting for another build on this computer"))
                told = True
            if time.monotonic() > end:
                raise GateTimeout("the image directory is free", BUILD_TIMEOUT_S, "another build holds it",
                                  hint="see which process it is: fuser /var/cache/fournines/images") from None
            time.sleep(0.5)


def _remove_unfinished(images: Path) -> None:
    """What a killed build left."""
    for entry in images.glob(f"{UNFINISHED}*"):
        shutil.rmtree(entry)
