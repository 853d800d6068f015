"""Membership: Corosync says who is there, Pacemaker runs what may run only once, fencing makes sure of it.

Other layers ask for resources in their ``Exchange``; the one configuration that Pacemaker gets is made here.
"""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange, SecretKind, SecretNeed
from fournines.blueprint.hardware import Hardware
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.layer import Layer, Site
from fournines.layers.membership.spec import MembershipSpec

PACKAGES = ("corosync", "crmsh", "fence-agents", "pacemaker", "pacemaker-cli-utils", "resource-agents")


def _exchange(cluster: Cluster, timers: Timers) -> Exchange:
    from fournines.layers.membership import arbitrator, artifacts, fencing, watchdog

    guarded = cluster.controllers if watchdog.entry(cluster) else ()
    return Exchange(secrets=(SecretNeed(artifacts.KEY_SECRET, SecretKind.COROSYNC_KEY),
                             *fencing.secrets(cluster), *arbitrator.secrets(cluster)),
                    hardware=tuple(Hardware(node.name, watchdog=True) for node in guarded))


def _contribute(site: Site) -> Contribution:
    from fournines.layers.membership import arbitrator, artifacts, health, procedures, reach, watchdog

    members, alone = site.controllers, arbitrator.nodes(site)
    more = (*(arbitrator.MEMBER_PACKAGES if site.cluster.arbitrated else ()),
            *(watchdog.PACKAGES if watchdog.entry(site.cluster) else ()),
            *(reach.PACKAGES if reach.measured(site) else ()))
    return Contribution(
        packages={**dict.fromkeys(members, (*PACKAGES, *more)),
                  **dict.fromkeys(alone, arbitrator.PACKAGES)},
        directories=dict.fromkeys(members, artifacts.DIRECTORIES),
        files={**{node.name: artifacts.files(site, node) for node in site.cluster.controllers},
               **{name: arbitrator.files(site, "arbitrator") for name in alone}},
        services=procedures.services(site),
        steps=procedures.steps(site),
        probes=health.probes(site, procedures.wanted(site)),
        invariants=health.invariants(site),
        seats=health.seats(site),
        members=(health.members(site),),
        proofs=health.proofs(site))


LAYER = Layer("membership", MembershipSpec, after=("host",), exchange=_exchange, contribute=_contribute)
