"""The disks of machines with a kernel of their own: one system disk for all, made of the node image and kept
beside it, and what belongs to one machine.

The system disk is the image's tree as an ext4 file system, with the modules of the User-Mode-Linux kernel and
the few files in ``uml_files``. Machines write to copies that hold only what they changed.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from fournines.blueprint.hardware import Disk
from fournines.durable import write_durably
from fournines.lab import image
from fournines.lab.events import Event, Progress
from fournines.lab.places import NodePlaces
from fournines.lab.process import run
from fournines.lab.rootfs import OwnFile
from fournines.lab.uml import KERNEL, Disks

FORMAT = 1   # to be raised when ``_make`` makes something else of the same image and kernel
MODULES = Path("/usr/lib/uml/modules")
SYSTEM_GIB = 16   # what a machine sees; on this computer it takes what is in it
BUILD_TIMEOUT_S = 900.0
UNFINISHED = ".system-"
OWNED = "usr/lib/fournines-lab"
PROGRAM = 0o755
# Units that have nothing to do in such a machine and would take a third of its boot, or fail.
UNWANTED = (
    "dev-hugepages.mount", "getty.target", "ifupdown-pre.service", "ifupdown-wait-online.service",
    "kmod-static-nodes.service", "modprobe@.service", "proc-sys-fs-binfmt_misc.automount",
    "proc-sys-fs-binfmt_misc.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
    "systemd-binfmt.service", "systemd-firstboot.service", "systemd-hwdb-update.service",
    "systemd-random-seed.service", "systemd-remount-fs.service", "systemd-sysusers.service",
    "systemd-update-utmp-runlevel.service", "systemd-update-utmp.service",
)
# Disks need their names under /dev; nothing waits for the hundreds of other devices.
TRIGGER = ("[Service]\nExecStart=\n"
           "ExecStart=udevadm trigger --type=devices --action=add --subsystem-match=block\n")
# What a board has of its own. The one under the usual name asks for a program on the host; and a kernel that
# resets itself within an interrupt, as softdog does by default, may die of that.
WATCHDOG = {"modules-load.d": "softdog\n", "modprobe.d": "options softdog nowayout=0 soft_reboot_cmd=reset\n",
            "tmpfiles.d": "L+ /dev/watchdog - - - - watchdog1\n"}


def ensure(made: Path, progress: Progress) -> Path:
    """The system disk of the image at ``made``, built if it is not there."""
    disk = made / f"system-{_key()}.ext4"
    with image.alone(made, progress):
        if not disk.exists():
            started = time.monotonic()
            progress(Event("image", "making a disk of it for machines with a kernel of their own"))
            for left in made.glob(f"{UNFINISHED}*"):
                shutil.rmtree(left)
            _make(made, disk)
            progress(Event("image", f"disk made in {time.monotonic() - started:.0f} s"))
    return disk


def prepare(places: NodePlaces, files: Sequence[OwnFile], disks: Sequence[Disk]) -> None:
    """One machine's own: its files, to be unpacked when it first boots, and its empty disks."""
    places.directory.mkdir(parents=True, mode=0o755)
    write_durably(places.seed, archive((*files, *disk_names(disks))))
    for number, disk in enumerate(disks):
        with places.data(number).open("wb") as file:
            file.truncate(disk.size_mib << 20)


def disks_of(places: NodePlaces, system: Path, disks: Sequence[Disk]) -> Disks:
    """Where all of them are."""
    return Disks(system, places.own, places.seed, tuple(places.data(n) for n in range(len(disks))))


def disk_names(disks: Sequence[Disk]) -> tuple[OwnFile, ...]:
    """The rules by which udev names the data disks as the cluster file does; the first is ``ubdc``."""
    rules = "".join(f'KERNEL=="ubd{chr(ord("c") + number)}", SYMLINK+="{disk.path.removeprefix("/dev/")}"\n'
                    for number, disk in enumerate(disks))
    return (OwnFile("etc/udev/rules.d/60-lab-disks.rules", rules.encode()),) if rules else ()


def archive(files: Sequence[OwnFile]) -> bytes:
    """A tar archive of root's, with every directory on the way: private where root's home is."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        directories: set[Path] = set()
        for file in files:
            for above in reversed(Path(file.path).parents[:-1]):
                if above not in directories:
                    directories.add(above)
                    tar.addfile(_entry(str(above), 0o700 if above.parts[0] == "root" else PROGRAM,
                                       tarfile.DIRTYPE))
            entry = _entry(file.path, file.mode, tarfile.REGTYPE)
            entry.size = len(file.content)
            tar.addfile(entry, io.BytesIO(file.content))
    return packed.getvalue()


def _entry(path: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.mode, entry.type, entry.mtime = mode, kind, int(time.time())
    return entry


def _key() -> str:
    """Of what is added to the image: the kernel with its modules, and our files."""
    digest = hashlib.sha256(f"{FORMAT} {SYSTEM_GIB} {UNWANTED} {TRIGGER} {WATCHDOG}".encode())
    with open(KERNEL, "rb") as kernel:
        digest.update(hashlib.file_digest(kernel, "sha256").digest())
    for name, content in sorted(_files().items()):
        digest.update(f"{name}\n{content}".encode())
    return digest.hexdigest()[:12]


def _files() -> Mapping[str, str]:
    return {entry.name: entry.read_text()
            for entry in resources.files("fournines.lab").joinpath("uml_files").iterdir() if entry.is_file()}


def _make(made: Path, disk: Path) -> None:
    work = made / f"{UNFINISHED}{os.getpid()}"
    upper, merged, unfinished = work / "upper", work / "merged", work / "disk"
    try:
        for directory in (upper, work / "work", merged):
            directory.mkdir(parents=True)
            directory.chmod(PROGRAM)
        _add(upper)
        # The mount is in a namespace of its own, which ends with the command, however it ends.
        script = ('mount -t overlay overlay -o "$1" "$2" && chroot "$2" depmod "$3" && '
                  'mke2fs -q -t ext4 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -d "$2" "$4" "$5"')
        overlay = f"lowerdir={image.root_of(made)},upperdir={upper},workdir={work / 'work'}"
        run(["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", "--pid",
             "--fork", "--kill-child=KILL", "--", "sh", "-c", script, "sh", overlay, str(merged), _release(),
             str(unfinished), f"{SYSTEM_GIB}G"], timeout_s=BUILD_TIMEOUT_S)
        unfinished.rename(disk)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _add(upper: Path) -> None:
    shutil.copytree(MODULES / _release(), upper / "usr/lib/modules" / _release(), symlinks=True)
    owned = upper / OWNED
    owned.mkdir(parents=True)
    for name, content in _files().items():
        (owned / name).write_text(content)
    (owned / "init").chmod(PROGRAM)
    units = upper / "etc/systemd/system"
    (units / "multi-user.target.wants").mkdir(parents=True)
    (units / "multi-user.target.wants/lab-door.service").symlink_to(f"/{OWNED}/door.service")
    (units / "lab-door.service").symlink_to(f"/{OWNED}/door.service")
    for unit in UNWANTED:
        (units / unit).symlink_to("/dev/null")
    override = units / "systemd-udev-trigger.service.d/lab.conf"
    override.parent.mkdir()
    override.write_text(TRIGGER)
    for place, content in WATCHDOG.items():
        drop_in = upper / "usr/lib" / place / "lab-watchdog.conf"
        drop_in.parent.mkdir()
        drop_in.write_text(content)
    fstab = upper / "etc/fstab"
    fstab.write_text("# The kernel mounts the only file system.\n")
    for directory in [upper, *(entry for entry in upper.rglob("*") if entry.is_dir())]:
        directory.chmod(PROGRAM)


def _release() -> str:
    """What the kernel calls itself, as its modules' directory does."""
    return run([KERNEL, "--version"]).output.strip()
