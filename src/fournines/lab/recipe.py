"""Recipe: everything that decides what is in a node image, as one value. Its hash names the image."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fournines.distros import Distro
from fournines.lab.archive import Archive

FORMAT = 1   # to be raised when the steps in ``image.py`` change what they make of the same recipe

DPKG_OPTIONS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/info/*", "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/man/*",
)
# Byte-compiling Python package by package takes as long as the rest of their configuration: while they are
# installed py3compile does nothing, and one pass at the end uses all processors. What does not compile is no
# error, as with py3compile itself. Nobody runs the packages' own tests.
HOOKS = (
    ("essential", 'chroot "$1" dpkg-divert --local --rename --divert /usr/bin/py3compile.packaged'
                  ' /usr/bin/py3compile && ln -s true "$1/usr/bin/py3compile"'),
    ("customize", 'rm "$1/usr/bin/py3compile"'
                  ' && chroot "$1" dpkg-divert --rename --remove /usr/bin/py3compile'
                  ' && { chroot "$1" python3 -m compileall -q -j 0 -x /tests/ /usr/lib/python3/dist-packages'
                  ' || true; }'),
)
APT_OPTIONS = ('APT::Install-Recommends "false"', 'Acquire::Languages "none"')

# Packages enable what they bring. A lab node starts with nothing but the network and a way in; what else runs
# is for the layers to say.
PRESET = "enable networking.service\nenable ssh.service\ndisable *\n"

# What a machine of its own gives by a limit, which a computer that may not raise limits cannot give to its
# containers: LimitRTPRIO in that unit, see the database layer.
MAY_RUN_AHEAD = "[Service]\nAmbientCapabilities=CAP_SYS_NICE\n"

FILES = {
    "etc/systemd/system-preset/00-fournines-lab.preset": PRESET,
    "etc/systemd/system/mariadb.service.d/lab.conf": MAY_RUN_AHEAD,
    "etc/resolv.conf": "# A lab has no name servers.\n",
    "etc/fstab": "# The root file system of a lab node is mounted from outside.\n",
}

# What packages make once per installation and no two nodes may share; each node gets or makes its own.
PER_NODE = ("etc/hostname", "etc/machine-id", "etc/ssh/ssh_host_*", "var/lib/dbus/machine-id",
            "etc/corosync/qnetd/nssdb/*", "var/lib/rabbitmq/.erlang.cookie", "var/lib/glusterd/glusterd.info")
# Left over from the build: caches, and settings of this computer's apt.
LEFTOVERS = ("etc/apt/apt.conf.d/99mmdebstrap", "var/cache/debconf/*-old", "var/lib/dpkg/*-old")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into an image. Not in it: how this computer reaches the archives, and how new they are; an
    image stays as it is until its recipe changes or it is removed."""

    format: int
    distro: str
    codename: str
    archives: tuple[str, ...]
    packages: tuple[str, ...]
    unwanted: tuple[str, ...]
    apt_options: tuple[str, ...]
    dpkg_options: tuple[str, ...]
    hooks: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    per_node: tuple[str, ...]
    leftovers: tuple[str, ...]

    @property
    def key(self) -> str:
        """16 hexadecimal digits of the hash of all of it."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()[:16]

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


def recipe_for(distro: Distro, archives: tuple[Archive, ...]) -> Recipe:
    """The image of a lab node: one for all nodes, with the packages of every layer."""
    return Recipe(FORMAT, distro.name, distro.codename, tuple(map(str, archives)), distro.packages,
                  distro.unwanted, APT_OPTIONS, DPKG_OPTIONS, HOOKS, tuple(FILES.items()), PER_NODE,
                  LEFTOVERS)


def image_path(images: Path, recipe: Recipe) -> Path:
    """Where the image lies once it is complete."""
    return images / recipe.key
