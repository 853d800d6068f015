"""ReportingAgent: a service without an address of its own, which works by messages.

What it does is seen from outside, without any other service's help: its processes get on with something, and
it holds a connection to its broker. Neutron's own records say more, where an account was given and Neutron
answers; where it does not, that is not this service's fault.
"""

from __future__ import annotations

import os

from fournines.ocf import dependencies
from fournines.ocf.agent import ERR_CONFIGURED, ERR_GENERIC, Failure, Parameter, note
from fournines.ocf.memory import Memory
from fournines.ocf.service import ServiceAgent
from fournines.ocf.settings_file import option
from fournines.ocf.unit import Process, read

ESTABLISHED = "01"
SILENCE_S = 75.0   # Neutron's own default for agent_down_time

SILENCE = Parameter("silent_for", "integer", "", "Seconds after which it hangs",
                    "A service whose processes did nothing for so long, or that has been without its broker "
                    "for so long while that answers, counts as failed. Without it agent_down_time of the "
                    "configuration holds, or 75.")


class ReportingAgent(ServiceAgent):
    """``always_connected``: whether it holds a connection to the broker for as long as it runs."""

    always_connected = True

    @property
    def configs(self) -> tuple[str, ...]:
        """Its configuration files, the most special first."""
        return (self.value("config"),)

    @property
    def silence_s(self) -> float:
        """How long it may do nothing."""
        if self.value("silent_for"):
            return self.seconds("silent_for")
        given = option(self.value("config"), "DEFAULT", "agent_down_time")
        return float(given) if given.isdigit() else SILENCE_S

    def validate(self) -> None:
        if self.silence_s <= 0:
            raise Failure(ERR_CONFIGURED, f"silent_for is not a time to wait: {self.value('silent_for')}")
        super().validate()

    def well(self, running: dict[str, list[Process]]) -> None:
        processes = [process for group in running.values() for process in group]
        try:
            moving(Memory(self.name, "moves"), self.movements(processes), self.silence_s)
        except OSError:
            raise Failure(ERR_GENERIC, "one of its processes ended while it was looked at") from None
        if self.always_connected:
            connected(Memory(self.name, "broker"), processes, dependencies.brokers(*self.configs),
                      self.silence_s)

    def movements(self, processes: list[Process]) -> dict[str, int]:
        """What must change from time to time: of each process, how often its main thread waited."""
        return {f"process_{process.pid}_of_{process.started}": waits(process, every_thread=False)
                for process in processes}

    def serving(self, running: dict[str, list[Process]]) -> bool:
        """Connected, unless there is no broker that answers: it will connect once there is."""
        members = dependencies.brokers(*self.configs)
        processes = [process for group in running.values() for process in group]
        return (not self.always_connected or not members or has_connection(processes, members)
                or not dependencies.broker_answers(members))

    def stop(self) -> None:
        super().stop()
        Memory(self.name, "moves").forget()
        Memory(self.name, "broker").forget()


def moving(memory: Memory, movements: dict[str, int], silence_s: float) -> None:
    """``Failure`` when one of them is what it was ``silence_s`` seconds ago. One that is frozen or blocked
    does not begin to wait for anything anew, nor does one that spins; a service that reports at intervals
    does at every one."""
    ages = memory.ages({name: str(count) for name, count in movements.items()})
    for name, age_s in ages.items():
        if age_s > silence_s:
            raise Failure(ERR_GENERIC, f"{name} has done nothing for {age_s:.0f} s")


def waits(process: Process, *, every_thread: bool) -> int:
    """How often the process's main thread, or all of them, have waited for something since they exist."""
    threads = os.listdir(f"/proc/{process.pid}/task") if every_thread else [str(process.pid)]
    total = 0
    for thread in threads:
        text = read(f"/proc/{process.pid}/task/{thread}/status")
        total += int(text.rpartition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return total


def connected(memory: Memory, processes: list[Process], members: list[tuple[str, int]],
              silence_s: float) -> None:
    """``Failure`` when none of the processes has had a connection to a broker for ``silence_s`` seconds while
    one answers."""
    if not members or has_connection(processes, members):
        memory.forget()
    elif not dependencies.broker_answers(members):
        memory.forget()
        note("no broker answers, so there is nothing it could be connected to")
    elif (age_s := memory.ages({"connection": "none"})["connection"]) > silence_s:
        raise Failure(ERR_GENERIC, f"no connection to the broker for {age_s:.0f} s, though that answers")


def has_connection(processes: list[Process], members: list[tuple[str, int]]) -> bool:
    """Whether one of the processes holds an established connection to a port of the broker."""
    ports = {f"{port:04X}" for _, port in members}
    sockets = {fields[9] for family in ("tcp", "tcp6")
               for fields in _connections(f"/proc/{processes[0].pid}/net/{family}")
               if fields[3] == ESTABLISHED and fields[2].rpartition(":")[2] in ports}
    return any(not sockets.isdisjoint(_sockets(process.pid)) for process in processes)


def _connections(path: str) -> list[list[str]]:
    try:
        return [line.split() for line in read(path).splitlines()[1:]]
    except OSError:
        return []


def _sockets(pid: int) -> set[str]:
    """The inodes of the sockets that a process holds."""
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                kind, _, inode = os.readlink(f"/proc/{pid}/fd/{name}").partition(":[")
            except OSError:
                continue   # closed meanwhile
            if kind == "socket":
                found.add(inode.rstrip("]"))
    except OSError:
        pass   # it ended meanwhile
    return found
