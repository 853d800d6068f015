"""Whether what Pacemaker runs was started with the files that are wanted, and its restart where it was not.

Nobody but Pacemaker starts such a unit, so there is no stamp of what it was started with: what is newer than
its main process, or still has to be written, is not in force.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.files import NodeFile
from fournines.blueprint.predicate import All, Fact, OnExactly
from fournines.blueprint.requests import JsonValue, Run
from fournines.blueprint.resources import runs_on_one
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.steps import Gate, On, Step

_RESTARTING = "fournines-restart.service"
_RESTART_S = 600.0   # a broker reads all that is in its queues before it answers
_STARTED_S = 300.0   # for crm_resource a resource is there again as soon as its start has begun
_CHANGED = r"""
export LC_ALL=C
units=$1 runs=
shift
for unit in $units; do
    told=$(systemctl show --timestamp=us+utc --property=MainPID,ExecMainStartTimestamp "$unit") || exit
    case $told in
        *MainPID=0*) continue ;;
        *ExecMainStartTimestamp=*UTC*) since=${told#*ExecMainStartTimestamp=} ;;
        *) exit 1 ;;
    esac
    find "$@" -newermt "${since%%UTC*}UTC" 2>/dev/null
    runs=yes
done
[ -z "$runs" ] || sha256sum --check --quiet 2>/dev/null
exit 0
"""
_FAILED = ": FAILED"   # and, where there is no such file, "open or read" after it


@dataclass(frozen=True, slots=True)
class Configuration:
    """``newer`` are files that changed after the service was started here, ``unwritten`` those that are not
    yet as wanted; none where it does not run."""

    newer: tuple[str, ...]
    unwritten: tuple[str, ...] = ()

    @property
    def behind(self) -> bool:
        """Whether the service runs with what the files said before."""
        return bool(self.newer)

    @property
    def older(self) -> bool:
        """Whether it does, or will as soon as they are written."""
        return bool(self.newer or self.unwritten)


def parse_configuration(reply: JsonValue) -> Configuration:
    """The answer to what ``changed`` asks."""
    if not isinstance(reply, dict) or reply.get("rc") != 0:
        raise Unreadable("not what the node says of changed files")
    lines = str(reply.get("stdout", "")).splitlines()
    return Configuration(
        newer=tuple(dict.fromkeys(line for line in lines if _FAILED not in line)),
        unwritten=tuple(line.partition(_FAILED)[0] for line in lines if _FAILED in line))


def changed(units: Sequence[str], files: Sequence[NodeFile]) -> Run:
    """Which files changed after one of the units was started, or are not yet as wanted: their paths. Digests
    go by standard input, for those of files with secrets."""
    sums = "".join(f"{item.sha256}  {item.path}\n" for item in files)
    return Run(("sh", "-c", _CHANGED, "sh", " ".join(units), *(item.path for item in files)), stdin=sums)


@dataclass(frozen=True, slots=True)
class InForce:
    """``service`` is one of ``layer`` that may run on ``nodes``; Pacemaker calls it ``resource`` and systemd
    holds its processes in ``units``."""

    layer: str
    service: str
    resource: str
    units: tuple[str, ...]
    nodes: tuple[str, ...]

    @property
    def probe(self) -> str:
        """What the question is called; its answer is a ``Configuration``."""
        return f"{self.layer}.configuration.{self.service}"

    def asked(self, files: Mapping[str, Sequence[NodeFile]], read: Collection[str] | None = None) -> Probe:
        """Asked of every node. ``files`` are, by node, those that are written; when it was started it has
        read those at the paths ``read``, or all."""
        return Probe(self.probe, {node: changed(self.units, [item for item in files[node]
                                                             if read is None or item.path in read])
                                  for node in self.nodes}, parse_configuration)

    def restart(self, why: str, needs: Sequence[str]) -> Step:
        """By Pacemaker, wherever it runs; ``why`` says what else that ends. One at a time: of two, each waits
        for what the other has stopped, and for good. It stops the resource by its target role and then takes
        that back, so it must come to its end though whoever asked is gone: systemd holds it."""
        command = Run(("systemd-run", "--quiet", "--collect", "--wait", "--pipe", f"--unit={_RESTARTING}",
                       "crm_resource", "--restart", "--resource", self.resource,
                       "--timeout", f"{_RESTART_S:g}s"), timeout_s=_RESTART_S + 60.0)
        return Step(
            restart_of(self.layer, self.resource), On.FIRST, dict.fromkeys(self.nodes, (command,)),
            why=f"it runs with an older configuration; {why}",
            unless=self._nowhere("older"), needs=tuple(needs), alone=True,
            until=Gate(All((self._nowhere("older"), runs_on_one(self.resource, self.nodes))), _STARTED_S))

    def invariant(self) -> Invariant:
        """It runs with what was written."""
        return Invariant(f"{self.service} runs with the configuration that was written",
                         self._nowhere("behind"), "fournines apply")

    def _nowhere(self, field: str) -> OnExactly:
        return OnExactly(0, self.nodes, Fact(self.probe, field))


def restart_of(layer: str, resource: str) -> str:
    """The name of the step that restarts a resource of a layer."""
    return f"{layer}: restart {resource}"
