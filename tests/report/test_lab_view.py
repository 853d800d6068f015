"""The screen of ``fournines lab status`` and ``fournines lab bmc``."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from fournines.lab.bmc import Access, BmcStatus, PowerAction
from fournines.lab.driver import Power
from fournines.lab.lab import LabStatus, MachineStatus
from fournines.lab.layout import Driver
from fournines.report.lab_view import show_bmc, show_lab

BMC = BmcStatus(Access("192.168.42.254", 443, "fournines", {"ctl1": "/redfish/v1/Systems/ctl1"}), True,
                "/labs/small/bmc/password", "/labs/small/bmc/authority.pem", 1)
LAB = LabStatus("small", True, "abc", "fournines-small", {"management": "192.168.42.254"}, (
    MachineStatus("ctl1", Driver.UML, Power.ON, {"management": "192.168.42.11"}, {"management": True}),
    MachineStatus("ctl2", Driver.NSPAWN, Power.FROZEN, {"management": "192.168.42.12"},
                  {"management": False}),
), BMC)


def console() -> tuple[Console, io.StringIO]:
    shown = io.StringIO()
    return Console(file=shown, width=110), shown


def test_a_lab_shows_what_its_machines_are_made_of_and_where_its_bmc_is() -> None:
    screen, shown = console()

    show_lab(screen, LAB)

    lines = shown.getvalue().splitlines()
    assert lines[0] == "lab small is up"
    assert [line.split()[:3] for line in lines[2:4]] == [["ctl1", "uml", "on"], ["ctl2", "nspawn", "frozen"]]
    assert lines[-1].strip() == "BMC https://192.168.42.254:443/redfish/v1 answers"


def test_the_bmc_shows_every_action_and_no_password() -> None:
    screen, shown = console()
    action = PowerAction(datetime(2026, 11, 27, 3, 52, 34, 317799, UTC), "192.168.42.11", "ctl2", "ForceOff",
                         0.34, "off")

    show_bmc(screen, replace(BMC, running=False), [action])

    text = shown.getvalue()
    assert "is off" in text
    assert "/labs/small/bmc/password" in text
    assert text.splitlines()[-1].split() == [
        "2026-11-27", "03:52:34.317", "192.168.42.11", "ctl2", "ForceOff", "0.3", "s", "off"]
