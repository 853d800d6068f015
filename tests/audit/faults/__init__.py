"""The planted faults of all rules, in files by system."""

from . import corosync, databases, haproxy, keepalived, messaging, others, services

FAULTS = (*haproxy.FAULTS, *keepalived.FAULTS, *databases.FAULTS, *messaging.FAULTS, *corosync.FAULTS,
          *services.FAULTS, *others.FAULTS)
