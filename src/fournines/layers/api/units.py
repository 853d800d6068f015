"""The systemd unit of a service, in place of Debian's.

Debian's units start after a RabbitMQ or MariaDB of the same node. Here those are reached over the network,
and a broker that waits for its peers after a power loss must not hold the APIs back; ordering cannot be
taken away by a drop-in, so the whole unit is written. What Debian sets up for the service otherwise is
kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fournines.artifacts import systemd
from fournines.artifacts.document import Scalar
from fournines.blueprint.files import NodeFile
from fournines.layers.api import settings
from fournines.layers.layer import Site


def path(unit: str) -> str:
    """Where the unit is written."""
    return f"/etc/systemd/system/{unit}"


def unit_file(site: Site, unit: str, user: str, description: str, command: Sequence[Scalar], *,
              mount: str = "") -> NodeFile:
    """A unit that runs ``command`` as ``user`` and never gives up, or that Pacemaker starts, restarts and
    counts: then systemd does neither that nor a start at boot. Where ``mount`` is given, it starts only once
    something is mounted there."""
    is_active_passive = settings.is_active_passive(site.cluster)
    wants: Mapping[str, Scalar] = {
        "Description": f"{description} (written by Fournines)",
        "After": "network-online.target",
        "Wants": "network-online.target",
        # Its database may be away for hours; it has to be back when that is.
        "StartLimitIntervalSec": 0,
    }
    document = systemd.document({
        "Unit": wants,
        "Service": {
            "Type": "simple",
            "User": user,
            "Group": user,
            "WorkingDirectory": "~",
            "RuntimeDirectory": f"{user} lock/{user}",
            "CacheDirectory": user,
            **({"ExecStartPre": systemd.command(("/usr/bin/mountpoint", "-q", mount))} if mount else {}),
            "ExecStart": systemd.command(command),
            **({} if is_active_passive else {"Restart": "always",
                                             "RestartSec": site.timers.seconds("systemd.restart_delay")}),
            "LimitNOFILE": 65535,
            "TimeoutStopSec": 15,
        },
        **({} if is_active_passive else {"Install": {"WantedBy": "multi-user.target"}}),
    })
    return NodeFile(path(unit), systemd.emit(document).encode())
