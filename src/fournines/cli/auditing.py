"""The command that judges configuration as it lies in files: audit."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fournines.cli.opened import Opened, open_cluster
from fournines.cli.options import Json, SshConfig, ViaOption
from fournines.cli.reaching import Via, doors_of, doors_of_hosts, leave
from fournines.errors import FourninesError
from fournines.findings import Place, Severity

if TYPE_CHECKING:
    from fournines.audit.cloud import Accepted, Cloud, File, Goal
    from fournines.audit.judge import Audit
    from fournines.nodes.channel import Door

CLUSTER_FILES = (".yaml", ".yml")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(audit)


def audit(
    paths: Annotated[list[Path] | None, typer.Argument(
        metavar="PATH...", help="A node's /etc, a directory with one folder for each node, single files, or "
                                "a cluster file, whose rendered files are then audited.")] = None,
    as_json: Json = False,
    live: Annotated[bool, typer.Option("--live", help="Of a cluster file: what its nodes have, not what they "
                                                      "should have.")] = False,
    host: Annotated[list[str] | None, typer.Option(
        "--host", metavar="[USER@]HOST[:PORT]", help="A running node, over SSH; may be given again. It is "
                                                     "asked once, and nothing on it is changed.")] = None,
    sudo: Annotated[bool,
                    typer.Option("--sudo/--no-sudo", help="Whether other users than root read as root.")]
    = True,
    via: ViaOption = Via.AUTO, ssh_config: SshConfig = None,
    spof: Annotated[bool, typer.Option("--spof", help="Of a cluster file: which one or two losses take which "
                                                      "service down, and the cheapest remedy.")] = False,
    picture: Annotated[Path | None, typer.Option("--picture", metavar="FILE", dir_okay=False,
                                                 help="With --spof: also draw it, as SVG.")] = None,
    timing: Annotated[bool, typer.Option("--timing", help="How long each failure lasts for clients by the "
                                                          "timers found, with the arithmetic, against the "
                                                          "goal.")]
    = False,
    recover_within: Annotated[str, typer.Option(
        "--recover-within", metavar="DURATION", help="The goal, such as 60s; else that of the cluster "
                                                     "file, else 30s.")] = "",
    fix: Annotated[bool, typer.Option("--fix", help="Print the certain corrections as a diff for patch "
                                                    "-p0, and what is to be done by hand. Nothing is "
                                                    "written.")] = False,
    sarif: Annotated[Path | None, typer.Option("--sarif", metavar="FILE", dir_okay=False,
                                               help="Also write the findings as SARIF 2.1.0.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", dir_okay=False,
                                               help="Also write a JUnit XML: a case for each rule.")] = None,
    fail_on: Annotated[Severity, typer.Option("--fail-on", help="The least severity that makes the exit code "
                                                                "1.")]
    = Severity.ERROR,
    explain: Annotated[str,
                       typer.Option("--explain", metavar="ID", help="Say all about a rule, such as HAP005.")]
    = "",
) -> int:
    """Find what would break a cluster in the configuration files of its nodes, and change nothing.

    Works without root on any operating system, on a live /etc or a copy. What cannot be read or understood is
    a finding too. A comment accepts a finding: `# fournines: ignore HAP003 because REASON`; a cluster
    file all of a rule: `audit: {accept: {HAP003: REASON}}`.
    Exit code 0 where nothing is as bad as `--fail-on`, else 1.

    Examples: `fournines audit /etc` · `fournines audit my-cluster.yaml --fail-on warning` ·
    `fournines audit my-cluster.yaml --live` · `fournines audit --host ctl1 --host ctl2` ·
    `fournines audit sosreport-ctl1.tar.xz --json` · `fournines audit my-cluster.yaml --spof` ·
    `fournines audit /etc --timing --recover-within 60s` · `fournines audit /etc --fix` ·
    `fournines audit --explain HAP005`
    """
    from fournines.audit.judge import judge

    if explain:
        _explain(explain)
        return 0
    if spof or picture:
        return _weak_points(paths or (), as_json, picture)
    if not paths and not host:
        raise FourninesError("nothing was named that could be audited", hint="fournines audit /etc")
    with _no_collector():
        cloud = _collected(paths or (),
                           asyncio.run(_live(paths or (), host or (), live, via, ssh_config, sudo)),
                           live, recover_within)
        if timing:
            return _recovery_times(cloud, as_json)
        found = judge(cloud)
    if sarif is not None:
        from fournines.report.sarif import sarif_of

        _write(sarif, json.dumps(sarif_of(found), indent=1) + "\n")
    if junit is not None:
        from fournines.report.audit_junit import audit_junit

        _write(junit, audit_junit(found, fail_on))
    if fix:
        _corrections(cloud, found, paths or (), live, as_json)
    elif as_json:
        print(json.dumps([verdict.as_data() for verdict in found.verdicts], indent=1))
    else:
        from fournines.report.audit_view import show_audit
        from fournines.report.console import plain_screen

        show_audit(plain_screen(), found)
    return 1 if found.fails(fail_on) else 0


@contextmanager
def _no_collector() -> Iterator[None]:
    """What is read has no cycles and is kept to the end: to look for garbage would take half of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _collected(paths: Sequence[Path], found: Cloud, live: bool, recover_within: str) -> Cloud:
    from fournines.audit.cloud import Cloud
    from fournines.audit.collect import collect
    from fournines.audit.sleeping import awake

    missing = next((path for path in paths if not path.exists() and not path.is_symlink()), None)
    if missing is not None:
        raise FourninesError(f"{missing}: there is no such file or directory",
                             hint="name what is to be audited")
    declared = {path: open_cluster(path) for path in _declared(paths)}
    cloud = collect(path for path in paths if path not in declared)
    rendered = () if live else tuple(file for opened in declared.values() for file in _rendered(opened))
    cloud = awake(Cloud((*cloud.files, *rendered, *found.files), (*cloud.unread, *found.unread),
                        _goal(declared, recover_within), datetime.now(UTC), found.asleep,
                        tuple(_accepted(declared))))
    if not cloud.files and not cloud.unread:
        raise FourninesError(f"{', '.join(map(str, paths))}: no file of a kind that is audited",
                             hint="name a node's etc, or a folder that holds it; "
                                  "docs/how-to/audit-a-cluster.md lists the kinds")
    return cloud


def _accepted(declared: Mapping[Path, Opened]) -> Iterator[Accepted]:
    """What the cluster files accept."""
    from fournines.audit.cloud import Accepted

    for path, opened in declared.items():
        for rule, reason in opened.cluster.accepted.items():
            yield Accepted(rule, reason, Place(str(path)))


def _goal(declared: Mapping[Path, Opened], given: str) -> Goal | None:
    """The goal that was given, else the shortest of the cluster files; None without either."""
    from fournines.audit.cloud import Goal
    from fournines.cluster.notation import Wrong, parse_duration

    if given:
        try:
            return Goal(parse_duration(given), "--recover-within")
        except Wrong as wrong:
            raise FourninesError(f"--recover-within {given}: {wrong.what}", hint=wrong.instead) from None
    goals = [Goal(opened.cluster.recovery.recover_within_s, f"recovery.recover_within of {path}")
             for path, opened in declared.items()]
    return min(goals, key=lambda goal: goal.seconds, default=None)


def _recovery_times(cloud: Cloud, as_json: bool) -> int:
    """Exit code 1 where a chain is over the goal."""
    from fournines.audit.timing.analysis import recovery_times
    from fournines.audit.timing.chain import Standing
    from fournines.report.console import plain_screen
    from fournines.report.timing_view import show_recovery_times

    found = recovery_times(cloud)
    if as_json:
        print(json.dumps(found.as_data(), indent=1))
    else:
        show_recovery_times(plain_screen(), found)
    return 1 if found.of(Standing.OVER) else 0


def _declared(paths: Sequence[Path]) -> list[Path]:
    return [path for path in paths if path.suffix in CLUSTER_FILES and path.is_file()]


async def _live(paths: Sequence[Path], hosts: Sequence[str], live: bool, via: Via, ssh_config: Path | None,
                sudo: bool) -> Cloud:
    """What the nodes of cluster files have, with ``--live``, and what single hosts have."""
    from fournines.audit.cloud import Cloud

    doors: dict[str, Door] = {}
    for path in _declared(paths) if live else ():
        doors |= doors_of(open_cluster(path), via, ssh_config)
    if hosts:
        doors |= doors_of_hosts(hosts, ssh_config, as_root=sudo)
    if not doors:
        return Cloud()
    from fournines.audit.live import collect_live, described
    from fournines.nodes.pipe import PipeNode

    print(f"on {', '.join(doors)}, and nothing else:", *described(), sep="\n  ", file=sys.stderr)

    nodes = {name: PipeNode(door) for name, door in doors.items()}
    try:
        return await collect_live(nodes)
    finally:
        await leave(nodes, doors)


def _rendered(opened: Opened) -> Iterator[File]:
    """The files that the cluster file becomes, with the permissions that they are to have."""
    from fournines.audit.formats import read

    for node, items in opened.blueprint_with_placeholders().files.items():
        for item in items:
            file = read(node, item.path, f"{node}{item.path}", item.content, item.mode)
            if file is not None:
                yield file


def _corrections(cloud: Cloud, found: Audit, paths: Sequence[Path], live: bool, as_json: bool) -> None:
    from fournines.audit.fixing import fixes
    from fournines.report.fix_view import fixes_text

    if _declared(paths) and not live:
        raise FourninesError("what a cluster file becomes is corrected in the cluster file",
                             hint="fournines audit my-cluster.yaml says what; --fix is for files of nodes")
    corrected = fixes(cloud, found)
    print(json.dumps(corrected.as_data(), indent=1) + "\n" if as_json else fixes_text(corrected), end="")


def _weak_points(paths: Sequence[Path], as_json: bool, drawn: Path | None) -> int:
    """Exit code 1 where one loss is enough."""
    from fournines.audit.spof.analysis import weak_points
    from fournines.report.console import plain_screen
    from fournines.report.spof_picture import picture
    from fournines.report.spof_view import show_weak_points

    if len(paths) != 1 or not _declared(paths):
        raise FourninesError("single points of failure are found of one cluster file",
                             hint="fournines audit my-cluster.yaml --spof")
    cluster = open_cluster(paths[0]).cluster
    found = weak_points(cluster)
    if drawn is not None:
        _write(drawn, picture(cluster.name, found))
    if as_json:
        print(json.dumps(found.as_data(), indent=1))
    else:
        show_weak_points(plain_screen(), cluster.name, found)
    return 1 if found.singles else 0


def _explain(name: str) -> None:
    import fournines.audit.rules  # noqa: F401  registers the rules
    from fournines.audit.rule import RULES
    from fournines.report.audit_view import show_rule
    from fournines.report.console import screen

    rule = RULES.get(name.upper())
    if rule is None:
        raise FourninesError(f"there is no rule {name}", hint=f"the rules are: {', '.join(sorted(RULES))}")
    show_rule(screen(), rule)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise FourninesError(f"{path}: {problem.strerror}",
                             hint="choose a file that can be written") from problem
