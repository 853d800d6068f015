"""What starts at boot beside Pacemaker, which starts it too."""

from __future__ import annotations

import re

from fournines.audit.cloud import Cloud, Enabled
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.pacemaker import clusters
from fournines.audit.systems.resources import Primitive
from fournines.findings import Severity

_UNITS = {
    "mysql": ("mysql", "mysqld", "mariadb"), "mariadb": ("mysql", "mysqld", "mariadb"),
    "galera": ("mysql", "mysqld", "mariadb"), "pgsql": ("postgresql",), "drbd": ("drbd",),
    "rabbitmq-server": ("rabbitmq-server",), "rabbitmq-cluster": ("rabbitmq-server",),
    "rabbitmq-server-ha": ("rabbitmq-server",), "haproxy": ("haproxy",), "apache": ("apache2", "httpd"),
    "nginx": ("nginx",), "redis": ("redis", "redis-server"), "named": ("named", "bind9"),
    "nfsserver": ("nfs-server", "nfs-kernel-server"), "dovecot": ("dovecot",), "squid": ("squid",),
}
"""Agents of ocf:heartbeat and others, and the units whose daemon they run."""

_BY_NAME = ("systemd:", "service:", "lsb:", "upstart:")
_LINK = re.compile(r".*/(?P<name>[^/]+)\.service")


@rule("PCM022", Severity.ERROR, Effect.DATA, "A service of the cluster that starts at boot",
      consequence="A node that boots runs it beside the one that has it; Pacemaker then stops both.",
      fix="systemctl disable NAME on all nodes; Pacemaker starts it",
      source="Pacemaker Explained, resources: they must not be started at boot")
def started_twice(cloud: Cloud) -> Hits:
    managed = {unit: each for cluster in clusters(cloud) for each in cluster.primitives
               for unit in _units(each)}
    for file, _ in cloud.documents(Enabled) if managed else ():
        match = _LINK.fullmatch(file.path)
        primitive = managed.get(match["name"]) if match else None
        if primitive is not None:
            yield Hit(file.at(), f"{file.node} starts it at boot, and Pacemaker as {primitive.id}")


def _units(primitive: Primitive) -> tuple[str, ...]:
    if primitive.agent.startswith(_BY_NAME):
        return (primitive.type.removesuffix(".service"),)
    if primitive.agent.startswith("ocf:openstack:"):
        return primitive.type, f"openstack-{primitive.type}"
    return _UNITS.get(primitive.type, ()) if primitive.agent.startswith("ocf:") else ()
