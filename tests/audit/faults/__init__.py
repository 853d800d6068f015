"""The planted faults of all rules, in files by system."""

from . import (
    active_passive,
    certificates,
    corosync,
    databases,
    drbd,
    haproxy,
    keepalived,
    messaging,
    others,
    pacemaker,
    recovery,
    scripts,
    services,
    state,
)

FAULTS = (*haproxy.FAULTS, *keepalived.FAULTS, *databases.FAULTS, *messaging.FAULTS, *corosync.FAULTS,
          *services.FAULTS, *pacemaker.FAULTS, *active_passive.FAULTS, *drbd.FAULTS, *scripts.FAULTS,
          *others.FAULTS, *recovery.FAULTS, *state.FAULTS, *certificates.FAULTS)
