"""audit-rules.md: every rule of ``fournines audit``, and which mistakes of the 2014 guide are found."""

from __future__ import annotations

from collections.abc import Iterator

import markdown
from audit_rule import FOLDER
from example import ROOT
from markdown import code, table

import fournines.audit.rules  # noqa: F401  registers the rules
from fournines.audit.rule import RULES, Rule

SYSTEMS = {
    "HAP": "HAProxy", "KAD": "Keepalived", "GAL": "Galera", "RMQ": "RabbitMQ", "COR": "Corosync",
    "MEM": "memcached", "OSL": "OpenStack services", "SYS": "All nodes alike", "KEY": "Keystone",
    "GLA": "Glance",
    "CIN": "Cinder", "NEU": "Neutron", "NOV": "Nova", "PCM": "Pacemaker", "FEN": "Fencing", "DRB": "DRBD",
    "FSY": "File systems", "MAP": "A database that moves", "OCF": "Agents of OpenStack", "TOP": "Topology",
    "TIM": "Time", "SCR": "Scripts", "SEC": "Secrets", "AUD": "The audit itself",
}


def page() -> str:
    """A table for each system, then the guide."""
    return markdown.page(
        "Audit rules",
        f"The {len(RULES)} rules of `fournines audit`; `fournines audit --explain HAP005` says the same of "
        "one, and a page each shows files in which it finds something. The severity is the rule's own: what "
        "cannot be known from the files is `info`. Errata are those of the OpenStack High Availability Guide "
        "of 2014.",
        *_systems(), "## The guide", _about_the_guide(), _guide(), "### Not found", _not_found())


def _systems() -> Iterator[str]:
    for prefix, system in SYSTEMS.items():
        yield f"## {system}"
        yield table(("rule", "severity", "what", "in a failure", "what to do", "source", "versions",
                     "errata"),
                    (_row(rule) for name, rule in sorted(RULES.items()) if name.startswith(prefix)))


def _row(rule: Rule) -> tuple[str, ...]:
    return (f"[{code(rule.id)}]({FOLDER}/{rule.id}.md)", rule.severity.value, rule.title,
            f"{rule.effect.value}: {rule.consequence}",
            rule.fix,
            rule.source, rule.versions, ", ".join(rule.errata))


def _about_the_guide() -> str:
    return ("`tests/guide` holds the guide's configuration and commands as the files it says they are. These "
            "of its mistakes are found at these lines of it; a test keeps it so, and that what the guide has "
            "right is not reported.")


def _guide() -> str:
    rows = (line.split() for line in (ROOT / "tests/guide/ERRATA").read_text(encoding="utf-8").splitlines())
    return table(("erratum", "rule", "what", "lines of the guide"), (
        (erratum, code(rule), RULES[rule].title, "the file lacks it" if lines == ["0"] else ", ".join(lines))
        for erratum, rule, *lines in rows))


def _not_found() -> str:
    rows = (ROOT / "tests/guide/NOT_FOUND").read_text(encoding="utf-8").splitlines()
    return "\n\n".join((
        "Mistakes that stop something, lose data, open doors, contradict or are outdated, and that no rule "
        "finds. Those of wording, and things that the guide leaves out, are not listed.",
        table(("erratum", "why"), (tuple(row.split(" ", 1)) for row in rows))))
