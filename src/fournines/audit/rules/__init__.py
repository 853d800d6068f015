"""The rules, one function each, in files by system. Importing this package registers them all.

A new rule is a function below ``@rule`` in one of these files, with a planted fault in tests/audit.
"""

from fournines.audit.rules import (
    active_passive,
    addresses,
    boot,
    capacity,
    certificates,
    clocks,
    constraints,
    corosync,
    drbd,
    fencing,
    files,
    galera,
    haproxy_listeners,
    haproxy_servers,
    keepalived,
    memcached,
    mounts,
    operations,
    options,
    pacemaker,
    projects,
    quorum,
    rabbitmq,
    recovery,
    scripts,
    secrets,
    services,
    shared_secrets,
    state,
    timers,
    wsgi,
)

__all__ = ["active_passive", "addresses", "boot", "capacity", "certificates", "clocks", "constraints",
           "corosync", "drbd", "fencing", "files", "galera", "haproxy_listeners", "haproxy_servers",
           "keepalived", "memcached", "mounts", "operations", "options", "pacemaker", "projects", "quorum",
           "rabbitmq", "recovery", "scripts", "secrets", "services", "shared_secrets", "state", "timers",
           "wsgi"]
