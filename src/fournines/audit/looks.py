"""The commands that an audit of live nodes runs, all of them: each tells a state and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

_STATUS = "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'wsrep\\_%' OR Variable_name = 'Uptime'"


@dataclass(frozen=True, slots=True)
class Look:
    """``argv``, whose output is audited as the file ``name``; nothing printed is nothing to audit. ``of``: it
    is missed only on nodes with this in the path of an audited file; others need not have the program. Empty:
    it is never missed."""

    name: str
    argv: tuple[str, ...]
    of: str


LOOKS = (
    Look("crm_mon.xml", ("crm_mon", "--one-shot", "--output-as=xml", "--inactive", "--failcounts",
                         "--fence-history=3"), "/corosync.conf"),
    Look("proc/drbd", ("cat", "/proc/drbd"), ".res"),   # of DRBD 8.4, whose drbdsetup knows no JSON
    # By itself drbdsetup would load the module where it is not loaded.
    Look("drbdsetup-status.json",
         ("find", "/proc/drbd", "-maxdepth", "0", "-exec", "grep", "-q", "^version: 9", "{}", ";",
          "-exec", "drbdsetup", "status", "--json", ";"), ""),
    Look("wsrep-status.txt", ("mariadb", "--no-defaults", "--batch", "--skip-column-names",
                              f"--execute={_STATUS}"), "/mysql/"),
    Look("systemd-units.txt",
         ("systemctl", "show", "--property=Id,ActiveState,UnitFileState", "*.service"), ""),
)
