"""The files of the images layer: glusterd's configuration, the unit of the mount, the node script."""

from __future__ import annotations

import json
from importlib import resources

from fournines.artifacts import systemd
from fournines.artifacts.document import notice, writable
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.cluster.topology import Cluster, Node
from fournines.layers.images.spec import ImagesSpec
from fournines.layers.layer import Site

VOLUME, MOUNT, OWNER = "images", "/var/lib/glance/images", "glance"
COPIES = 3
GLUSTERD_FILE = "/etc/glusterfs/glusterd.vol"
GLUSTERD_UNIT, MOUNT_UNIT = "glusterd.service", "fournines-images.service"
GLUSTERD_DROP_IN = f"/etc/systemd/system/{GLUSTERD_UNIT}.d/fournines.conf"
SCRIPT = "/usr/lib/fournines/images_volume.py"
SETTINGS_FILE = "/etc/fournines/images.json"
PORTS = (49152, 49251)   # of the copies; below 49152 the kernel gives ports to anybody


def copies(cluster: Cluster) -> tuple[Node, ...]:
    """The nodes that keep a copy; further controllers only mount the volume."""
    return cluster.controllers[:COPIES]


def brick(spec: ImagesSpec) -> str:
    """A directory inside the file system, not its root: where that is not mounted, there is no brick."""
    return f"{spec.brick}/brick"


def directories(spec: ImagesSpec) -> tuple[NodeDirectory, ...]:
    """On a node that keeps a copy."""
    return (NodeDirectory(spec.brick, 0o750),)


def files(site: Site, spec: ImagesSpec, node: Node) -> tuple[NodeFile, ...]:
    """Everything that the layer writes on one controller."""
    scripts = resources.files("fournines.layers.images.node")
    settings = {"volume": VOLUME, "mount": MOUNT, "owner": OWNER, "brick": brick(spec)}
    return (
        NodeFile(GLUSTERD_FILE, glusterd(node).encode()),
        NodeFile(GLUSTERD_DROP_IN, systemd.emit(glusterd_drop_in(site, spec)).encode()),
        NodeFile(f"/etc/systemd/system/{MOUNT_UNIT}", systemd.emit(mount_unit(site, node)).encode()),
        NodeFile(SETTINGS_FILE, (json.dumps(settings, indent=1) + "\n").encode()),
        NodeFile(SCRIPT, scripts.joinpath("images_volume.py").read_bytes(), mode=0o755))


def glusterd(node: Node) -> str:
    """glusterd.vol: management and copies on the replication network only."""
    options = {
        "working-directory": "/var/lib/glusterd",
        "transport-type": "socket",
        "transport.socket.keepalive-time": "10",
        "transport.socket.keepalive-interval": "2",
        "transport.socket.read-fail-log": "off",
        "transport.socket.listen-port": "24007",
        "transport.socket.bind-address": str(node.replication),
        "ping-timeout": "0",
        "event-threads": "1",
        "base-port": str(PORTS[0]),
        "max-port": str(PORTS[1]),
    }
    lines = [f"    option {name} {writable(value, GLUSTERD_FILE, refuse=' #')}\n"
             for name, value in options.items()]
    return notice() + "volume management\n    type mgmt/glusterd\n" + "".join(lines) + "end-volume\n"


def volume_options(site: Site) -> dict[str, str]:
    """``gluster volume set``: name to value, as glusterd stores them."""
    return {
        # Reads and writes stand still for this long when a copy vanishes without a word.
        "network.ping-timeout": f"{max(1, round(site.timers.seconds('images.ping_timeout')))}",
        # More than half of the copies, or the client only reads: two halves can never both be written.
        "cluster.quorum-type": "auto",
        # What Glance has closed, and then calls an image, is on the copies and not on its way to them.
        "performance.flush-behind": "off",
        "auth.allow": ",".join(str(node.replication) for node in site.cluster.controllers),
    }


def glusterd_drop_in(site: Site, spec: ImagesSpec) -> systemd.Document:
    """The package's unit gives up after six attempts; this one goes on. It must not wait for
    network-online.target: the package puts glusterd before it, and systemd breaks such a circle by leaving
    one of the two out, so that glusterd was missing after some boots."""
    return systemd.document({
        "Unit": {"StartLimitIntervalSec": 0, "RequiresMountsFor": spec.brick},
        "Service": {"Restart": "on-failure", "RestartSec": site.timers.seconds("systemd.restart_delay")}})


def mount_unit(site: Site, node: Node) -> systemd.Document:
    """A service and not a .mount unit, because that is never tried again. Any node can tell the client what
    the volume looks like; its own is asked first."""
    others = [each for each in copies(site.cluster) if each != node]
    servers = [node, *others] if node in copies(site.cluster) else others
    client = ["/usr/sbin/glusterfs", "--no-daemon", "--process-name", "fuse",
              *(f"--volfile-server={each.replication}" for each in servers), f"--volfile-id=/{VOLUME}", MOUNT]
    before = ["network-online.target", GLUSTERD_UNIT]
    return systemd.document({
        "Unit": {"Description": "The images of the cluster, the same on every node",
                 "Wants": before, "After": before,
                 "Before": "glance-api.service", "StartLimitIntervalSec": 0},
        "Service": {
            "ExecStartPre": systemd.command(["/usr/bin/python3", SCRIPT, "prepare"]),
            "ExecStart": systemd.command(client),
            "ExecStartPost": systemd.command(["/usr/bin/python3", SCRIPT, "ready"]),
            "ExecStopPost": systemd.command(["/usr/bin/python3", SCRIPT, "prepare"]),
            "Restart": "always",
            "RestartSec": site.timers.seconds("systemd.restart_delay"),
        },
        "Install": {"WantedBy": "multi-user.target"}})
