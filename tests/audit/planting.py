"""Planted faults: minimal files in which a rule fires, with the lines marked, and minimal ones where it must
not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fournines.audit.cloud import Cloud
from fournines.audit.formats import read
from fournines.audit.judge import judge
from fournines.audit.rule import RULES
from fournines.audit.sleeping import awake

MARK = "  <--"
WHOLE = "<--\n"
READ_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""When all of them were read."""

PATHS = {
    "haproxy": "/etc/haproxy/haproxy.cfg", "keepalived": "/etc/keepalived/keepalived.conf",
    "corosync": "/etc/corosync/corosync.conf", "my.cnf": "/etc/mysql/my.cnf",
    "mariadb.cnf": "/etc/mysql/mariadb.cnf",
    "galera.cnf": "/etc/mysql/mariadb.conf.d/60-galera.cnf",
    "rabbitmq": "/etc/rabbitmq/rabbitmq.conf",
    "advanced": "/etc/rabbitmq/advanced.config", "rabbitmq-env": "/etc/rabbitmq/rabbitmq-env.conf",
    "definitions": "/etc/rabbitmq/definitions.json", "memcached": "/etc/memcached.conf",
    "memcached-unit": "/etc/systemd/system/memcached.service.d/a.conf", "sysctl": "/etc/sysctl.d/90-a.conf",
    "keystone": "/etc/keystone/keystone.conf", "glance": "/etc/glance/glance-api.conf",
    "nova": "/etc/nova/nova.conf", "neutron": "/etc/neutron/neutron.conf",
    "cinder": "/etc/cinder/cinder.conf",
    "heat": "/etc/heat/heat.conf", "crm": "/etc/pacemaker/cluster.crm",
    "cib": "/var/lib/pacemaker/cib/cib.xml", "drbd": "/etc/drbd.d/r.res", "script": "/root/setup.sh",
    "sql": "/root/accounts.sql", "paste": "/etc/nova/api-paste.ini",
    "neutron-uwsgi": "/etc/neutron/neutron-api-uwsgi.ini", "own-uwsgi": "/etc/neutron/api-uwsgi.ini",
    "fstab": "/etc/fstab", "chrony": "/etc/chrony/chrony.conf",
    "chrony-source": "/etc/chrony/sources.d/a.sources", "cookie": "/var/lib/rabbitmq/.erlang.cookie",
    "fernet-0": "/etc/keystone/fernet-keys/0", "fernet-1": "/etc/keystone/fernet-keys/1",
    "fernet-2": "/etc/keystone/fernet-keys/2",
    "wants-nginx": "/etc/systemd/system/multi-user.target.wants/nginx.service",
    "wants-mariadb": "/etc/systemd/system/multi-user.target.wants/mariadb.service",
    "crm_mon": "/crm_mon.xml", "drbd-proc": "/proc/drbd",
    "drbd-status": "/drbdsetup-status.json", "wsrep": "/wsrep-status.txt", "units": "/systemd-units.txt",
    "horizon": "/etc/openstack-dashboard/local_settings.py",
    "haproxy-pem": "/etc/haproxy/tls/api.pem", "broker-pem": "/etc/rabbitmq/tls/broker.pem",
    "mysql-pem": "/etc/mysql/tls/server.pem", "nova-pem": "/etc/nova/tls.crt",
}


@dataclass(frozen=True)
class Fault:
    """For one rule: names of files (``haproxy``, or ``ctl2 haproxy``) to texts. ``<--`` ends each line at
    which the rule is to fire; at the very beginning of a text it means the file as a whole."""

    rule: str
    broken: Mapping[str, str]
    right: Mapping[str, str]


def cloud(texts: Mapping[str, str], mode: int | None = None) -> Cloud:
    """A cloud of these files; the node is ctl1 where none is named."""
    files = []
    for name, text in texts.items():
        node, _, kind = name.rpartition(" ")
        file = read(node or "ctl1", PATHS[kind], shown(name), text.encode(), mode)
        assert file is not None, f"{PATHS[kind]} is not audited"
        files.append(file)
    return awake(Cloud(tuple(files), read_at=READ_AT))


def shown(name: str) -> str:
    """How a finding names the file."""
    node, _, kind = name.rpartition(" ")
    return (node or "ctl1") + PATHS[kind]


def unmarked(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text.removeprefix(WHOLE).replace(MARK, "") for name, text in texts.items()}


def marked(texts: Mapping[str, str]) -> set[tuple[str, int]]:
    """(name of the file, line) of every mark."""
    lines = {(name, number) for name, text in texts.items()
             for number, line in enumerate(text.removeprefix(WHOLE).split("\n"), 1) if line.endswith(MARK)}
    return lines | {(name, 0) for name, text in texts.items() if text.startswith(WHOLE)}


def fired(rule: str, texts: Mapping[str, str], mode: int | None = None) -> set[tuple[str, int]]:
    """(name of the file, line) of everything that the rule finds."""
    names = {shown(name): name for name in texts}
    found = judge(cloud(texts, mode), [RULES[rule]]).open
    return {(names[verdict.place.file], verdict.place.line) for verdict in found}
