"""What could not be audited: said, so that silence means that a file was read and understood."""

from __future__ import annotations

from fournines.audit.cloud import Cloud, File
from fournines.audit.rule import RULES, Effect, Hit, Hits, rule
from fournines.audit.systems import galera
from fournines.findings import Place, Severity


@rule("AUD001", Severity.WARNING, Effect.UNKNOWN, "A file that could not be read",
      consequence="Whatever is wrong in it stays unknown: no rule has judged it.",
      fix="run the audit as a user who may read it, or on a copy that holds it",
      source="fournines.audit.collect")
def unreadable(cloud: Cloud) -> Hits:
    for unread in cloud.unread:
        yield Hit(Place(unread.shown), f"could not be read: {unread.why}")


@rule("AUD002", Severity.ERROR, Effect.OUTAGE, "A line that its program does not understand",
      consequence="Most programs refuse the whole file at their next start, which may be the one after a "
                  "failure; the others ignore the line.",
      fix="correct or remove the line; the rest of the file was audited without it",
      source="the format's own grammar: see src/fournines/artifacts", errata=("E043", "E067", "E103", "E137"))
def not_understood(cloud: Cloud) -> Hits:
    for file in cloud.files:
        for problem in file.problems:
            yield Hit(file.at(problem.line), f"not understood as {problem.format_name}: {problem.what}")


@rule("AUD003", Severity.WARNING, Effect.UNKNOWN, "A comment or a setting that accepts nothing",
      consequence="Somebody believes that a finding was judged and accepted, and it was not.",
      fix="write: # fournines: ignore HAP003 because REASON, on the line itself or above it",
      source="docs/how-to/audit-a-cluster.md")
def accepts_nothing(cloud: Cloud) -> Hits:
    for file in cloud.files:
        for ignore in file.ignores:
            if not ignore.reason:
                yield Hit(file.at(ignore.line), "a finding is to be ignored without a reason, so it is not")
            for name in ignore.rules:
                if name not in RULES:
                    yield Hit(file.at(ignore.line), f"there is no rule {name} to be ignored")
    for each in cloud.accepted:
        if each.rule not in RULES:
            yield Hit(each.at, f"there is no rule {each.rule} to be accepted")


@rule("AUD004", Severity.INFO, Effect.UNKNOWN, "An include that is not among the files audited",
      consequence="What is set there is unknown, so nothing is said of options that are set nowhere.",
      fix="audit the whole directory tree of the node",
      source="MariaDB Knowledge Base, Configuring MariaDB with Option Files")
def missing_include(cloud: Cloud) -> Hits:
    for server in galera.servers(cloud):
        for missing in server.missing:
            yield Hit(missing.at, f"includes {missing.path}, of which no file was audited")


@rule("AUD005", Severity.INFO, Effect.UNKNOWN, "Files of a program that nothing starts",
      consequence="They were not judged: a package's defaults say nothing about the cluster.",
      fix="remove the package; or start the program, if it should run", source="systemctl(1), show")
def asleep(cloud: Cloud) -> Hits:
    of: dict[tuple[str, str], list[File]] = {}
    for each in cloud.asleep:
        of.setdefault((each.file.node, each.program), []).append(each.file)
    for (_, program), files in of.items():
        more = f", nor {len(files) - 1} more of its files" if len(files) > 1 else ""
        yield Hit(files[0].at(), f"neither systemd nor Pacemaker starts {program} on any node: this is not "
                                 f"judged{more}")
