#!/usr/bin/python3
"""Decides how this Galera member starts: join, bootstrap, or wait. Runs as root before mariadbd.

    galera_start.py start    returns when mariadbd may start; the decision is in START_ENVIRONMENT
    galera_start.py done     mariadbd has started, or has given up: it joins no longer
    galera_start.py guard    restarts a member that runs without quorum when the others wait for it; for ever

1. A peer is in a primary component: join it, one after the other in the configured order.
2. Somebody asks for a bootstrap with a one-time token: bootstrap.
3. Else every member has to be here, waiting, with its position known; the most advanced one bootstraps and
   the others join it. A member that is missing could be more advanced: then wait, say so, and never guess.

A server that has databases and never was in a cluster does not join: the copy of all data would replace them.

Members learn of one another through the health endpoint (galera_health.py). Positions do not change while
their members wait, and all judge the same positions by the same rule: exactly one finds itself chosen.
Shipped as /usr/lib/fournines/galera_start.py; standard library only.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

SETTINGS = "/etc/fournines/galera.json"
RUN = "/run/fournines/galera"
WAITING = f"{RUN}/waiting.json"
JOINING = f"{RUN}/joining"
START_ENVIRONMENT = f"{RUN}/start.env"
YIELD_FOR_S = 30.0   # a member that could join by now but does not may be unable to; do not wait longer
# The engine's token, and the file that the operator's galera_new_cluster leaves while it restarts the unit.
TOKENS = ("/run/fournines/galera-bootstrap", "/run/mariadb-wsrep-new-cluster")
NOBODY = "00000000-0000-0000-0000-000000000000"
POSITION = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):(-?\d+)")


@dataclass(frozen=True)
class Position:
    """How far a member's data goes. ``last``: it was the last of its component (safe_to_bootstrap)."""

    uuid: str
    seqno: int
    last: bool = False

    @property
    def blank(self) -> bool:
        """It has never been in a cluster and holds nothing of one."""
        return self.uuid == NOBODY

    def __str__(self) -> str:
        return "no data" if self.blank else f"{self.uuid}:{self.seqno}"


class Phase(StrEnum):
    """What a member does, seen from outside."""

    PRIMARY = "in a primary component"
    WITHOUT_QUORUM = "running without quorum"
    DISCONNECTED = "running outside the cluster"
    WAITING = "waiting"
    JOINING = "joining"
    ELSEWHERE = "starting or stopped"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Member:
    """One member at one moment; ``position`` only while it waits."""

    name: str
    phase: Phase
    position: Position | None = None
    detail: str = ""

    def __str__(self) -> str:
        what = f"{self.phase.value} with {self.position}" if self.position else self.phase.value
        return f"{self.name} is {what}" + (f" ({self.detail})" if self.detail else "")


class Act(StrEnum):
    """What to do now."""

    JOIN = "join"
    BOOTSTRAP = "bootstrap"
    WAIT = "wait"


@dataclass(frozen=True)
class Decision:
    """What to do, and the sentence that explains it."""

    act: Act
    why: str


def decide(me: str, members: Sequence[Member], *, yields: bool = True) -> Decision:
    """The rule, for a member that waits. ``members`` in the configured order, ``me`` included; with
    ``yields`` those that wait before it go first. Two that join at once can trip over each other's state
    transfer. Pure."""
    if primary := [member.name for member in members if member.phase is Phase.PRIMARY]:
        before = [member.name for member in members[:[member.name for member in members].index(me)]
                  if yields and member.phase is Phase.WAITING]
        before += [member.name for member in members if member.phase is Phase.JOINING]
        if before:
            return Decision(Act.WAIT, f"{' and '.join(before)}: to join {' and '.join(primary)} first")
        return Decision(Act.JOIN, f"{' and '.join(primary)}: in a primary component")
    if absent := [member for member in members if member.position is None]:
        return Decision(Act.WAIT, f"{'; '.join(map(str, absent))}: may hold later writes than those here")
    positions = {member.name: member.position for member in members
                 if member.position and not member.position.blank}
    if not positions:
        return Decision(Act.WAIT, "no member holds data of a cluster: `fournines apply` makes the first one")
    if len({position.uuid for position in positions.values()}) > 1:
        found = ", ".join(f"{name} {position.uuid}" for name, position in positions.items())
        return Decision(Act.WAIT, f"the members hold data of different clusters ({found}): decide which one "
                                  "stays, and empty the data directory of the others")
    chosen = max(positions, key=lambda name: (positions[name].last, positions[name].seqno))
    further = [name for name in positions if positions[name].seqno > positions[chosen].seqno]
    if further:
        return Decision(Act.WAIT, f"{chosen} was the last to leave, yet {' and '.join(further)} went on: "
                                  "their histories differ; run galera_new_cluster on the one that is right")
    why = f"{chosen} is the most advanced ({positions[chosen].seqno})"
    return Decision(Act.BOOTSTRAP, why) if chosen == me else Decision(Act.WAIT, f"{why} and will bootstrap")


def should_restart(me: Member, others: Sequence[Member]) -> str:
    """Why a running member should restart, to join or to be chosen; empty where it should not. Pure."""
    phases = [member.phase for member in others]
    if me.phase is Phase.DISCONNECTED:
        return "this member runs outside the cluster, which it cannot enter again without a restart"
    if me.phase is not Phase.WITHOUT_QUORUM or Phase.WAITING not in phases:
        return ""
    if all(phase in {Phase.WAITING, Phase.WITHOUT_QUORUM} for phase in phases):
        return "this member has no quorum, and the others wait to compare their data with its own"
    return ""


def member_from(name: str, state: Mapping[str, object]) -> Member:
    """The member that the answer of its health endpoint describes. Pure."""
    waiting, status = state.get("waiting"), state.get("status")
    if isinstance(status, Mapping) and status:
        if status.get("wsrep_cluster_status") == "Primary":
            in_step = status.get("wsrep_local_state") in {"2", "4"}  # Donor, Synced
            return Member(name, Phase.PRIMARY if in_step else Phase.JOINING)
        apart = status.get("wsrep_connected") == "OFF"
        return Member(name, Phase.DISCONNECTED if apart else Phase.WITHOUT_QUORUM)
    if isinstance(waiting, Mapping):
        position = Position(str(waiting["uuid"]), int(str(waiting["seqno"])), bool(waiting["last"]))
        return Member(name, Phase.WAITING, position)
    phase = Phase.JOINING if state.get("joining") else Phase.ELSEWHERE
    return Member(name, phase)


def position_in(grastate: str) -> Position:
    """What grastate.dat says; a seqno of -1 with a uuid means that mariadbd did not stop cleanly. Pure."""
    found = dict(re.findall(r"^(uuid|seqno|safe_to_bootstrap):\s*(\S+)", grastate, re.MULTILINE))
    last = found.get("safe_to_bootstrap") == "1"
    return Position(found.get("uuid", NOBODY), int(found.get("seqno", -1)), last)


# ------------------------------------------------------------------------------------------------ the outside


@dataclass(frozen=True)
class Settings:
    """``members`` maps names to management addresses, in the configured order. Durations in seconds."""

    node: str
    port: int
    datadir: str
    members: Mapping[str, str]
    ask_timeout_s: float
    ask_every_s: float
    guard_patience_s: float

    @classmethod
    def load(cls, path: str = SETTINGS) -> Settings:
        """The part of the settings file that is ours."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(data["node"], data["port"], data["datadir"], data["members"], **data["start"])


def ask(name: str, settings: Settings) -> Member:
    """Ask the member's health endpoint; never through a proxy that the environment may name."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://{settings.members[name]}:{settings.port}/state",
                         timeout=settings.ask_timeout_s) as answer:
            return member_from(name, json.load(answer))
    except (OSError, ValueError, KeyError) as error:
        return Member(name, Phase.UNREACHABLE, detail=str(getattr(error, "reason", error)))


def ask_all(names: Sequence[str], settings: Settings) -> list[Member]:
    """All of them at once, answers in the same order."""
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        return list(pool.map(lambda name: ask(name, settings), names))


def recover(datadir: str) -> Position:
    """This member's position: from grastate.dat after a clean stop, else from InnoDB through the package's
    own galera_recovery (``mariadbd --wsrep-recover``). Raises CalledProcessError."""
    path = Path(datadir, "grastate.dat")
    recorded = position_in(path.read_text(encoding="utf-8", errors="replace") if path.exists() else "")
    if recorded.seqno >= 0 or (recorded.blank and path.exists()):
        return recorded  # blank on purpose: Galera itself has declared the data void, or half a copy
    done = subprocess.run(["runuser", "-u", "mysql", "--", "galera_recovery"], stdout=subprocess.PIPE,
                          text=True, check=True, timeout=3600)
    found = POSITION.search(done.stdout)
    return Position(found[1], int(found[2]), recorded.last) if found else replace(recorded, uuid=NOBODY)


def own_databases(datadir: str) -> list[str]:
    """Those of a server that may never have been in a cluster: none where Galera has written that it has."""
    if Path(datadir, "grastate.dat").exists():
        return []
    look = [sys.executable, str(Path(__file__).with_name("mysql_data.py")), "own", datadir]
    done = subprocess.run(look, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return [str(name) for name in json.loads(done.stdout)]


def write(path: str, content: str) -> None:
    """Atomically."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(f"{path}.new")
    fresh.write_text(content, encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)


def publish(position: Position, why: str) -> None:
    """Let the health endpoint show that this member waits, where it stands and what for."""
    started = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    write(WAITING, json.dumps({"pid": os.getpid(), "pid_started": started, "uuid": position.uuid,
                               "seqno": position.seqno, "last": position.last, "why": why}))


def take_token() -> str:
    """The token that asks for a bootstrap, removed because it counts once; empty when there is none. The
    operator's own is left to galera_new_cluster, which removes it."""
    for token in TOKENS:
        if Path(token).exists():
            if token.startswith("/run/fournines/"):
                Path(token).unlink()
            return token
    return ""


def wait_for_decision(settings: Settings) -> Decision:
    """Look at the peers until it is clear what to do, however long that takes: systemd sets no limit."""
    peers = [name for name in settings.members if name != settings.node]
    position: Position | None = None
    joinable_since: float | None = None
    said = ""
    while True:
        seen = {member.name: member for member in ask_all(peers, settings)}
        token = take_token()
        joinable = any(member.phase is Phase.PRIMARY for member in seen.values())
        if token and not joinable:
            return Decision(Act.BOOTSTRAP, f"asked for by {token}")
        joinable_since = (joinable_since or time.monotonic()) if joinable else None
        yields = joinable_since is None or time.monotonic() - joinable_since < YIELD_FOR_S
        # Not to join: then InnoDB is recovered by mariadbd's own start, and only once.
        position = position or (None if joinable else recover(settings.datadir))
        seen[settings.node] = Member(settings.node, Phase.WAITING, position)
        decision = decide(settings.node, [seen[name] for name in settings.members], yields=yields)
        if decision.act is Act.JOIN and (own := own_databases(settings.datadir)):
            position = position or recover(settings.datadir)   # the server's own tables know of a cluster too
            decision = decision if not position.blank else refuse(own, settings)
        if decision.act is not Act.WAIT:
            return decision
        if decision.why != said:
            print(f"waiting: {decision.why}", flush=True)
            said = decision.why
        publish(position or Position(NOBODY, -1), decision.why)
        time.sleep(settings.ask_every_s)


def refuse(own: Sequence[str], settings: Settings) -> Decision:
    """To join, with databases that would be gone."""
    return Decision(Act.WAIT, f"{', '.join(own)} in {settings.datadir}: of no cluster, and a copy of the "
                              "cluster's data would replace them; dump and drop them, or move that directory "
                              "away and make an empty one (mariadb-install-db --user=mysql)")


def start(settings: Settings) -> None:
    """Decide, and leave the decision for mariadbd's command line. A variable that is set to nothing also
    overrides one that was left behind in the manager's environment."""
    write(START_ENVIRONMENT, "_WSREP_NEW_CLUSTER=\n")
    done()
    try:
        decision = wait_for_decision(settings)
        if decision.act is Act.JOIN:
            write(JOINING, "")
    finally:
        Path(WAITING).unlink(missing_ok=True)
    print(f"{decision.act.value}: {decision.why}", flush=True)
    option = ""
    if decision.act is Act.BOOTSTRAP:
        allow_bootstrap(settings.datadir)
        option = "--wsrep-new-cluster"
    write(START_ENVIRONMENT, f"_WSREP_NEW_CLUSTER={option}\n")


def allow_bootstrap(datadir: str) -> None:
    """Galera refuses to bootstrap after a crash unless its own file says that this member was the last; a
    member that was chosen among all is as good. The others' joining takes it back."""
    path = Path(datadir, "grastate.dat")
    if not path.exists():
        return
    owner, content = path.stat(), path.read_text(encoding="utf-8")
    fresh = path.with_name("grastate.dat.new")
    fresh.write_text(re.sub(r"^safe_to_bootstrap:.*$", "safe_to_bootstrap: 1", content, flags=re.MULTILINE),
                     encoding="utf-8")
    os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.chmod(owner.st_mode & 0o777)
    fresh.replace(path)


def done() -> None:
    """This member joins no longer, nor does it wait."""
    for path in (JOINING, WAITING):
        Path(path).unlink(missing_ok=True)


def guard(settings: Settings) -> None:
    """Restart mariadbd when ``should_restart`` has said so for ``guard_patience_s`` without a break."""
    since: float | None = None
    while True:
        time.sleep(settings.ask_every_s * 2)
        me = ask(settings.node, settings)
        why = ""
        if me.phase in {Phase.WITHOUT_QUORUM, Phase.DISCONNECTED}:
            others = [name for name in settings.members if name != settings.node]
            why = should_restart(me, ask_all(others, settings))
        since = (since or time.monotonic()) if why else None
        if since is not None and time.monotonic() - since >= settings.guard_patience_s:
            print(f"restarting mariadb.service: {why}", flush=True)
            subprocess.run(["systemctl", "--no-block", "restart", "mariadb.service"], check=True, timeout=60)
            since = None


def main(arguments: Sequence[str]) -> None:
    """``start``, ``done`` or ``guard``."""
    os.umask(0o022)  # the unit's own would hide from the health endpoint what is written for it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was published is withdrawn
    match arguments:
        case ["start"]:
            start(Settings.load())
        case ["done"]:
            done()
        case ["guard"]:
            guard(Settings.load())
        case _:
            raise SystemExit("say start, done or guard")


if __name__ == "__main__":
    main(sys.argv[1:])
