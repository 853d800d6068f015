"""The machines of a lab on the screen."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fournines.lab.lab import LabStatus
from fournines.report.console import BAD, DOUBTFUL, GOOD, QUIET, STRONG, line

_POWER = {"on": GOOD, "off": BAD, "frozen": DOUBTFUL}


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
