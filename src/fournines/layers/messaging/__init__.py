"""Messaging: one RabbitMQ cluster over all controllers, quorum queues by default, pause_minority; or, with
pattern active-passive, one RabbitMQ that Pacemaker moves.

Members of a cluster speak over the replication network; clients reach them on the management network or
through the VIP.
"""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange, Listener, SecretKind, SecretNeed
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.layer import Layer, Site
from fournines.layers.messaging import artifacts, health, procedures
from fournines.layers.messaging.accounts import DRILL_ACCOUNT
from fournines.layers.messaging.spec import MessagingSpec

PACKAGES = ("rabbitmq-server", "erlang-base")


def _exchange(cluster: Cluster, timers: Timers) -> Exchange:
    spec = cluster.spec(MessagingSpec) or MessagingSpec()
    if spec.pattern == "active-passive":
        from fournines.layers.messaging import active_passive

        return active_passive.exchange(cluster, timers, spec)
    members = tuple(node.name for node in cluster.controllers)
    return Exchange(
        listeners=(Listener("messaging", cluster.service_vip.name, artifacts.PORT, "messaging", members,
                            mode="tcp", unit=artifacts.BROKER_UNIT),) if cluster.vips else (),
        secrets=(SecretNeed(artifacts.COOKIE_SECRET, SecretKind.ERLANG_COOKIE),
                 SecretNeed(DRILL_ACCOUNT.secret, SecretKind.PASSWORD)))


def _contribute(site: Site) -> Contribution:
    spec = site.cluster.spec(MessagingSpec) or MessagingSpec()
    if spec.pattern == "active-passive":
        from fournines.layers.messaging import active_passive

        return active_passive.contribute(site, spec)
    return Contribution(
        packages={name: PACKAGES for name in site.controllers},
        files={node.name: artifacts.files(site, node) for node in site.cluster.controllers},
        services=procedures.services(site),
        steps=procedures.steps(site),
        probes=health.probes(site),
        invariants=health.invariants(site),
        members=(health.members(site),))


LAYER = Layer("messaging", MessagingSpec, after=("host", "storage", "san"), exchange=_exchange,
              contribute=_contribute)
