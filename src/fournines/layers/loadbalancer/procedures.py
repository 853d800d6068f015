"""How HAProxy and Keepalived are started and changed: what one would refuse never takes its file's place.

The files of a running member are replaced at the moment of its reload, and that waits for the checks here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant
from fournines.blueprint.predicate import Answers, Either, Fact, Judgement, Not, OnEvery, OnOthers
from fournines.blueprint.requests import FileFacts, JsonValue, RemoveFile, Request, Run, WriteFile
from fournines.blueprint.snapshot import Probe, Snapshot, Unreadable
from fournines.blueprint.steps import Gate, On, OnChange, Service, Step
from fournines.cluster.topology import Node
from fournines.layers.layer import Site
from fournines.layers.loadbalancer import artifacts, health

CONFIGURATIONS = "loadbalancer.configurations"
_CANDIDATE = "/var/lib/fournines/candidates/keepalived.conf"
_HAPROXY_ACCEPTS = "loadbalancer: let HAProxy check its configuration"
_KEEPALIVED_ACCEPTS = "loadbalancer: let Keepalived check its configuration"
_CHECK_S, _READY_S = 20.0, 30.0


@dataclass(frozen=True, slots=True)
class Configurations:
    """SHA-256 of the files in place; empty where there is none."""

    haproxy: str
    keepalived: str


def parse_configurations(reply: JsonValue) -> Configurations:
    """From the facts of the two files."""
    if not isinstance(reply, dict):
        raise Unreadable("no table of files")
    facts = [reply.get(path) for path in (artifacts.HAPROXY, artifacts.KEEPALIVED)]
    return Configurations(*(str(each["sha256"]) if isinstance(each, dict) else "" for each in facts))


def probe(site: Site) -> Probe:
    """Which configurations are in place."""
    return Probe(CONFIGURATIONS, {name: FileFacts((artifacts.HAPROXY, artifacts.KEEPALIVED))
                                  for name in site.controllers}, parse_configurations)


@dataclass(frozen=True, slots=True)
class InPlace:
    """The node has its configuration already, so it was checked before; ``wanted`` maps node to SHA-256."""

    program: str
    wanted: Mapping[str, str]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        inner = Fact(CONFIGURATIONS, self.program, wanted=self.wanted[node]).judge(snapshot, node)
        if inner.truth is None:
            return inner
        what = "is in place already" if inner.truth else "is a new one"
        return Judgement(inner.truth, f"{node}: the configuration of {self.program} {what}", inner.consulted)

    def __str__(self) -> str:
        return f"the configuration of {self.program} is in place"


def steps(site: Site) -> tuple[Step, ...]:
    """Both programs read their next configuration before it is theirs."""
    nodes = site.cluster.controllers
    haproxy = _haproxy_texts(site)
    keepalived = {node.name: artifacts.keepalived_text(site, node) for node in nodes}
    return (
        Step(_HAPROXY_ACCEPTS, On.EACH,
             {name: (Run(("haproxy", "-c", "-f", "/dev/stdin"), stdin=text, timeout_s=_CHECK_S),)
              for name, text in haproxy.items()},
             why="a configuration that HAProxy refuses must not take the place of one that works",
             unless=_haproxy_in_place(site)),
        Step(_KEEPALIVED_ACCEPTS, On.EACH,
             {node.name: _try_keepalived(site, node, keepalived[node.name]) for node in nodes},
             why="a configuration that Keepalived refuses must not take the place of one that works",
             unless=InPlace("keepalived", _hashes(keepalived))),
    )


def _haproxy_texts(site: Site) -> dict[str, str]:
    return {node.name: artifacts.haproxy_text(site, node) for node in site.cluster.controllers}


def _haproxy_in_place(site: Site) -> InPlace:
    return InPlace("haproxy", _hashes(_haproxy_texts(site)))


def invariants(site: Site) -> tuple[Invariant, ...]:
    """A file that is not in place yet is a matter of the next apply, and not of HAProxy."""
    runs = Either((Not(_haproxy_in_place(site)), health.runs_with_wanted(site)))
    return (Invariant(
        "every HAProxy runs with the configuration that was written", OnEvery(site.controllers, runs),
        f"journalctl -u {artifacts.HAPROXY_UNIT} on it says why not (an address that somebody else has, for "
        "one): it would not start again; then: fournines apply, which reloads it"),)


def _hashes(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def _try_keepalived(site: Site, node: Node, text: str) -> tuple[Request, ...]:
    """It checks nothing but regular files, and reports success for anything else."""
    return (WriteFile(_CANDIDATE, text.encode()), Run(artifacts.prepare_command(site, node)),
            Run(artifacts.try_keepalived_command(_CANDIDATE), timeout_s=_CHECK_S),
            RemoveFile(_CANDIDATE))


def services(site: Site) -> tuple[Service, ...]:
    """HAProxy first: Keepalived takes no VIP where it does not answer."""
    names = site.controllers
    balances, takes_part = Answers(health.HAPROXY), health.takes_part(site, tuple(site.free_vips))
    return (
        Service(artifacts.HAPROXY_UNIT, names, artifacts.HAPROXY_FILES, Gate(balances, _READY_S),
                others_ok=OnOthers(names, balances), on_change=OnChange.RELOAD,
                in_force=health.runs_with_wanted(site), needs=(_HAPROXY_ACCEPTS,)),
        Service(artifacts.KEEPALIVED_UNIT, names, artifacts.KEEPALIVED_FILES, Gate(takes_part, _READY_S),
                others_ok=OnOthers(names, takes_part), on_change=OnChange.RELOAD,
                needs=(_KEEPALIVED_ACCEPTS, f"loadbalancer: restart {artifacts.HAPROXY_UNIT}")),
    )
