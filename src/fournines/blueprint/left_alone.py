"""Units that systemd starts nowhere at boot, above all those of services that Pacemaker runs on one node.

Their packages enable them, until a step lets go of them: at boot systemd would start the service on every
node, beside the one where Pacemaker has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.predicate import Fact, OnEvery
from fournines.blueprint.requests import JsonValue, Request, Unit, UnitFacts
from fournines.blueprint.resources import runs_on_one
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.steps import Gate, On, Step

_SEEN_S = 30.0


@dataclass(frozen=True, slots=True)
class Boot:
    """Those of the units that systemd would start at boot."""

    starts: tuple[str, ...]

    @property
    def left_alone(self) -> bool:
        return not self.starts


def parse_boot(reply: JsonValue) -> Boot:
    """The answer of ``UnitFacts``."""
    if not isinstance(reply, dict) or not all(isinstance(facts, dict) for facts in reply.values()):
        raise Unreadable("not what systemd says of units")
    return Boot(tuple(name for name, facts in reply.items()
                      if isinstance(facts, dict) and str(facts.get("enabled", "")).startswith("enabled")))


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
        return Probe(self.probe, dict.fromkeys(self.nodes, UnitFacts(self.units)), parse_boot)

    def let_go(self, step: str, why: str, *, stop: bool = False, needs: Sequence[str] = ()) -> Step:
        """With ``stop`` what a package has started ends too."""
        verbs = ("disable", "stop") if stop else ("disable",)
        requests: tuple[Request, ...] = tuple(Unit(verb, unit) for unit in self.units for verb in verbs)
        return Step(step, On.EACH, dict.fromkeys(self.nodes, requests), why=why, unless=self.alone,
                    until=Gate(self.alone, _SEEN_S), needs=tuple(needs))

    def invariant(self, name: str, remedy: str = "fournines apply") -> Invariant:
        """``name`` says of what systemd starts none."""
        return Invariant(name, OnEvery(self.nodes, self.alone), remedy)


def on_one_node(what: str, resource: str, nodes: tuple[str, ...]) -> Invariant:
    """Exactly one node runs ``what``, which Pacemaker calls ``resource``."""
    return Invariant(f"exactly one node runs {what}", runs_on_one(resource, nodes),
                     "crm_mon -1 says what Pacemaker tried; then: crm_resource --cleanup --resource "
                     f"{resource}")
