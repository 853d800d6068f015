"""The files of HAProxy and Keepalived on each controller."""

from __future__ import annotations

from importlib.resources import files as package_files

from fournines.artifacts import haproxy, keepalived, systemd
from fournines.blueprint.files import NodeFile
from fournines.cluster.topology import Node
from fournines.layers.layer import Site
from fournines.layers.loadbalancer import haproxy_config, keepalived_config

HAPROXY_UNIT, KEEPALIVED_UNIT = "haproxy.service", "keepalived.service"
HAPROXY, KEEPALIVED = "/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf"
HAPROXY_DROP_IN = f"/etc/systemd/system/{HAPROXY_UNIT}.d/fournines.conf"
KEEPALIVED_DROP_IN = f"/etc/systemd/system/{KEEPALIVED_UNIT}.d/fournines.conf"
ADDRESSES_SCRIPT = "/usr/lib/fournines/vip_addresses.py"
HAPROXY_FILES = (HAPROXY, HAPROXY_DROP_IN)
KEEPALIVED_FILES = (KEEPALIVED, KEEPALIVED_DROP_IN)

_KEEPALIVED = "/usr/sbin/keepalived"
_STOP_S = 5


def haproxy_text(site: Site, node: Node) -> str:
    """haproxy.cfg of ``node``."""
    return haproxy.emit(haproxy_config.document(site, node))


def keepalived_text(site: Site, node: Node) -> str:
    """keepalived.conf of ``node``."""
    return keepalived.emit(keepalived_config.document(site, node))


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """Everything that HAProxy and Keepalived on ``node`` read and run."""
    scripts = {ADDRESSES_SCRIPT: "vip_addresses.py", keepalived_config.ALIVE_SCRIPT: "haproxy_alive",
               keepalived_config.STATE_SCRIPT: "vrrp_state"}
    return (
        NodeFile(HAPROXY, haproxy_text(site, node).encode()),
        NodeFile(HAPROXY_DROP_IN, systemd.emit(_haproxy_drop_in()).encode()),
        NodeFile(KEEPALIVED, keepalived_text(site, node).encode()),
        NodeFile(KEEPALIVED_DROP_IN, systemd.emit(_keepalived_drop_in(site, node)).encode()),
        *(NodeFile(path, _shipped(name), 0o755) for path, name in scripts.items()),
    )


def prepare_command(site: Site, node: Node) -> tuple[str, ...]:
    """Notes on the node the interfaces that keepalived.conf includes."""
    networks = dict.fromkeys(vip.network for vip in keepalived_config.vips_of(site, node))
    return (ADDRESSES_SCRIPT, "prepare", *(f"{network}={node.addresses[network]}" for network in networks))


def try_keepalived_command(path: str) -> tuple[str, ...]:
    """Ends with 0 where Keepalived accepts the file, and with 5 where not.

    In a test, Keepalived 2.2.7 takes itself for a child that has lost its parent unless that has number 0,
    and ends itself by SIGTERM whatever the file holds. In a process namespace of its own it has.
    """
    return ("/usr/bin/unshare", "--pid", "--fork", _KEEPALIVED, "--config-test", f"--use-file={path}")


def _shipped(name: str) -> bytes:
    return (package_files("fournines.layers.loadbalancer") / "node" / name).read_bytes()


def _haproxy_drop_in() -> systemd.Document:
    """Debian's unit restarts HAProxy whatever it died of, and reloads only what ``haproxy -c`` accepts."""
    return systemd.document({
        "Unit": {"StartLimitIntervalSec": 0},
        # Every client goes through it: it must be asked last when memory or processors run short.
        "Service": {"Nice": -10, "OOMScoreAdjust": -500},
    })


def _keepalived_drop_in(site: Site, node: Node) -> systemd.Document:
    """However Keepalived ends, also by ``kill -9``, its VIPs are gone before another node takes them.

    One child is enough (``--vrrp``), and when it dies everything ends (``--dont-respawn``): systemd then
    takes the addresses away and starts afresh, where a new child would know nothing of the old one's. Who
    hangs runs no check of HAProxy any more, which is what tells systemd that it lives (``haproxy_alive``).
    """
    vips = [str(vip.address) for vip in keepalived_config.vips_of(site, node)]
    release = systemd.command((ADDRESSES_SCRIPT, "release", *vips))
    return systemd.document({
        "Unit": {"StartLimitIntervalSec": 0},
        "Service": {
            "ExecStartPre": [release, systemd.command(prepare_command(site, node))],
            "ExecStart": ["", systemd.command((_KEEPALIVED, "--dont-fork", "--dont-respawn", "--vrrp"))],
            "ExecReload": ["", systemd.command(try_keepalived_command(KEEPALIVED)),
                           "/bin/kill -HUP $MAINPID"],
            "ExecStopPost": release,
            "NotifyAccess": "all",
            "WatchdogSec": site.timers.seconds("vrrp.watchdog"),
            "WatchdogSignal": "SIGKILL",   # whoever stands still hears no other
            "Restart": "always",
            "RestartSec": site.timers.seconds("systemd.restart_delay"),
            "TimeoutStopSec": _STOP_S,
            "Nice": -20,   # where the kernel refuses it real-time scheduling
            "OOMScoreAdjust": -500,
        },
    })
