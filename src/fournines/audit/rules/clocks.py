"""Clocks that agree: tokens, certificates, Galera and Pacemaker all take the time for granted."""

from __future__ import annotations

import re

from fournines.artifacts import clock
from fournines.audit.change import Swap
from fournines.audit.cloud import Cloud, File
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.findings import Severity

ENOUGH = 3
"""Of two sources that differ nobody knows which is wrong; RFC 8633 (BCP 223) advises four."""

_IN_A_POOL = 4   # chrony's default of maxsources; ntpd takes more
_CHRONY = re.compile(r".*/(?:chrony/.+|chrony\.conf)")


@rule("TIM001", Severity.WARNING, Effect.SLOW, "Clocks that may go wrong, or jump",
      consequence="Tokens and certificates are refused by the node whose clock is off, and Pacemaker takes a "
                  "jump for a timeout.",
      fix="four servers or a pool, and makestep 1 3",
      source="chrony.conf(5), makestep; RFC 8633, section 3.2; Pacemaker Explained, clocks that jump")
def unsafe_clock(cloud: Cloud) -> Hits:
    added: dict[str, set[str]] = {}
    for file, document in cloud.documents(clock.Document):
        if not _is_main(file):
            added.setdefault(file.node, set()).update(_sources(document))
    for file, document in cloud.documents(clock.Document):
        if not _is_main(file):
            continue
        sources = _sources(document) | added.get(file.node, set())
        pools = len(document.named("pool"))
        count = len(sources) + (_IN_A_POOL - 1) * pools
        listening = document.named("refclock", "broadcastclient", "multicastclient", "manycastclient")
        elsewhere = [each for each in document.named("sourcedir", "confdir", "include")
                     if not " ".join(each.words).startswith("/etc/")]
        if count < ENOUGH and not listening:
            yield Hit(file.at(), f"{count or 'no'} source{'s' if count != 1 else ''} of time",
                      Severity.INFO if elsewhere and count else Severity.WARNING if count else Severity.ERROR)
        for step in document.named("makestep") if _CHRONY.fullmatch(file.path) else ():
            if len(step.words) > 1 and step.words[1].startswith("-"):
                yield Hit(file.at(step.line), "the clock may be set back at any time, not only at the start",
                          change=Swap(r"(?<=\S)\s+-\d+(?=\s*$)", " 3"))


def _is_main(file: File) -> bool:
    return file.path.rpartition("/")[2] in ("chrony.conf", "ntp.conf")


def _sources(document: clock.Document) -> set[str]:
    return {each.words[0] for each in document.named("server", "peer", "pool") if each.words}
