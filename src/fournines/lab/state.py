"""What a lab remembers between commands: JSON files, replaced as a whole, read back into values.

Only what the kernel cannot be asked for is kept: which processes are whose, and which cables are cut.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from fournines.durable import write_durably
from fournines.errors import LabError
from fournines.lab.pids import ProcessId


@dataclass(frozen=True, slots=True)
class MachineState:
    """``init`` is the node's process 1 and ``supervisor`` what holds it; both None when it is off.
    ``visitors`` are the control group directories for whoever enters; ``cut`` names the networks whose cable
    is pulled. ``door`` is the command that logs in to a machine that cannot be entered by its namespaces."""

    init: ProcessId | None = None
    supervisor: ProcessId | None = None
    visitors: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    door: tuple[str, ...] = ()

    def off(self) -> MachineState:
        """The same machine without power."""
        return replace(self, init=None, supervisor=None, visitors=(), door=())


def read_machine(path: Path) -> MachineState:
    """A machine that was never on has no file yet."""
    try:
        data = json.loads(path.read_text())
        return MachineState(_process(data["init"]), _process(data["supervisor"]), tuple(data["visitors"]),
                            tuple(data["cut"]), tuple(data.get("door", ())))
    except FileNotFoundError:
        return MachineState()
    except (ValueError, KeyError, TypeError) as problem:
        raise LabError(f"{path} cannot be read: {problem}", hint="take the lab down and up again") from None


def write_machine(path: Path, state: MachineState) -> None:
    """Read by ``join.py`` too."""
    data = {"init": _pair(state.init), "supervisor": _pair(state.supervisor),
            "visitors": list(state.visitors), "cut": list(state.cut),
            "door": list(state.door)}
    write_durably(path, (json.dumps(data, indent=1) + "\n").encode())


def _pair(process: ProcessId | None) -> list[int] | None:
    return [process.pid, process.started] if process else None


def _process(pair: list[int] | None) -> ProcessId | None:
    return ProcessId(int(pair[0]), int(pair[1])) if pair else None
