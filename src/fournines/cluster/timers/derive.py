"""From one promise to every timer: the derivation, its refusals and its warnings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fournines.cluster.timers import (
    clients,
    corosync,
    drbd,
    galera,
    haproxy,
    kernel,
    pacemaker,
    rabbitmq,
    sbd,
    vrrp,
)
from fournines.cluster.timers.chain import Chain
from fournines.cluster.timers.chains import ACTIVE_ACTIVE, chains
from fournines.cluster.timers.definition import Definition, Given
from fournines.cluster.timers.overrides import read_overrides
from fournines.cluster.timers.relations import broken_relations
from fournines.cluster.timers.timer import Timer, Timers, shown
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError
from fournines.findings import Finding, Severity

DEFINITIONS: tuple[Definition, ...] = (*vrrp.DEFINITIONS, *haproxy.DEFINITIONS, *galera.DEFINITIONS,
                                       *rabbitmq.DEFINITIONS, *kernel.DEFINITIONS, *clients.DEFINITIONS,
                                       *corosync.DEFINITIONS, *sbd.DEFINITIONS, *pacemaker.DEFINITIONS,
                                       *drbd.DEFINITIONS)
BY_NAME: Mapping[str, Definition] = {definition.name: definition for definition in DEFINITIONS}


def derive(cluster: Cluster) -> Timers:
    """Every timer of the cluster, with the bounds that follow from it.

    Raises ClusterFileError with all findings: overrides that cannot be used, values that contradict each
    other, and a promise below what the components can keep (naming the limit and the smallest promise).
    """
    overrides, findings = read_overrides(cluster.overrides, BY_NAME)
    target_s, controllers = cluster.recovery.recover_within_s, len(cluster.controllers)
    timers = _timers(cluster, target_s, overrides)
    broken = broken_relations(timers, controllers)
    findings = (*findings, *(each for each in broken if each.severity is Severity.ERROR))
    plain = _timers(cluster, target_s, {})
    impossible = [chain for chain in _chains(cluster, plain) if chain.upper_s > target_s]
    after = _chains(cluster, timers)
    if impossible and any(chain.upper_s > target_s for chain in after):
        findings = (*findings, _out_of_reach(cluster, max(impossible, key=lambda chain: chain.upper_s)))
    if findings:
        raise ClusterFileError(findings)
    warnings = (*broken, *_broken_promises(cluster, timers, after))
    return Timers(target_s, timers.values(), after, warnings)


def _timers(cluster: Cluster, target_s: float, overrides: Mapping[str, float]) -> Timers:
    values: dict[str, float] = {}
    timers = []
    for definition in DEFINITIONS:
        value, formula = definition.value(Given(target_s, len(cluster.controllers), values,
                                                cluster.arbitrated, cluster.knows_who_is_cut_off))
        overridden = definition.name in overrides
        if overridden:
            formula = f"set by the operator; would be {formula}"
            value = overrides[definition.name]
        values[definition.name] = value
        timers.append(Timer(definition.name, value, definition.unit, formula, definition.source,
                            definition.because, overridden))
    return Timers(target_s, timers)


def _chains(cluster: Cluster, timers: Timers) -> tuple[Chain, ...]:
    return tuple(chain for chain in chains(timers) if chain.layer in cluster.layers
                 and chain.pattern in ("", cluster.pattern(chain.layer) or ACTIVE_ACTIVE))


def _out_of_reach(cluster: Cluster, chain: Chain) -> Finding:
    target_s, limit = cluster.recovery.recover_within_s, chain.limit
    return Finding(
        Severity.ERROR,
        f"recover_within is {shown(target_s)}, but after {chain.name} up to {shown(chain.upper_s)} may pass",
        f"write at least {smallest_promise_s(cluster):g}s",
        detail=f"{limit.component} is the limit: {limit.what}, {shown(limit.upper_s)}"
               + (f" ({', '.join(limit.timers)})" if limit.timers else ""),
        where="recovery.recover_within")


def smallest_promise_s(cluster: Cluster) -> float:
    """The smallest recover_within, in tenths of a second, that the derivation can keep for this cluster."""
    tenths = int(cluster.recovery.recover_within_s * 10)
    while True:
        tenths += 1
        timers = _timers(cluster, tenths / 10, {})
        if all(chain.upper_s <= tenths / 10 for chain in _chains(cluster, timers)):
            return tenths / 10


def _broken_promises(cluster: Cluster, timers: Timers, after: Iterable[Chain]) -> Iterator[Finding]:
    """One finding for the same overrides, however many failures they make too long."""
    late: dict[tuple[str, ...], list[Chain]] = {}
    for chain in after:
        if chain.upper_s > cluster.recovery.recover_within_s:
            late.setdefault(_blamed(cluster, timers, chain), []).append(chain)
    for names, found in late.items():
        yield _broken_promise(cluster, names, sorted(found, key=lambda chain: -chain.upper_s))


def _blamed(cluster: Cluster, timers: Timers, chain: Chain) -> tuple[str, ...]:
    """The overrides that the waits of the chain are made of; without any, the first one of all."""
    waited = dict.fromkeys(name for branch in chain.branches
                           if branch.upper_s > cluster.recovery.recover_within_s
                           for term in branch.terms for name in term.timers)
    return tuple(name for name in waited if timers[name].overridden) or (next(iter(cluster.overrides)),)


def _broken_promise(cluster: Cluster, names: Sequence[str], late: Sequence[Chain]) -> Finding:
    target_s, worst, others = cluster.recovery.recover_within_s, late[0], late[1:]
    also = f"; too long after {', '.join(f'{chain.name} ({shown(chain.upper_s)})' for chain in others)}, too"
    return Finding(
        Severity.WARNING,
        f"{' and '.join(names)} breaks the promise: after {worst.name} up to {shown(worst.upper_s)} "
        f"may pass, {shown(round(worst.upper_s - target_s, 6))} more than recover_within {shown(target_s)}",
        "raise recover_within, or leave the override out",
        detail=" + ".join(f"{term.what} {shown(round(term.upper_s, 6))}" for term in worst.terms)
               + (also if others else ""),
        where=f"overrides.{names[0]}")
