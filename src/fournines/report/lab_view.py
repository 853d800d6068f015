"""The machines of a lab on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fournines.lab.bmc import BmcStatus, PowerAction
from fournines.lab.lab import LabStatus
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, line

_POWER = {"on": GOOD, "off": BAD, "frozen": DOUBTFUL, "starting": DOUBTFUL}


def show_lab(console: Console, status: LabStatus) -> None:
    """One line for each machine: power, addresses, and the cables that are not plugged in."""
    console.print(line((f"lab {status.name} ", STRONG), "is up" if status.up else "is not up"))
    table = Table(box=None, header_style=QUIET, padding=(0, 2, 0, 0))
    for column in ("machine", "made of", "power", "addresses", "cables pulled"):
        table.add_column(column, overflow="fold")
    for machine in status.machines:
        addresses = ", ".join(f"{name} {address}" for name, address in machine.addresses.items())
        pulled = ", ".join(name for name, plugged in machine.links.items() if not plugged)
        table.add_row(machine.name, machine.driver, Text(machine.power, style=_POWER[machine.power]),
                      addresses, Text(pulled, style=BAD))
    if status.machines:
        console.print(table)
    if status.bmc:
        _show_bmc(console, status.bmc)


def show_bmc(console: Console, status: BmcStatus, actions: Sequence[PowerAction]) -> None:
    """How fence agents reach it, and a line for each power action that was asked of it."""
    _show_bmc(console, status)
    for what, value in {"user": status.access.user, "password in": status.password_file,
                        "certificates of": status.authority_file}.items():
        console.print(line((f"{what} ", QUIET), value), soft_wrap=True)
    table = Table(box=None, header_style=QUIET, padding=(0, 2, 0, 0))
    for column in ("at (UTC)", "by", "machine", "asked", "took", "then it was"):
        table.add_column(column, overflow="fold")
    for action in actions:
        table.add_row(f"{action.at:%F %T.%f}"[:-3], action.by, action.node, action.asked,
                      f"{action.took_s:.1f} s", action.outcome)
    if actions:
        console.print(table)


def _show_bmc(console: Console, status: BmcStatus) -> None:
    access = status.access
    console.print(line(("BMC ", STRONG), f"https://{access.address}:{access.port}/redfish/v1 ",
                       ("answers", GOOD) if status.running else ("is off", BAD)), soft_wrap=True)
