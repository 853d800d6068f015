"""Timers added up along whole chains: how long a failure lasts for clients, against the goal."""

from __future__ import annotations

from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.timing.analysis import RecoveryTimes, recovery_times
from fournines.audit.timing.chain import Chain, Found, Standing
from fournines.cluster.timers.timer import Unit
from fournines.findings import Severity


@rule("TOP011", Severity.WARNING, Effect.SLOW, "Recovery takes longer than the goal",
      consequence="Everything works as configured, and each such failure still breaks the promise: waits "
                  "follow one another, so it is their sum that clients see.",
      fix="shorten the longest wait first; fournines audit --timing shows the arithmetic",
      source="the components' manuals, as named at each value by fournines audit --timing",
      errata=("E008", "E033"))
def over_the_goal(cloud: Cloud) -> Hits:
    found = recovery_times(cloud)
    for chain in found.of(Standing.OVER):
        setting = _longest(chain)
        if setting is not None:
            atleast = "at least" if chain.unknowns else "up to"
            yield Hit(setting.at, f"{chain.name}: {atleast} {chain.waits_s:g} s, and the goal is "
                                  f"{found.goal_s:g} s: {_sum(chain)}",
                      fix=f"shorten the longest first: {setting.shown}")
    yield from _left(found)


def _left(found: RecoveryTimes) -> Hits:
    """Of the chains that hang on how long actions take, the one that leaves them the least."""
    chain = max(found.of(Standing.LEFT), key=lambda each: each.waits_s, default=None)
    setting = _longest(chain) if chain is not None else None
    if chain is not None and setting is not None:
        left_s = round(found.goal_s - chain.waits_s, 3)
        yield Hit(setting.at, f"{chain.name}: waits take {chain.waits_s:g} s, so the goal of "
                              f"{found.goal_s:g} s leaves its actions {left_s:g} s, and their timeouts allow "
                              f"{chain.allowed_s:g} s", Severity.INFO,
                  "measure how long they take; fournines audit --timing names them")


def _longest(chain: Chain) -> Found | None:
    """The largest setting of the longest wait, a count only where there is nothing else; None where no file
    could change one."""
    return max((value for value in chain.dominating.values if value.at.file),
               key=lambda value: (value.unit is Unit.SECONDS, value.value), default=None)


def _sum(chain: Chain) -> str:
    return " + ".join(f"{step.what} {step.upper_s:g} s" for step in chain.longest
                      if step.upper_s is not None and not step.allowed)
