"""Units that systemd starts nowhere at boot, above all those of services that Pacemaker runs on one node.

Their packages enable them, until a step lets go of them: at boot systemd would start the service on every
node, beside the one where Pacemaker has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.predicate import Either, Fact, Not, OnEvery, Test
from fournines.blueprint.requests import JsonValue, Request, Unit, UnitFacts
from fournines.blueprint.resources import PACEMAKER_UNIT, Runs, runs_on_one
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.steps import Gate, On, Step

_SEEN_S = 30.0


@dataclass(frozen=True, slots=True)
class Boot:
    """``starts`` are those of the units that systemd would start at boot, ``active`` those that run, start or
    stop, whoever had it done. ``pacemaker``: its unit is not at rest; if it failed, what it ran may run."""

    starts: tuple[str, ...]
    active: tuple[str, ...] = ()
    pacemaker: bool = False

    @property
    def left_alone(self) -> bool:
        return not self.starts


def parse_boot(reply: JsonValue) -> Boot:
    """The answer of ``UnitFacts``, about Pacemaker's unit too."""
    if not isinstance(reply, dict):
        raise Unreadable("not what systemd says of units")
    units = {name: facts for name, facts in reply.items() if isinstance(facts, dict)}
    if len(units) < len(reply):
        raise Unreadable("not what systemd says of units")
    pacemaker = units.pop(PACEMAKER_UNIT, {})
    return Boot(
        tuple(name for name, facts in units.items() if str(facts.get("enabled", "")).startswith("enabled")),
        tuple(name for name, facts in units.items()
              if facts.get("active", "inactive") not in ("inactive", "failed")),
        pacemaker.get("active", "inactive") != "inactive")


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """``units`` of one layer on ``nodes``; ``probe`` is what it calls the question about them."""

    probe: str
    units: tuple[str, ...]
    nodes: tuple[str, ...]

    @property
    def alone(self) -> Fact:
        """Systemd starts none of them on a node."""
        return Fact(self.probe, "left_alone")

    def asked(self) -> Probe:
        """Its value is a ``Boot``."""
        return Probe(self.probe, dict.fromkeys(self.nodes, UnitFacts((*self.units, PACEMAKER_UNIT))),
                     parse_boot)

    def let_go(self, step: str, why: str, *, stop: bool = False, needs: Sequence[str] = ()) -> Step:
        """With ``stop`` what a package has started ends too."""
        verbs = ("disable", "stop") if stop else ("disable",)
        requests: tuple[Request, ...] = tuple(Unit(verb, unit) for unit in self.units for verb in verbs)
        return Step(step, On.EACH, dict.fromkeys(self.nodes, requests), why=why, unless=self.alone,
                    until=Gate(self.alone, _SEEN_S), needs=tuple(needs))

    def stop(self, step: str, resource: str) -> Step:
        """Before they are let go: what systemd has started of them ends, but nothing that Pacemaker runs as
        ``resource``. Before there is a Pacemaker there is nothing of it."""
        at_rest, runs = Fact(self.probe, "active", Test.EQ, ()), Runs(resource, self.nodes)
        stops: tuple[Request, ...] = tuple(Unit("stop", each) for each in self.units)
        return Step(step, On.EACH, dict.fromkeys(self.nodes, stops),
                    why="systemd started it, and Pacemaker is to have it",
                    unless=Either((self.alone, at_rest, runs)),
                    only_if=Either((Fact(self.probe, "pacemaker", Test.EQ, False), Not(runs))),
                    refusal=f"it cannot be known whether Pacemaker runs {resource} there (crm_mon -1); if it "
                            f"failed, crm_resource --cleanup --resource {resource}; then apply again",
                    until=Gate(at_rest, _SEEN_S))

    def invariant(self, name: str, remedy: str = "fournines apply") -> Invariant:
        """``name`` says of what systemd starts none."""
        return Invariant(name, OnEvery(self.nodes, self.alone), remedy)


def on_one_node(what: str, resource: str, nodes: tuple[str, ...]) -> Invariant:
    """Exactly one node runs ``what``, which Pacemaker calls ``resource``."""
    return Invariant(f"exactly one node runs {what}", runs_on_one(resource, nodes),
                     "crm_mon -1 says what Pacemaker tried; then: crm_resource --cleanup --resource "
                     f"{resource}")
