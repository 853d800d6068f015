"""Everything that Fournines raises on purpose; the command line turns each into one message and an exit code.

    FourninesError                     exit 1, message and hint
    ├── ClusterFileError               the cluster file has findings (all of them at once)
    │   └── SuiteFileError             so has the file of a suite of drills
    ├── Unwritable (and ValueError)    a value that a configuration format cannot carry
    ├── Unparsable (and ValueError)    text that is not in the format it should be in; has the line
    ├── Refused                        acting would be unsafe; says why and the way out
    │   ├── PlanStale                  the world is no longer as the saved plan saw it
    │   └── Interrupted                this run was told to stop before it was through
    ├── NodeError                      a node, by name
    │   ├── Unreachable                no conversation with the node is possible
    │   └── RequestFailed              the node answered, the request did not succeed there
    ├── GateTimeout                    a wait ended without what it waited for; says what it last saw
    ├── CommandFailed                  a process on this machine ended badly
    ├── SecretsError                   the secret store cannot be opened, read or written
    ├── LabError                       a lab machine or wire could not be made, changed or removed
    │   └── LabUnavailable             this computer cannot host a lab at all
    └── DrillError                     a drill could not be run to a verdict

Findings (``findings.py``) are values and are returned; these are raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from fournines.findings import Finding


class FourninesError(Exception):
    """An expected problem. ``hint`` says what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ClusterFileError(FourninesError):
    """The cluster file cannot be used; ``findings`` holds every problem found."""

    what: ClassVar[str] = "cluster file"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        count = len(self.findings)
        super().__init__(f"the {self.what} has {count} problem{'s' if count != 1 else ''}")


class SuiteFileError(ClusterFileError):
    """The file of a suite of drills cannot be used."""

    what: ClassVar[str] = "suite file"


class Unwritable(FourninesError, ValueError):
    """A configuration format cannot carry this value. Never repeats the value: it may be a secret."""

    def __init__(self, where: str, what: str, *, hint: str = "") -> None:
        super().__init__(f"{where}: {what}", hint=hint)
        self.where = where
        self.what = what


class Unparsable(FourninesError, ValueError):
    """Text is not in the format it should be in; ``line`` is 1-based. Never repeats the text: secrets."""

    def __init__(self, format_name: str, line: int, what: str) -> None:
        super().__init__(f"{format_name}, line {line}: {what}")
        self.format_name = format_name
        self.line = line
        self.what = what


class Refused(FourninesError):
    """Acting now would be unsafe."""


class PlanStale(Refused):
    """The facts that a saved plan relied on have changed."""


class Interrupted(Refused):
    """This run was asked to stop, and did so in good order; the same command goes on from there."""

    exit_code: ClassVar[int] = 130


class NodeError(FourninesError):
    """A problem on one node."""

    def __init__(self, node: str, message: str, *, hint: str = "") -> None:
        super().__init__(f"{node}: {message}", hint=hint)
        self.node = node


class Unreachable(NodeError):
    """No conversation with the node is possible."""


class RequestFailed(NodeError):
    """The node answered, and says that the request did not succeed."""


class GateTimeout(FourninesError):
    """What a step waited for did not come in time; ``last_seen`` is what was there instead."""

    def __init__(self, waiting_for: str, timeout_s: float, last_seen: str, *, hint: str = "") -> None:
        super().__init__(f"{waiting_for}: not within {timeout_s:g} s; last seen: {last_seen}", hint=hint)
        self.waiting_for = waiting_for
        self.timeout_s = timeout_s
        self.last_seen = last_seen


class CommandFailed(FourninesError):
    """A process on this machine exited with an error; ``tail`` is the end of what it said."""

    def __init__(self, argv: Sequence[str], returncode: int, tail: str, *, hint: str = "") -> None:
        said = f": {tail}" if tail else ""
        super().__init__(f"{argv[0]} exited with {returncode}{said}", hint=hint)
        self.argv = tuple(argv)
        self.returncode = returncode
        self.tail = tail


class SecretsError(FourninesError):
    """The secret store cannot be opened, read or written."""


class LabError(FourninesError):
    """A lab machine or wire could not be made, changed or removed."""


class LabUnavailable(LabError):
    """This computer cannot host a lab."""


class DrillError(FourninesError):
    """A drill could not be run to a verdict."""
