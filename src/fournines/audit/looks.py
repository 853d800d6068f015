"""The commands that an audit of live nodes runs, all of them: each tells a state and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from fournines.audit.systems import galera

_STATUS = "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'wsrep\\_%' OR Variable_name = 'Uptime'"


Of: TypeAlias = Callable[[str, object], bool]
"""Whether a file, by its path and its document (None where it could not be read), is of what a command is
about."""


@dataclass(frozen=True, slots=True)
class Look:
    """``argv``, whose output is audited as the file ``name``; nothing printed is nothing to audit. It is
    missed only on nodes with an audited file ``of`` what it is about; others need not have the program."""

    name: str
    argv: tuple[str, ...]
    of: Of


def _with(part: str) -> Of:
    return lambda path, document: part in path


def _nobodys(path: str, document: object) -> bool:
    return False


def _databases(path: str, document: object) -> bool:
    return path.endswith(".cnf") if document is None else galera.serves(document)


LOOKS = (
    Look("crm_mon.xml", ("crm_mon", "--one-shot", "--output-as=xml", "--inactive", "--failcounts",
                         "--fence-history=3"), _with("/corosync.conf")),
    Look("proc/drbd", ("cat", "/proc/drbd"), _with(".res")),   # of DRBD 8.4, whose drbdsetup knows no JSON
    # By itself drbdsetup would load the module where it is not loaded.
    Look("drbdsetup-status.json",
         ("find", "/proc/drbd", "-maxdepth", "0", "-exec", "grep", "-q", "^version: 9", "{}", ";",
          "-exec", "drbdsetup", "status", "--json", ";"), _nobodys),
    Look("wsrep-status.txt", ("mariadb", "--no-defaults", "--batch", "--skip-column-names",
                              f"--execute={_STATUS}"), _databases),
    Look("systemd-units.txt",
         ("systemctl", "show", "--property=Id,ActiveState,UnitFileState", "*.service"), _nobodys),
)
