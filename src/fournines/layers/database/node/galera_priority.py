#!/usr/bin/python3
"""Lets Galera's group thread run ahead of other processes where the machine allows it. Runs before mariadbd.

    galera_priority.py       leaves in OPTIONS_ENVIRONMENT what mariadbd is to be told beside its files

The member's file asks for real-time scheduling (``gcomm.thread_prio``), and a member that asks and is refused
cannot join: then it is told the same options without this one. Who may is decided by the unit's limit
(``LimitRTPRIO``, which holds for this process too) or its ``AmbientCapabilities``, and by the kernel: one
with RT_GROUP_SCHED refuses it in every control group without a budget for it, see sched(7).
Shipped as /usr/lib/fournines/galera_priority.py; standard library only.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

UNIT = "mariadb.service"
OPTIONS_ENVIRONMENT = "/run/fournines/galera/options.env"
OPTION, PRIORITY = "--wsrep_provider_options", "gcomm.thread_prio="


def without_priority(arguments: Sequence[str]) -> str:
    """What takes the place of the last such option among mariadbd's, with all but the priority; empty where
    that asks for none. Pure."""
    named = [each.partition("=") for each in arguments]
    options = [value for name, _, value in named if name.replace("-", "_") == OPTION.replace("-", "_")]
    if not options or PRIORITY not in options[-1]:
        return ""
    return f"{OPTION}=" + ";".join(each for each in options[-1].split(";") if not each.startswith(PRIORITY))


def may_run_ahead() -> bool:
    """Whether mariadbd may: tried as its user, or with the capability where the unit gives that to it."""
    given = subprocess.run(["systemctl", "show", "--property=AmbientCapabilities", UNIT], text=True,
                           stdout=subprocess.PIPE, check=True, timeout=60).stdout
    user = None if "cap_sys_nice" in given else "mysql"
    return subprocess.run(["chrt", "--rr", "1", "true"], user=user, group=user, stderr=subprocess.DEVNULL,
                          check=False, timeout=60).returncode == 0


def main() -> None:
    """Raises CalledProcessError where the member's files or its unit cannot be read."""
    files = subprocess.run(["my_print_defaults", "--mysqld"], stdout=subprocess.PIPE, text=True, check=True,
                           timeout=60).stdout
    instead = without_priority(files.splitlines())
    if instead and may_run_ahead():
        instead = ""
    elif instead:
        print("mariadbd may not run ahead of others here: starved of a processor, it is left out", flush=True)
    path = Path(OPTIONS_ENVIRONMENT)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.write_text(f"MYSQLD_OPTS={instead}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
