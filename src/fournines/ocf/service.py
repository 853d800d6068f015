"""ServiceAgent: a service that systemd holds for Pacemaker. What it is asked is for its two kinds to say:
``api.ApiAgent`` and ``reporting.ReportingAgent``."""

from __future__ import annotations

import os

from fournines.ocf import unit
from fournines.ocf.agent import (
    ERR_GENERIC,
    ERR_INSTALLED,
    NOT_RUNNING,
    Agent,
    Failure,
    Parameter,
    wait,
)
from fournines.ocf.unit import Process

START_PAUSE_S = 0.25


def configuration(path: str) -> Parameter:
    """The parameter ``config``."""
    return Parameter("config", "string", path, "Configuration file",
                     "The service's own configuration file. The agent reads from it where the service "
                     "listens and what it depends on.")


def units(default: str) -> Parameter:
    """The parameter ``unit``."""
    return Parameter("unit", "string", default, "systemd unit",
                     "The systemd unit or, separated by blanks, units of the service. systemd must not start "
                     "them at boot, for Pacemaker decides where they run.")


class ServiceAgent(Agent):
    """``program`` is the name by which the service's own processes are told from others in its unit; "" where
    all of them are the service."""

    program = ""

    @property
    def units(self) -> tuple[str, ...]:
        """The units with their suffix."""
        return tuple(name if "." in name else f"{name}.service" for name in self.value("unit").split())

    def well(self, running: dict[str, list[Process]]) -> None:
        """``Failure`` unless the service, whose processes by unit these are, does its work."""
        raise NotImplementedError

    def serving(self, running: dict[str, list[Process]]) -> bool:
        """Whether a start is complete; the service is well."""
        return True

    def clean(self) -> None:
        """Remove what the service leaves behind on a node after its processes."""

    def validate(self) -> None:
        config = self.value("config")
        if not os.access(config, os.R_OK):
            raise Failure(ERR_INSTALLED, f"no configuration file {config} on this node")
        missing = [name for name in self.units if not unit.exists(name)]
        if missing or not self.units:
            raise Failure(ERR_INSTALLED, f"no systemd unit {' '.join(missing)} on this node")

    def monitor(self) -> None:
        self.well(self._running())

    def start(self) -> None:
        try:
            self.well(self._running())
            return
        except Failure:
            pass   # not there, or not well: what Pacemaker wants now is a service that is
        unit.start(self.units)
        while True:   # until Pacemaker's timeout
            for name in self.units:
                if not unit.processes(name):
                    raise Failure(ERR_GENERIC, f"{name} ended after its start; journalctl -u {name} says why")
            try:
                running = self._running()   # fails at first: before it is the program, it is systemd's
                self.well(running)
                if self.serving(running):
                    return
            except Failure:
                pass
            wait(START_PAUSE_S)

    def stop(self) -> None:
        unit.stop(self.units)
        self.clean()

    def _running(self) -> dict[str, list[Process]]:
        """The service's processes by unit; ``Failure`` where one is missing or suspended."""
        found = {name: unit.processes(name, self.program) for name in self.units}
        missing = [name for name, processes in found.items() if not processes]
        if len(missing) == len(found):
            raise Failure(NOT_RUNNING, f"{' '.join(missing)}: not running")
        if missing:
            raise Failure(ERR_GENERIC, f"{' '.join(missing)}: not running, though "
                                       f"{' '.join(name for name in found if name not in missing)} is")
        for name, processes in found.items():
            for process in processes:
                if process.suspended:
                    raise Failure(ERR_GENERIC, f"{name}: process {process.pid} is suspended (SIGSTOP)")
        return found
