"""Pattern active-passive: one RabbitMQ where its volume is, with its address, as a group of Pacemaker's."""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange, SecretKind, SecretNeed
from fournines.blueprint.volumes import Volume, how_to_write, volume_named
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError
from fournines.findings import Finding, Severity
from fournines.layers.layer import Site
from fournines.layers.messaging.accounts import DRILL_ACCOUNT
from fournines.layers.messaging.active_passive import artifacts, health, procedures, resources
from fournines.layers.messaging.artifacts import COOKIE_SECRET, DATADIR
from fournines.layers.messaging.spec import MessagingSpec

PACKAGES = ("rabbitmq-server", "erlang-base")


def exchange(cluster: Cluster, timers: Timers, spec: MessagingSpec) -> Exchange:
    """Its group. Raises ClusterFileError where it has no volume."""
    return Exchange(
        secrets=(SecretNeed(COOKIE_SECRET, SecretKind.ERLANG_COOKIE),
                 SecretNeed(DRILL_ACCOUNT.secret, SecretKind.PASSWORD)),
        resources=resources.resources(cluster, timers, spec, volume_of(cluster, spec)),
        before_resources=procedures.BEFORE_RESOURCES,
        before_service_resources=(procedures.RESTART,))


def contribute(site: Site, spec: MessagingSpec) -> Contribution:
    """The same on both nodes; Pacemaker chooses."""
    volume, nodes = volume_of(site.cluster, spec), site.controllers
    files = dict.fromkeys(nodes, artifacts.files(site, spec))
    return Contribution(
        packages=dict.fromkeys(nodes, PACKAGES),
        directories=dict.fromkeys(nodes, artifacts.DIRECTORIES),
        files=files,
        services=procedures.services(nodes),
        steps=procedures.steps(nodes),
        probes=health.probes(nodes, files),
        invariants=health.invariants(site),
        seats=health.seats(nodes),
        members=(health.membership(volume, nodes),))


def volume_of(cluster: Cluster, spec: MessagingSpec) -> Volume:
    """Where the messages are. Raises ClusterFileError where there is no such volume, or it belongs
    elsewhere."""
    volume = volume_named(cluster, spec.volume)
    if volume is None:
        raise _wrong(f"the broker's volume is {spec.volume}, and there is no such volume",
                     how_to_write(spec.volume, DATADIR))
    if volume.mount != DATADIR:
        raise _wrong(f"volume {volume.name} is mounted at {volume.mount}, where RabbitMQ keeps no messages",
                     f"write mount: {DATADIR}")
    return volume


def _wrong(what: str, instead: str) -> ClusterFileError:
    return ClusterFileError([Finding(Severity.ERROR, what, instead, where="layers.messaging")])
