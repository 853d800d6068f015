"""What the units of this layer have in common: their names, drop-ins, and how their files are written."""

from __future__ import annotations

from importlib.resources import files as package_files

from fournines.artifacts import systemd
from fournines.artifacts.corosync import Entry, Section
from fournines.artifacts.document import Scalar, text_of
from fournines.blueprint.resources import PACEMAKER_UNIT as PACEMAKER_UNIT
from fournines.layers.layer import Site

COROSYNC_UNIT = "corosync.service"
LOAD_SCRIPT = "/usr/lib/fournines/cib_load.py"


def drop_in(unit: str) -> str:
    """Where a unit is added to."""
    return f"/etc/systemd/system/{unit}.d/fournines.conf"


def restarted(site: Site, *, wants: str = "") -> bytes:
    """However it died, it comes back; and brings ``wants`` along."""
    return systemd.emit(systemd.document({
        "Unit": {"StartLimitIntervalSec": 0, **({"Wants": wants} if wants else {})},
        "Service": {"Restart": "on-failure", "RestartSec": site.timers.seconds("systemd.restart_delay")},
    })).encode()


def shipped(name: str) -> bytes:
    """A script that runs on nodes."""
    return (package_files("fournines.layers.membership") / "node" / name).read_bytes()


def section(name: str, settings: dict[str, Scalar], *inner: Section) -> Section:
    """Of corosync.conf."""
    return Section(name, tuple(Entry(key, text_of(value, "yes", "no")) for key, value in settings.items()),
                   inner)
