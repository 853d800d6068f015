"""The files of memcached on each controller."""

from __future__ import annotations

from importlib.resources import files as package_files

from fournines.artifacts import systemd
from fournines.blueprint.files import NodeFile
from fournines.cluster.topology import Node
from fournines.layers.cache.spec import CacheSpec
from fournines.layers.layer import Site

PORT = 11211
UNIT = "memcached.service"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/fournines.conf"
STATS_SCRIPT = "/usr/lib/fournines/cache_stats"


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """The unit's command, in place of the wrapper that reads /etc/memcached.conf; the script of the probe."""
    script = (package_files("fournines.layers.cache") / "node" / "cache_stats").read_bytes()
    return (NodeFile(DROP_IN, systemd.emit(_drop_in(site, node)).encode()),
            NodeFile(STATS_SCRIPT, script, 0o755))


def _drop_in(site: Site, node: Node) -> systemd.Document:
    """TCP on the management address and nothing else: over UDP a memcached can be made to flood others."""
    spec = site.cluster.spec(CacheSpec) or CacheSpec()
    command = ("/usr/bin/memcached", "-u", "memcache", "-l", node.management, "-p", PORT, "-U", 0,
               "-m", spec.memory_mb, "-c", spec.connections)
    return systemd.document({
        "Unit": {"After": "network-online.target", "Wants": "network-online.target",
                 "StartLimitIntervalSec": 0},
        "Service": {"ExecStart": ["", systemd.command(command)],
                    "RestartSec": site.timers.seconds("systemd.restart_delay")},
    })
