"""A control plane on real machines, and the command line as its operator uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fournines.cli.opened import open_cluster
from fournines.cluster.identity import identity_file
from fournines.cluster.secrets import open_store
from fournines.errors import CommandFailed
from fournines.lab.driver import Power
from fournines.lab.lab import Lab
from lab.conftest import on

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "three-controllers.yaml"
WHOLE_TIMEOUT_S = 600.0
Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, object]:
        """The JSON that it printed."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def events(self) -> list[Event]:
        """The events of an apply, a JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The example under a name of its own, in a folder of its own."""

    file: Path

    @property
    def lab(self) -> Lab:
        return Lab(open_cluster(self.file).cluster)

    def secrets(self) -> Mapping[str, str]:
        """As the commands know them, whose home is the cluster's folder."""
        opened = open_cluster(self.file)
        return opened.secrets(open_store(opened.state / "secrets.age", identity_file({}, self.file.parent)))

    def start(self, *argv: str | Path, within: Sequence[str] = ()) -> subprocess.Popen[str]:
        """The command, under way; stopped by whoever started it. ``within`` is put before it."""
        command = Path(sys.executable).with_name("fournines")
        return subprocess.Popen([*within, command, *map(str, argv)], cwd=self.file.parent,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, "HOME": str(self.file.parent)})

    def say(self, *argv: str | Path, within: Sequence[str] = (), timeout_s: float = 1200.0) -> Said:
        """The command, to its end."""
        process = self.start(*argv, within=within)
        out, err = process.communicate(timeout=timeout_s)
        return Said(process.returncode, out, err)

    def owners(self, address: str, nodes: Iterable[str]) -> list[str]:
        """Those of the nodes that run and have the address on an interface, by their kernels and nobody's
        opinion."""
        found = []
        for name in nodes:
            with suppress(CommandFailed):   # it is being fenced at this very moment
                if (self.lab.machine(name).power is Power.ON
                        and address in on(self.lab, name, "ip", "-4", "-brief", "address")):
                    found.append(name)
        return found

    def change(self, old: str, new: str) -> None:
        """Edit the cluster file."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def become_whole(self) -> Said:
        """Wait until every invariant holds; fails with those that do not."""
        said = self.say("verify", "--wait", f"{WHOLE_TIMEOUT_S:g}s")
        assert said.code == 0, f"not within {WHOLE_TIMEOUT_S:g} s:\n{said.out}{said.err}"
        return said


@contextmanager
def up_and_applied(folder: Path, example: Path, changes: Mapping[str, str],
                   before: Callable[[Lab], None] | None = None) -> Iterator[ControlPlane]:
    """The example with these lines changed, its name at least; taken down at the end. ``before`` is done to
    the machines when nothing has been applied to them yet."""
    text = example.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / "cluster.yaml"
    file.write_text(text)
    made = ControlPlane(file)
    try:
        if before is not None:
            bare = made.say("lab", "up", "--machines-only", file)
            assert bare.code == 0, bare.out + bare.err
            before(made.lab)
        up = made.say("lab", "up", file)
        assert up.code == 0, up.out + up.err
        yield made
    finally:
        assert made.say("lab", "down", file).code == 0


def one_at_a_time(events: list[Event], step: str) -> bool:
    """Whether the step ended on each node before it began on the next."""
    inside: str | None = None
    for event in events:
        if event.get("step") != step:
            continue
        match event["event"]:
            case "ActionBegan" if inside is not None:
                return False
            case "ActionBegan":
                inside = str(event["node"])
            case "ActionDone" | "ActionFailed" | "ActionSkipped":
                inside = None
    return True


def kill_once(process: subprocess.Popen[str], seen: Callable[[Event], bool]) -> None:
    """Kill a running ``apply --json`` as soon as it tells an event like that."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{") and seen(json.loads(line)):
            break
    process.kill()
    process.communicate()
