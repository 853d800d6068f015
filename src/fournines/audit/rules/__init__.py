"""The rules, one function each, in files by system. Importing this package registers them all.

A new rule is a function below ``@rule`` in one of these files, with a planted fault in tests/audit.
"""

from fournines.audit.rules import (
    addresses,
    corosync,
    files,
    galera,
    haproxy_listeners,
    haproxy_servers,
    keepalived,
    memcached,
    projects,
    quorum,
    rabbitmq,
    secrets,
    services,
    timers,
)

__all__ = ["addresses", "corosync", "files", "galera", "haproxy_listeners", "haproxy_servers", "keepalived",
           "memcached", "projects", "quorum", "rabbitmq", "secrets", "services", "timers"]
