"""Pacemaker's unit: after the loss of its node it lets the others recover first, see node/rejoin.py."""

from __future__ import annotations

import json

from fournines.artifacts import systemd
from fournines.blueprint.files import NodeFile
from fournines.blueprint.requests import NODE_PYTHON
from fournines.layers.layer import Site
from fournines.layers.membership import units

SCRIPT, SETTINGS = "/usr/lib/fournines/rejoin.py", "/etc/fournines/rejoin.json"
RUNS_SINCE = "/var/lib/fournines/pacemaker-boot"   # the script writes it


def files(site: Site) -> tuple[NodeFile, ...]:
    """The script and what it is told."""
    return (NodeFile(SCRIPT, units.shipped("rejoin.py"), 0o755),
            NodeFile(SETTINGS, (json.dumps(_settings(site), indent=1) + "\n").encode()))


def pacemaker(site: Site) -> bytes:
    """The drop-in."""
    return units.restarted(site, service={
        # - : whatever becomes of the wait, Pacemaker starts.
        "ExecStartPre": "-" + systemd.command(["/usr/bin/env", *NODE_PYTHON, SCRIPT, "wait"]),
        "ExecStopPost": "-" + systemd.command(["/bin/rm", "-f", RUNS_SINCE]),
        # It has no end before there is quorum; Pacemaker itself is there at once.
        "TimeoutStartSec": "infinity",
    })


def _settings(site: Site) -> dict[str, object]:
    seconds = site.timers.seconds
    return {"answers": [[each.address, each.port] for each in site.exchange.endpoints],
            "limit_s": seconds("pacemaker.rejoin_limit"),
            # As long as the members may take to see one another.
            "hold_s": round(seconds("corosync.token") + seconds("corosync.consensus"), 3)}
